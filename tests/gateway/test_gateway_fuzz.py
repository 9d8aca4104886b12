"""Against nginx, in front of the same endpoint: nothing gets through that nginx would not let through."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_upstream import FakeUpstream
from fuzzing import BODY, cases, tried
from gateway_house import House, free_port, member, request, until

NGINX = """
worker_processes 1; pid {folder}/pid; error_log {folder}/err; daemon on; {user}
events {{ worker_connections 1024; }}
http {{ access_log off; client_max_body_size 3m; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
 fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
 large_client_header_buffers 4 64k;
 server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://127.0.0.1:{to}; proxy_http_version 1.1;
  proxy_set_header Connection ""; }} }} }}
"""


@pytest.fixture
def nginx(tmp_path: Path, other: FakeUpstream) -> Iterator[int]:
    """The port of one in front of `other`."""
    program = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if program is None:
        pytest.skip("no nginx here; CI installs it")
    port = free_port()
    user = "user root;" if os.geteuid() == 0 else ""
    config = tmp_path / "nginx.conf"
    config.write_text(NGINX.format(folder=tmp_path, port=port, to=other.port, user=user))
    subprocess.run([program, "-p", str(tmp_path), "-c", str(config)], check=True, stderr=subprocess.DEVNULL)
    yield port
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGTERM)


@pytest.mark.slow
def test_nothing_gets_through_that_nginx_would_not_let_through(
    house: House, upstream: FakeUpstream, other: FakeUpstream, nginx: int
) -> None:
    async def both(data: bytes) -> None:
        await asyncio.gather(tried(house.port, data), tried(nginx, data))

    worse = []
    for data in cases(15, 400):
        upstream.requests.clear()
        other.requests.clear()
        asyncio.run(both(data))
        ours = [item[3] for item in upstream.requests]
        theirs = [item[3] for item in other.requests]
        if ours != theirs[: len(ours)]:
            worse.append((data, ours, theirs))
    assert worse == []
    assert house.chat().status == 200


def test_every_split_of_a_request_is_the_same_request(house: House, upstream: FakeUpstream) -> None:
    whole = request("POST", "/v1/chat/completions", BODY) + request("POST", "/v1/completions", BODY)

    async def split(place: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
        writer.write(whole[:place])
        await writer.drain()
        await asyncio.sleep(0.002)
        writer.write(whole[place:])
        for _ in range(2):
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            size = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
            await reader.readexactly(size)
        writer.close()

    async def all_of_them() -> None:
        for place in range(1, len(whole)):
            await split(place)

    asyncio.run(all_of_them())
    assert [item[3] for item in upstream.requests] == [BODY] * 2 * (len(whole) - 1)


@pytest.mark.slow
def test_no_request_leaves_anything_behind(house: House, upstream: FakeUpstream) -> None:
    """Memory, connections and counts after many requests of every kind; a hundred thousand were tried by hand."""

    async def many(seed: int, count: int) -> None:
        limit = asyncio.Semaphore(16)

        async def one(data: bytes) -> None:
            async with limit:
                await tried(house.port, data, seconds=0.02)

        await asyncio.gather(*(one(data) for data in cases(seed, count)))

    rounds = int(os.environ.get("FUZZ_ROUNDS", "4"))
    asyncio.run(many(0, 2_000))
    before = resident(house.pid)
    for seed in range(1, rounds):
        upstream.requests.clear()
        asyncio.run(many(seed, 2_000))
    assert resident(house.pid) - before < 6_000_000
    until(lambda: 'in_flight{deployment="demo"}' not in house.ask("GET", "/metrics").body.decode(), what="the last one")
    assert "a bug in modelscan" not in house.log()
    assert "Traceback" not in house.log()
    assert house.chat().status == 200


@pytest.mark.slow
def test_a_thousand_streams_at_once(house: House, upstream: FakeUpstream) -> None:
    """Every byte of each is right, and what serves stays small."""
    house.serve(member("demo", upstream.base_url))

    async def one(number: int) -> bool:
        reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
        body = b'{"model": "demo", "stream": true, "n": 10, "gap": 0.1, "id": %d}' % number
        writer.write(request("POST", "/v1/chat/completions", body))
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        got = b""
        while size := int((await reader.readuntil(b"\r\n")).strip(), 16):
            got += (await reader.readexactly(size + 2))[:-2]
        writer.close()
        wanted = b"".join(b'data: {"i": %d, "id": %d}\n\n' % (place, number) for place in range(10))
        return got.startswith(wanted) and got.endswith(b"data: [DONE]\n\n")

    async def all_of_them() -> list[bool]:
        return list(await asyncio.gather(*(one(number) for number in range(1_000))))

    assert asyncio.run(all_of_them()) == [True] * 1_000
    assert resident(house.pid) < 60_000_000


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
