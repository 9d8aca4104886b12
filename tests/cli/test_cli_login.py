"""`login` and `logout` through the real entry point: what is kept where, and where a token never shows."""

from __future__ import annotations

import io
import json
import os
import pty
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from inline_snapshot import snapshot
from tests.cli.conftest import Modelscan, Ran

TOKEN = "hf_planted0secret"
KEYRING = """
import json, os
from keyring.backend import KeyringBackend
class Kept(KeyringBackend):
    priority = 5
    def _all(self):
        path = os.environ["TEST_KEYRING"]
        return json.load(open(path)) if os.path.exists(path) else {}
    def get_password(self, service, username):
        return self._all().get(f"{service}/{username}")
    def set_password(self, service, username, password):
        if os.environ.get("TEST_KEYRING_LOCKED"):
            from keyring.errors import KeyringLocked
            raise KeyringLocked("no")
        json.dump(self._all() | {f"{service}/{username}": password}, open(os.environ["TEST_KEYRING"], "w"))
    def delete_password(self, service, username):
        left = self._all()
        del left[f"{service}/{username}"]
        json.dump(left, open(os.environ["TEST_KEYRING"], "w"))
"""


@dataclass
class Accounts:
    endpoint: str
    status: int = 200
    seen: list[str] = field(default_factory=list)


