"""A hub on this machine that speaks the protocols of Hugging Face and of ModelScope, and fails on demand.

As a program it serves the folder `--root` (`OWNER/NAME/…`), for the benchmark.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import socket
import ssl
import struct
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, quote, unquote, urlsplit

COMMIT = "c0ffee" + "0" * 34
GOOD_TOKEN = "hf_good"
LARGE = (".safetensors", ".bin", ".gguf", ".pt", ".pth")
_BLOCK = 1024 * 1024
_TURN_SECONDS = 0.05


@dataclass
class Fault:
    """What goes wrong with a file's bytes, `times` times: `truncate` and `reset` after `after` bytes of the answer,
    `wrong` flips a bit at `after`, `stall` says nothing for `seconds`, `no range` ignores the wished-for range, a
    number is answered as status. `headers` go with it.
    """

    kind: str | int
    times: int = 1
    after: int = 0
    seconds: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Repo:
    """`gated`: files are refused without the good token, the list is not, as on the real hub. `private`: all is.
    `xet`: which files have which address in Xet storage. `older`: earlier commits and their files.
    """

    files: dict[str, bytes]
    gated: bool = False
    private: bool = False
    commit: str = COMMIT
    safetensors: dict[str, Any] | None = None
    license: str | None = None
    xet: dict[str, str] = field(default_factory=dict)
    older: dict[str, dict[str, bytes]] = field(default_factory=dict)

    def at(self, revision: str) -> tuple[str, dict[str, bytes]] | None:
        if revision in {"main", "master", self.commit}:
            return self.commit, self.files
        return (revision, self.older[revision]) if revision in self.older else None


class HubServer:
    """`requests` are lines such as `GET /lab/tiny/resolve/…`, `RANGE bytes=5- model.safetensors`; `served` counts the
    bytes that went out per file. `status` answers every request about a repo, `instead` the next ones: status, body,
    headers. `renamed` has older names. `rate` limits each answer, in bytes per second, which come evenly. `cas` is where Xet storage is, in
    hf_xet's own notation.
    """

    renamed: dict[str, str] = {}  # noqa: RUF012  none, unless a server has its own

    def __init__(self, *, rate: float | None = None) -> None:
        self.repos: dict[str, Repo] = {}
        self.faults: dict[str, list[Fault]] = {}
        self.renamed: dict[str, str] = {}
        self.status: dict[str, int] = {}
        self.instead: dict[str, list[tuple[int, bytes, dict[str, str]]]] = {}
        self.requests: list[str] = []
        self.served: Counter[str] = Counter()
        self.rate, self.cas = rate, ""
        self.lock = threading.Lock()
        self.hashes: dict[int, tuple[bytes, str, str]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.hub = self  # type: ignore[attr-defined]
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def spelled(self, name: str) -> str:
        """As the hub writes a repo: letter case is forgiven, and the older name of one that was renamed."""
        name = self.renamed.get(name, name)
        return next((repo for repo in self.repos if repo.lower() == name.lower()), name)

    def secure(self, context: ssl.SSLContext) -> None:
        """Speak TLS, as `localhost`."""
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.endpoint = f"https://localhost:{self._server.server_address[1]}"

    def fault(self, path: str, kind: str | int, **more: Any) -> None:
        self.faults.setdefault(path, []).append(Fault(kind, **more))

    def take_fault(self, path: str) -> Fault | None:
        with self.lock:
            for fault in self.faults.get(path, ()):
                if fault.times > 0:
                    fault.times -= 1
                    return fault
        return None

    def digests(self, content: bytes) -> tuple[str, str]:
        """SHA-256 and git's SHA-1, computed once per object."""
        with self.lock:
            known = self.hashes.get(id(content))
            if known is None or known[0] is not content:
                git = hashlib.sha1(f"blob {len(content)}\0".encode(), usedforsecurity=False)
                git.update(content)
                known = self.hashes[id(content)] = (content, hashlib.sha256(content).hexdigest(), git.hexdigest())
        return known[1], known[2]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        pass

    @property
    def hub(self) -> HubServer:
        return self.server.hub  # type: ignore[attr-defined, no-any-return]

    def do_HEAD(self) -> None:
        self._route()

    def do_GET(self) -> None:
        self._route()

    def _route(self) -> None:
        address = urlsplit(self.path)
        parts = unquote(address.path).strip("/").split("/")
        query = {key: values[0] for key, values in parse_qs(address.query).items()}
        self.hub.requests.append(f"{self.command} /{'/'.join(parts)}")
        if parts[:3] == ["api", "v1", "models"]:
            self._modelscope("/".join(parts[3:5]), parts[5:], query)
        elif parts[:2] == ["api", "models"]:
            self._huggingface("/".join(parts[2:4]), parts[4:])
        elif parts[0] == "cdn":
            self._cdn("/".join(parts[1:3]), parts[3], "/".join(parts[4:]))
        else:
            self._resolve("/".join(parts[:2]), parts[2:])

    def _token(self) -> str | None:
        return (self.headers.get("authorization") or "").removeprefix("Bearer ") or None

    def _repo(self, name: str, *, code_header: bool) -> Repo | None:
        """The repo, or None after a refusal was sent."""
        if self.hub.instead.get(name):
            self._send(*self.hub.instead[name].pop(0))
            return None
        if name in self.hub.status:
            wait = {"Retry-After": "1"} if self.hub.status[name] == 429 else {}
            self._send(self.hub.status[name], b"{}", wait)
            return None
        repo = self.hub.repos.get(self.hub.spelled(name))
        if repo is None or (repo.private and self._token() != GOOD_TOKEN):
            about = {"X-Error-Code": "RepoNotFound"} if code_header else {}
            self._send(404 if not code_header or self._token() else 401, b'{"Message": "no such repo"}', about)
            return None
        return repo

    # Hugging Face

    def _huggingface(self, name: str, rest: list[str]) -> None:
        repo = self._repo(name, code_header=True)
        if repo is None:
            return
        kind, revision = (rest[0], rest[1]) if len(rest) > 1 else ("revision", "main")
        found = repo.at(revision)
        if found is None:
            self._send(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
        elif kind == "tree":
            self._json([self._tree_entry(repo, path, content) for path, content in found[1].items()])
        elif kind == "xet-read-token":
            self._json({"accessToken": "xet", "exp": int(time.time()) + 3600, "casUrl": self.hub.cas})
        else:
            siblings = [{"rfilename": path} for path in found[1]]
            about: dict[str, Any] = {
                "id": self.hub.spelled(name),
                "sha": found[0],
                "siblings": siblings,
                "tags": [],
                "downloads": 0,
            }
            about |= {"gated": "auto" if repo.gated else False}
            about |= {"cardData": {"license": repo.license}} if repo.license else {}
            self._json(about | ({"safetensors": repo.safetensors} if repo.safetensors else {}))

    def _tree_entry(self, repo: Repo, path: str, content: bytes) -> dict[str, Any]:
        sha256, git = self.hub.digests(content)
        entry: dict[str, Any] = {"type": "file", "path": path, "size": len(content), "oid": git}
        if path.endswith(LARGE):
            entry["lfs"] = {"oid": sha256, "size": len(content), "pointerSize": 130}
        return entry | ({"xetHash": repo.xet[path]} if path in repo.xet else {})

    def _resolve(self, name: str, rest: list[str]) -> None:
        repo = self._repo(name, code_header=True)
        if repo is None:
            return
        found = repo.at(rest[1]) if len(rest) > 2 and rest[0] == "resolve" else None
        path = "/".join(rest[2:])
        if found is None:
            self._send(404, b"", {"X-Error-Code": "RevisionNotFound"})
        elif repo.gated and self._token() != GOOD_TOKEN:
            self._send(403 if self._token() else 401, b"", {"X-Error-Code": "GatedRepo"})
        elif path not in found[1]:
            self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
        else:
            self._file_of(name, found[0], path, found[1][path])

    def _file_of(self, name: str, commit: str, path: str, content: bytes) -> None:
        sha256, git = self.hub.digests(content)
        headers = {"X-Repo-Commit": commit, "Accept-Ranges": "bytes"}
        if path.endswith(LARGE):
            headers |= {"X-Linked-Etag": f'"{sha256}"', "X-Linked-Size": str(len(content)), "ETag": f'"{git}"'}
            # An address of its own, as the real hub's: reached without the token.
            port = self.server.server_address[1]
            location = f"http://localhost:{port}/cdn/{name}/{commit}/{quote(path)}?signature=secret"
            self._send(302, b"", headers | {"Location": location})
            return
        self._content(path, content, headers | {"ETag": f'"{git}"'})

    def _cdn(self, name: str, commit: str, path: str) -> None:
        if self._token() is not None:
            self._send(400, b"a token came along")
            return
        found = self.hub.repos[self.hub.spelled(name)].at(commit)
        assert found is not None
        self._content(path, found[1][path], {"Accept-Ranges": "bytes", "ETag": '"of the storage"'})

    # ModelScope

    def _modelscope(self, name: str, rest: list[str], query: Mapping[str, str]) -> None:
        repo = self._repo(name, code_header=False)
        if repo is None:
            return
        revision = query.get("Revision", "master")
        found = repo.at(revision)
        if found is None:
            self._json({"Code": 404, "Message": "no such revision"}, status=404)
        elif rest == ["repo", "files"]:
            files = [self._ms_entry(found[0], path, content) for path, content in found[1].items()]
            self._json({"Code": 200, "Data": {"Files": [*files, {"Path": "folder", "Type": "tree"}]}})
        elif rest == ["repo"] and repo.gated and "m_session_id=" + GOOD_TOKEN not in (self.headers.get("cookie") or ""):
            self._json({"Code": 403, "Message": "this model is gated"}, status=403)
        elif rest == ["repo"] and query["FilePath"] in found[1]:
            self._content(query["FilePath"], found[1][query["FilePath"]], {"Accept-Ranges": "bytes"})
        elif rest == ["repo"]:
            self._json({"Code": 404, "Message": "no such file"}, status=404)
        else:
            self._json({"Code": 200, "Data": {"Path": name, "License": repo.license, "Gated": repo.gated}})

    def _ms_entry(self, commit: str, path: str, content: bytes) -> dict[str, Any]:
        sha256, _ = self.hub.digests(content)
        about = {"Name": Path(path).name, "Type": "blob", "CommittedDate": 1, "Revision": commit}
        return about | {"Path": path, "Size": len(content), "Sha256": sha256}

    # Bytes

    def _content(self, path: str, content: bytes, headers: dict[str, str]) -> None:
        fault = self.hub.take_fault(path) if self.command == "GET" else None
        if fault is not None and isinstance(fault.kind, int):
            self._send(fault.kind, b"{}", fault.headers)
            return
        status, start, end = 200, 0, len(content)
        wanted = self.headers.get("range")
        if wanted and not (fault and fault.kind == "no range"):
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            start, end = int(first), min(int(last) + 1 if last else len(content), len(content))
            self.hub.requests.append(f"RANGE {wanted} {path}")
            if start >= len(content):
                self._send(416, b"", {"Content-Range": f"bytes */{len(content)}"})
                return
            status = 206
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(content)}"
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(end - start))
        self.end_headers()
        if self.command == "GET":
            self._write(path, content, start, end, fault)

    def _write(self, path: str, content: bytes, start: int, end: int, fault: Fault | None) -> None:
        if fault is not None and fault.kind in {"truncate", "reset"}:
            end = min(end, start + fault.after)
        if fault is not None and fault.kind == "wrong":
            place = max(start, min(fault.after, end - 1))
            content = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
        view = memoryview(content)
        began = time.monotonic()
        step = min(_BLOCK, int(self.hub.rate * _TURN_SECONDS)) if self.hub.rate else _BLOCK
        for place in range(start, end, step):
            block = view[place : min(end, place + step)]
            if fault is not None and fault.kind == "stall":
                time.sleep(fault.seconds)
            try:
                self.wfile.write(block)
            except OSError:
                self.close_connection = True
                return
            self.hub.served[path] += len(block)
            if self.hub.rate:
                due = began + (place + len(block) - start) / self.hub.rate
                time.sleep(max(0.0, due - time.monotonic()))
        if fault is not None and fault.kind == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        if fault is not None and fault.kind in {"truncate", "reset"}:
            self.close_connection = True

    def _json(self, document: Any, *, status: int = 200) -> None:
        self._send(status, json.dumps(document).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, content: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def _read_root(root: Path) -> dict[str, Repo]:
    repos = {}
    for folder in (path for path in root.glob("*/*") if path.is_dir()):
        files = {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
        repos[folder.relative_to(root).as_posix()] = Repo(files=files)
    return repos


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--rate", type=float, default=None)
    options = parser.parse_args()
    with HubServer(rate=options.rate) as server:
        server.repos = _read_root(options.root)
        for one in server.repos.values():
            for data in one.files.values():
                server.digests(data)
        print(server.endpoint, flush=True)  # noqa: T201
        threading.Event().wait()
