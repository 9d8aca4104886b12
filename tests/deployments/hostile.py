"""A backend of our own, shaped like vLLM's process tree and speaking enough of its API, in many moods.

    python hostile.py --mode MOOD --port N --name SERVED [--workers 2]

api (HTTP server) → core → workers. Moods: polite, stubborn (workers and core ignore SIGTERM), newsession (workers in
sessions of their own, ignoring SIGTERM), naked (as newsession, and without parent, environment and the
rights of root), deaf (nobody heeds SIGTERM), never-ready (opens no port, says nothing),
mute (healthy, but a generation hangs), failing (healthy, but every request is a 500 that its log explains),
breaking (as failing, and ends after the first), refusing (healthy, but a generation is a 404), no-template (chat is a 400,
completions work), dies-early (explains itself and ends with 1), dies-late (ends some time after it was ready),
flood (writes without end), exits-clean (ends with 0 some time after it was ready), sick (health fails after a while), wedged (after a while its
metrics show a request that gets no token; health answers), slow (the same, but now and then a token), babbling (says
the same phase of its start again and again, and never gets ready), phases (says the phases of vLLM's start, each once
the one before was seen: its name is a line of the file `--seen`),
small-cache (ends as vLLM does when the context is longer than 1024).
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

FITS = 1024
DEAF = {
    "stubborn": {"core", "worker"},
    "newsession": {"worker"},
    "naked": {"worker"},
    "deaf": {"api", "core", "worker"},
}

# An answer of Anthropic's API, as it is streamed.
MESSAGE: list[dict[str, object]] = [
    {
        "type": "message_start",
        "message": {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "tiny",
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": 1, "output_tokens": 1},
        },
    },
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "onetwothree"}},
    {"type": "content_block_stop", "index": 0},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn", "stop_sequence": None},
        "usage": {"output_tokens": 3},
    },
    {"type": "message_stop"},
]
ANSWERS = {
    "/v1/embeddings": {"data": [{"embedding": [0.1]}]},
    "/v1/audio/transcriptions": {"text": ""},
    "/v1/images/generations": {"data": [{"b64_json": "iVBORw0KGgo="}]},
    "/score": {"data": [{"score": 0.1}]},
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--mode", default="polite")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--name", default="demo")
    parser.add_argument("--uds", default="")
    parser.add_argument("--role", default="api")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--max-model-len", type=int, default=0)
    parser.add_argument("--takes", type=int, default=0)
    parser.add_argument("--lasts", type=float, default=0.3)
    parser.add_argument("--seen", type=Path)
    parser.add_argument("--fit", default="off")
    play(parser.parse_args())


def play(options: argparse.Namespace) -> None:
    deaf = options.role in DEAF.get(options.mode, ())
    signal.signal(signal.SIGTERM, signal.SIG_IGN if deaf else signal.SIG_DFL)
    {"api": api, "core": core, "worker": worker}[options.role](options)


def say(text: str) -> None:
    if "never-ready" in sys.argv:
        return
    with contextlib.suppress(OSError):  # like logging: a broken pipe is swallowed
        os.write(1, f"{text}\n".encode())


def child(options: argparse.Namespace, role: str, *, new_session: bool = False) -> int:
    """The pid of a process in a role of its own; as a fork, for most tests start some."""
    if pid := os.fork():
        return pid
    try:
        if new_session:
            os.setsid()
        play(argparse.Namespace(**{**vars(options), "role": role}))
    finally:
        os._exit(1)


def end_child(pid: int) -> None:
    os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + 1
    while os.waitpid(pid, os.WNOHANG) == (0, 0) and time.monotonic() < until:
        time.sleep(0.01)


def naked_worker() -> int:
    """A worker that has no trace of where it came from: no environment, no parent, a session of its own."""
    argv = [sys.executable, "-S", __file__, "--role", "worker", "--mode", "naked"]
    if (pid := os.fork()) == 0:
        subprocess.Popen(argv, start_new_session=True, env={})
        os._exit(0)
    return pid


def worker(options: argparse.Namespace) -> None:
    if options.mode == "naked":
        with contextlib.suppress(OSError):
            os.setuid(65534)
    while True:
        time.sleep(0.5)
        say(f"INFO worker {os.getpid()}")


def core(options: argparse.Namespace) -> None:
    new_session = options.mode == "newsession"
    workers = [
        naked_worker() if options.mode == "naked" else child(options, "worker", new_session=new_session)
        for _ in range(options.workers)
    ]

    def end(*_: object) -> None:
        for one in workers:
            os.kill(one, signal.SIGTERM)
        os._exit(0)

    if "core" not in DEAF.get(options.mode, ()):
        signal.signal(signal.SIGTERM, end)
    while True:
        time.sleep(0.5)
        say(f"INFO core {os.getpid()}")


def api(options: argparse.Namespace) -> None:
    if options.mode == "dies-early":
        say("Traceback (most recent call last):")
        say("RuntimeError: the hostile backend does not want to")
        sys.exit(1)
    if options.mode == "small-cache" and options.max_model_len > FITS:
        say(
            f"ValueError: To serve at least one request with the models's max seq len ({options.max_model_len}), "
            "(0.5 GiB KV cache is needed, which is larger than the available KV cache memory (0.1 GiB). Based on the "
            f"available memory, the estimated maximum model length is {FITS}. Try increasing `gpu_memory_utilization`"
        )
        sys.exit(1)
    if options.mode == "too-many-layers":
        lay_out(options)
    mind = child(options, "core")
    if options.takes:
        take_memory(options.takes, mind)

    def end(*_: object) -> None:
        end_child(mind)
        os._exit(0)

    if "api" not in DEAF.get(options.mode, ()):
        signal.signal(signal.SIGTERM, end)
    time.sleep(options.delay)
    if options.mode == "never-ready":
        while True:
            time.sleep(1)
    speak(options)
    if options.mode == "flood":
        threading.Thread(target=flood, daemon=True).start()
    serve(options, mind)


def take_memory(size: int, pid: int) -> None:
    """Have the core hold memory of a GPU that is a file: lines `PID BYTES`. More than there is, is told and fatal."""
    path, total = os.environ["CUDA_FAKE_LEDGER"], int(os.environ["CUDA_FAKE_TOTAL"])
    with Path(path).open("a+") as ledger:
        fcntl.flock(ledger, fcntl.LOCK_EX)
        ledger.seek(0)
        entries = [line.split() for line in ledger.read().splitlines() if not line.startswith("#")]
        held = sum(int(taken) for owner, taken in entries if lives(int(owner)))
        if held + size > total:
            with Path(f"{path}.overbooked").open("a") as complaint:
                complaint.write(f"{pid} wanted {size}, {total - held} were free\n")
            say("ValueError: Free memory on device cuda:0 is less than desired GPU memory utilization")
            os.kill(pid, signal.SIGKILL)
            sys.exit(1)
        ledger.write(f"{pid} {size}\n")


def give_back(pid: int) -> None:
    """The memory that the core holds, for as long as it sleeps."""
    with Path(os.environ["CUDA_FAKE_LEDGER"]).open("r+") as ledger:
        fcntl.flock(ledger, fcntl.LOCK_EX)
        kept = [line for line in ledger.read().splitlines(keepends=True) if not line.startswith(f"{pid} ")]
        ledger.seek(0)
        ledger.truncate()
        ledger.writelines(kept)


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except OSError:
        return False


def lay_out(options: argparse.Namespace) -> None:
    """In llama.cpp's words: too many layers on the GPU, or, with `--fit on`, two passes of which the last counts."""
    if options.fit == "off":
        say(
            "ggml_backend_cuda_buffer_type_alloc_buffer: allocating 18102.65 MiB on device 0: cudaMalloc failed: out of"
        )
        say("alloc_tensor_range: failed to allocate CUDA0 buffer of size 18982017024")
        sys.exit(1)
    for weights in ("0.00", "1024.00"):
        say(f"load_tensors:        CUDA0 model buffer size =  {weights} MiB")
        say("load_tensors:   CPU_Mapped model buffer size =   281.81 MiB")
    say("llama_kv_cache:      CUDA0 KV buffer size =   512.00 MiB")
    say("sched_reserve:      CUDA0 compute buffer size =   256.00 MiB")


