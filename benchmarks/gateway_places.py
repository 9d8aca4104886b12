"""What `benchmarks.gateway` measures, each started and stopped: an endpoint, our gateway, nginx, LiteLLM."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from modelscan.routing.compiled import GatewayTable, TableMember
from modelscan.routing.gateway_files import gateway_files, write_table
from modelscan.services.files import read_status
from modelscan.storage.keys import ClientKey, change_keys, hash_of
from modelscan.storage.paths import paths_below
from modelscan.system.processes.identity import SUPERVISOR_TAG

KEY = "sk-benchmark-5f1e9c7a3b2d4860"
ANSWER = json.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "hello " * 8}, "finish_reason": "stop"},
        ],
        "usage": {"prompt_tokens": 5, "completion_tokens": 8, "total_tokens": 13},
    }
)
NGINX = """
worker_processes 1; pid {folder}/{name}.pid; error_log {folder}/{name}.err; daemon on; user root;
events {{ worker_connections 8192; }}
http {{ access_log off; keepalive_requests 10000000; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
 fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
 {content} }}
"""
ENDPOINT = (
    "server {{ listen 127.0.0.1:{port}; location / {{ default_type application/json; return 200 '{answer}'; }} }}"
)
UPSTREAM = "upstream u {{ server 127.0.0.1:{to}; keepalive 300; keepalive_requests 10000000; }}"
PROXY = """server {{ listen 127.0.0.1:{port}; location / {{ {more} proxy_pass http://u; proxy_http_version 1.1;
  proxy_set_header Connection ""; proxy_buffering off; }} }}"""
# What of the gateway's work nginx can do too: check a key and take it away, give requests an id, log them.
SAME_WORK = """if ($known = 0) {{ return 401; }} access_log {folder}/access.log line buffer=64k flush=1s;
  proxy_set_header Authorization ""; proxy_set_header X-Request-Id $request_id;
  add_header X-Request-Id $request_id; add_header X-Modelscan-Deployment demo;"""
SAME_WORK_OF_ALL = """map $http_authorization $known {{ default 0; "Bearer {key}" 1; }}
 log_format line '$request_method $uri $status demo $request_length $body_bytes_sent $request_time $request_id b';"""

Place = tuple[int, int]  # a port, and the pid whose tree serves


def endpoint(port: int) -> str:
    return ENDPOINT.format(port=port, answer=ANSWER)


def proxy_to(to: int) -> Callable[[int], str]:
    """The least that nginx can do."""
    return lambda port: UPSTREAM.format(to=to) + PROXY.format(port=port, more="")


def proxy_with_the_same_work(to: int, folder: Path) -> Callable[[int], str]:
    more, for_all = SAME_WORK.format(folder=folder), SAME_WORK_OF_ALL.format(key=KEY)
    return lambda port: UPSTREAM.format(to=to) + for_all + PROXY.format(port=port, more=more)


@contextlib.contextmanager
def nginx(folder: Path, name: str, content: Callable[[int], str]) -> Iterator[Place]:
    port = free_port()
    config = folder / f"{name}.conf"
    config.write_text(NGINX.format(folder=folder, name=name, content=content(port)))
    subprocess.run(["nginx", "-p", str(folder), "-c", str(config)], check=True, stderr=subprocess.DEVNULL)
    master = int((folder / f"{name}.pid").read_text())
    try:
        wait_for(port)
        yield port, master
    finally:
        os.kill(master, signal.SIGTERM)


@contextlib.contextmanager
def gateway(folder: Path, endpoint: int) -> Iterator[Place]:
    """The pid is that of its supervisor, which has the serving process below it and takes its log."""
    home = folder / "home"
    paths = paths_below(home)
    files = gateway_files(paths)
    member = TableMember(
        name="demo", id="demo", model="demo", serves=("demo",), base_url=f"http://127.0.0.1:{endpoint}"
    )
    write_table(files, GatewayTable(members=(member,), names={"demo": ("demo",)}))
    key = ClientKey(name="bench", hash=hash_of(KEY), created_at="2026-11-30T00:00:00Z")
    change_keys(paths.keys_file, lambda _: (key,))
    port = free_port()
    environ = {"PATH": os.environ["PATH"], "HOME": str(home), "MODELSCAN_HOME": str(home), SUPERVISOR_TAG: "gateway"}
    keeper = subprocess.Popen([sys.executable, "-m", "modelscan.gateway", "--port", str(port)], env=environ)
    try:
        while read_status(files).get("supervisor") != keeper.pid:
            time.sleep(0.02)
        yield port, keeper.pid
    finally:
        keeper.send_signal(signal.SIGTERM)
        keeper.wait()


@contextlib.contextmanager
def litellm(program: str, folder: Path, endpoint: int) -> Iterator[Place]:
    port = free_port()
    config = folder / "litellm.json"
    params = {"model": "hosted_vllm/demo", "api_base": f"http://127.0.0.1:{endpoint}/v1", "api_key": "none-needed"}
    config.write_text(json.dumps({"model_list": [{"model_name": "demo", "litellm_params": params}]}))
    environ = os.environ | {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MASTER_KEY": KEY}
    argv = [program, "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(argv, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
    try:
        while True:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/health/liveliness"):
                break
            time.sleep(0.5)
        yield port, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


@contextlib.contextmanager
def fast_endpoint(folder: Path) -> Iterator[Place]:
    """It is nginx with a fixed answer, or a small fake where there is none."""
    if shutil.which("nginx"):
        with nginx(folder, "endpoint", endpoint) as made:
            yield made
    else:
        with fake() as made:
            yield made


@contextlib.contextmanager
def fake() -> Iterator[Place]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.gateway_endpoint", str(port), ANSWER])
    try:
        wait_for(port)
        yield port, process.pid
    finally:
        process.kill()
        process.wait()


def wait_for(port: int) -> None:
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.02)


def tree(pid: int) -> list[int]:
    """It and what is below it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(found for child in children for found in tree(int(child)))]


def cpu(pid: int) -> float:
    """Seconds of a core, of all threads of all its processes."""
    files = [file for item in tree(pid) for file in Path(f"/proc/{item}/task").glob("*/schedstat")]
    return sum(int(file.read_text().split()[0]) for file in files) / 1e9


def resident(pid: int) -> float:
    """MiB of the largest of its processes."""
    sizes = []
    for item in tree(pid):
        lines = Path(f"/proc/{item}/status").read_text().splitlines()
        sizes += [int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:")]
    return max(sizes)


def free_port() -> int:
    with socket.socket() as attempt:
        attempt.bind(("127.0.0.1", 0))
        port: int = attempt.getsockname()[1]
    return port