@pytest.fixture
def accounts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Accounts]:
    """Both hubs' answer to whose token this is."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            known.seen.append(f"{self.path} {self.headers.get('authorization')}")
            good = self.headers.get("authorization") == f"Bearer {TOKEN}"
            status = known.status if good else 401
            answer = {"name": "ada"} if "whoami" in self.path else {"data": {"username": "ada"}}
            body = json.dumps(answer if status == 200 else {"error": f"Bad token {TOKEN}"}).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    known = Accounts(f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("HF_ENDPOINT", known.endpoint)
    monkeypatch.setenv("MODELSCOPE_ENDPOINT", known.endpoint)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield known
    server.shutdown()
    server.server_close()


@pytest.fixture
def typed(modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    def run(token: str, *arguments: str) -> Ran:
        monkeypatch.setattr(sys, "stdin", io.StringIO(token))
        return modelscan(*arguments)

    return run


def anywhere(home: Path, token: str = TOKEN) -> list[Path]:
    return [path for path in home.rglob("*") if path.is_file() and token.encode() in path.read_bytes()]


@pytest.mark.parametrize("hub", ["huggingface", "modelscope"])
def test_a_token_is_checked_kept_for_the_user_alone_and_forgotten(
    accounts: Accounts, typed: Callable[..., Ran], modelscan: Modelscan, home: Path, hub: str
) -> None:
    file = home / "config" / "tokens.json"
    done = typed(f"{TOKEN}\n", "login", hub)
    assert (done.status, done.stdout) == (0, f"Logged in to {accounts.endpoint} as ada; the token is in {file}\n")
    assert done.stderr.startswith("warning: no system keyring is available")
    assert len(accounts.seen) == 1
    assert anywhere(home) == [file]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert TOKEN not in done.stdout + done.stderr

    out = modelscan("logout", hub, "--json")
    assert (out.json["changed"], out.json["stored_in"], anywhere(home)) == (True, None, [])
    assert not file.exists()
    assert modelscan("logout", hub, "--json").json["changed"] is False


@pytest.mark.parametrize("hub", ["huggingface", "modelscope"])
def test_a_token_that_the_hub_does_not_know_is_not_kept(
    accounts: Accounts, typed: Callable[..., Ran], home: Path, hub: str
) -> None:
    refused = typed("hf_mistyped0token", "login", hub, "--json")
    assert (refused.status, refused.error["code"], refused.stdout) == (6, "unauthorized", "")
    assert "hf_mistyped0token" not in refused.stderr
    assert anywhere(home, "hf_mistyped0token") == []
    assert f"modelscan login {hub}" in refused.error["hints"]


def test_a_hub_that_cannot_be_asked_keeps_nothing_unless_it_is_not_to_be_asked(
    accounts: Accounts, typed: Callable[..., Ran], home: Path
) -> None:
    accounts.status = 503
    assert typed(TOKEN, "login", "--json").error["code"] == "source_unavailable"
    assert anywhere(home) == []
    kept = typed(TOKEN, "--offline", "login", "--json")
    assert (kept.status, kept.json["user"]) == (0, None)
    assert len(anywhere(home)) == 1


@pytest.mark.parametrize("text", ["", "two words", "uni\u00e7ode", "esc\x1b[0m"])
def test_what_is_no_token_is_refused_without_repeating_it(typed: Callable[..., Ran], text: str) -> None:
    ran = typed(text, "login", "--json")
    assert (ran.status, ran.error["code"]) == (2, "usage")
    assert not text or text not in ran.stderr


def test_what_comes_first_is_said(
    accounts: Accounts, typed: Callable[..., Ran], modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    login_file = tmp_path / "hf" / "token"
    login_file.parent.mkdir(exist_ok=True)
    login_file.write_text("hf_of_hf_auth_login")
    assert typed(TOKEN, "login", "--json").json["used_before"] == str(login_file)
    monkeypatch.setenv("HF_TOKEN", "hf_of_environment")
    assert typed(TOKEN, "login", "--json").json["used_before"] == "HF_TOKEN"
    out = modelscan("logout")
    assert out.stderr == "warning: the token in HF_TOKEN is still used; modelscan did not store it\n"
    assert login_file.read_text() == "hf_of_hf_auth_login"


def test_the_keyring_takes_it_and_a_locked_one_does_not(accounts: Accounts, tmp_path: Path, home: Path) -> None:
    (tmp_path / "kept_keyring.py").write_text(KEYRING)
    environ = {
        **os.environ,
        "PYTHONPATH": str(tmp_path),
        "PYTHON_KEYRING_BACKEND": "kept_keyring.Kept",
        "TEST_KEYRING": str(tmp_path / "keyring.json"),
    }

    def run(*arguments: str, **more: str) -> dict[str, object]:
        command = [sys.executable, "-m", "modelscan", *arguments, "--json"]
        done = subprocess.run(
            command, input=TOKEN, env=environ | more, capture_output=True, text=True, timeout=60, check=True
        )
        assert TOKEN not in done.stdout + done.stderr
        return dict(json.loads(done.stdout))

    assert run("login")["stored_in"] == "keyring"
    assert anywhere(home) == []
    assert run("login", "modelscope", TEST_KEYRING_LOCKED="1")["stored_in"] == str(home / "config" / "tokens.json")
    assert run("logout")["changed"] is True
    assert run("logout")["changed"] is False


def test_on_a_terminal_it_is_typed_unseen(accounts: Accounts, home: Path) -> None:
    parent, child = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "modelscan", "login"], stdin=child, stdout=child, stderr=child, start_new_session=True
    ) as process:
        os.close(child)
        shown = b""
        while b"(hidden): " not in shown:  # with its last space, echo is off
            shown += os.read(parent, 1000)
        os.write(parent, f"{TOKEN}\n".encode())
        while b"as ada" not in shown:
            shown += os.read(parent, 1000)
        assert process.wait(20) == 0
        cmdline = f"/proc/{process.pid}/cmdline"
    os.close(parent)
    assert TOKEN.encode() not in shown
    assert not Path(cmdline).exists() or TOKEN not in Path(cmdline).read_text()
    assert len(anywhere(home)) == 1


def test_the_key_of_an_upstream_goes_to_the_keyring_or_nowhere(
    typed: Callable[..., Ran], modelscan: Modelscan, home: Path
) -> None:
    refused = typed("sk-planted0secret\n", "login", "--api-key-env", "BIG_KEY")
    assert (refused.status, refused.stdout, refused.stderr) == snapshot(
        (
            1,
            "",
            """\
error: no system keyring is available: the key was not stored
  it needs the extra `modelscan-cli[keyring]` and a desktop secret service
hint: export BIG_KEY=… where the gateway is started: modelscan gateway restart
""",
        )
    )
    assert anywhere(home, "sk-planted0secret") == []
    assert typed("sk-x", "login", "--api-key-env", "no name").status == 2
    assert typed(" ", "login", "--api-key-env", "BIG_KEY").status == 2
    gone = modelscan("logout", "--api-key-env", "BIG_KEY")
    assert gone.stdout == "No stored key for BIG_KEY\n"