def speak(options: argparse.Namespace) -> None:
    if options.mode == "babbling":
        while True:
            say("Loading safetensors checkpoint shards:  33% Completed | 1/3 [00:01<00:02]\nINFO tick " + "x" * 200)
            time.sleep(0.001)
    if options.mode == "phases":
        say("INFO Starting to load model")
        for shard in (1, 2, 3):
            say(f"Loading safetensors checkpoint shards:  {shard * 33}% Completed | {shard}/3 [00:01<00:00]")
        wait_for("loading weights", options)
        say("INFO torch.compile takes 0.2 s in total")
        wait_for("compiling", options)
        say("INFO Graph capturing finished in 1 secs, took 0.1 GiB")
        wait_for("warming up", options)


def wait_for(phase: str, options: argparse.Namespace) -> None:
    """Whoever polls a start sees no phase that is shorter than a poll; here each lasts until it was seen."""
    while options.seen and phase not in options.seen.read_text().splitlines():
        time.sleep(0.01)


def flood() -> None:
    line = "x" * 150
    while True:
        say("\n".join(f"INFO flood {line}" for _ in range(400)))


def serve(options: argparse.Namespace, mind: int) -> None:  # noqa: C901  one small server, many moods
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    started = time.monotonic()
    asked, asleep = threading.Event(), threading.Event()

    class OverSocket(ThreadingHTTPServer):
        address_family = socket.AF_UNIX

        def server_bind(self) -> None:
            self.socket.bind(str(self.server_address))
            self.server_name, self.server_port = "socket", 0

        def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
            return self.socket.accept()[0], ("socket", 0)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

        def do_GET(self) -> None:
            sick = options.mode == "sick" and asked.is_set() and time.monotonic() - asked.at > options.lasts  # type: ignore[attr-defined]
            if sick:
                self.answer(503, {})
            elif self.path == "/metrics":
                self.metrics()
            elif self.path == "/v1/models":
                self.answer(200, {"data": [{"id": options.name}]})
            else:
                self.answer(200 if self.path == "/health" else 404, {})

        def metrics(self) -> None:
            """Names as vLLM 0.32.0 writes them."""
            busy = options.mode in {"wedged", "slow"} and asked.is_set()
            since = time.monotonic() - asked.at if busy else 0.0  # type: ignore[attr-defined]
            tokens = 3 + (int(since / options.lasts) if options.mode == "slow" else 0)
            labels = '{engine="0",model_name="demo"}'
            text = (
                f"# TYPE vllm:num_requests_running gauge\nvllm:num_requests_running{labels} {float(busy)}\n"
                f"vllm:num_requests_waiting{labels} 0.0\nvllm:generation_tokens_total{labels} {float(tokens)}\n"
            )
            self.send_response(200)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def sleep_or_wake(self) -> None:
            if self.path.startswith("/sleep"):
                give_back(mind)
                asleep.set()
            else:
                take_memory(options.takes, mind)
                asleep.clear()
            self.answer(200, {"status": "asleep" if asleep.is_set() else "awake"})

        def refused(self) -> bool:
            if options.mode in {"failing", "breaking"}:
                say("RuntimeError: Unsupported CPU attention configuration: head_dim=16")
                self.answer(500, {"error": {"message": "EngineCore encountered an issue.", "code": 500}})
                if options.mode == "breaking":
                    os._exit(1)
                return True
            if options.mode == "refusing" or (options.mode == "no-template" and "chat" in self.path):
                self.answer(404 if options.mode == "refusing" else 400, {"error": "no"})
                return True
            return False

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            key = os.environ.get("VLLM_API_KEY")
            if key and self.headers.get("authorization") != f"Bearer {key}":
                self.answer(401, {"error": "Unauthorized"})
                return
            if self.path.startswith(("/sleep", "/wake_up")):
                self.sleep_or_wake()
                return
            if asleep.is_set():
                self.answer(500, {"error": "asked in its sleep"})
                return
            if options.mode == "mute":
                time.sleep(3600)
            wait_for("generating", options)
            if self.refused():
                return
            asked.at = time.monotonic()  # type: ignore[attr-defined]
            asked.set()
            if body.startswith(b"{"):
                say(f"ASKED {body.decode()}")
            if b"too long" in body:
                self.answer(400, {"error": {"message": "This prompt is too long."}})
                return
            if self.path in {"/v1/chat/completions", "/v1/completions"}:
                self.stream(body)
            elif self.path == "/v1/messages?beta=true":
                self.send_response(200)
                self.send_header("content-type", "text/event-stream")
                self.end_headers()
                self.wfile.write("".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in MESSAGE).encode())
            else:
                self.answer(200 if self.path in ANSWERS else 404, ANSWERS.get(self.path, {"error": "not here"}))

        def stream(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.end_headers()
            words = ["", "one", "two", "three"]
            if b"for ever" in body and b"short" not in body:
                words = ["word "] * 10_000
            elif b"escape" in body:
                words = ["\x1b[31mred"]
            with contextlib.suppress(OSError):  # the caller went away
                for word in words:
                    choice = {"delta": {"content": word}} if "chat" in self.path else {"text": word}
                    self.wfile.write(f"data: {json.dumps({'choices': [choice]})}\n\n".encode())
                    self.wfile.flush()
                    time.sleep(0.006)  # a speed is measured
                    time.sleep(0.005)
                usage = json.dumps({"choices": [], "usage": {"prompt_tokens": 2, "completion_tokens": len(words) - 1}})
                self.wfile.write(b'data: {"choices": [{"delta": {}, "text": "", "finish_reason": "stop"}]}\n\n')
                self.wfile.write(f"data: {usage}\n\ndata: [DONE]\n\n".encode())

        def answer(self, status: int, document: object) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    if options.uds:
        server: ThreadingHTTPServer = OverSocket(options.uds, Handler)  # type: ignore[arg-type]
    else:
        server = ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
    server.daemon_threads = True
    say(f"INFO serving on {options.port} after {time.monotonic() - started:.1f} s")
    if options.mode in {"dies-late", "exits-clean"}:
        threading.Thread(
            target=lambda: (asked.wait(), time.sleep(options.lasts), os._exit(options.mode == "dies-late"))
        ).start()
    server.serve_forever(poll_interval=0.05)


if __name__ == "__main__":
    main()
