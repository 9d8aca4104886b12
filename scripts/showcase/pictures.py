"""The pictures of the page in the documentation, drawn anew by Chromium from the scene.

    python -m scripts.showcase.pictures docs/page

It wants Debian's Chromium. The browser itself compresses what it shows, so that nothing else is needed.
"""

from __future__ import annotations

import base64
import contextlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

_Scheme = Literal["light", "dark"]
_WIDTH, _HEIGHT, _SCALE, _QUALITY = 1180, 600, 1.5, 0.82
_TO_WEBP = """async ([address, quality]) => {
  const picture = new Image();
  picture.src = address;
  await picture.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [picture.width, picture.height];
  canvas.getContext("2d").drawImage(picture, 0, 0);
  return canvas.toDataURL("image/webp", quality);
}"""
_REQUEST = """async (model) => {
  const body = JSON.stringify({ model, messages: [], stream: true });
  const headers = { "Content-Type": "application/json" };
  await fetch("/ui/gateway/v1/chat/completions", { method: "POST", headers, body }).then((answer) => answer.text());
}"""
_PROMPT = "Why does memory bandwidth limit decoding, and what does a batch change?"


def _ask(page: Page) -> None:
    page.get_by_label("Message").fill(_PROMPT)
    page.keyboard.press("Enter")
    page.locator("dl.took").nth(1).wait_for()
    page.evaluate("document.activeElement.blur()")


def _ask_for_a_while(page: Page) -> None:
    """So that the second chart has something to show."""
    for number in range(14):
        for model in ("qwen3-8b", "openai/gpt-5-mini")[: 1 + number % 3]:
            page.evaluate(_REQUEST, model)
        page.wait_for_timeout(2_000)


def _nothing(page: Page) -> None:
    page.evaluate("document.activeElement.blur()")


# Name, address, height of what is shown (None: all of it), light or dark, and what is done before.
_PICTURES: tuple[tuple[str, str, int | None, _Scheme, Callable[[Page], None]], ...] = (
    ("home", "/ui/", None, "light", _nothing),
    ("home-dark", "/ui/", None, "dark", _nothing),
    ("find", "/ui/find?q=qwen3+coder", 798, "light", _nothing),
    ("plan", "/ui/plan?model=qwen/qwen3-8b&context_length=32k", None, "light", _nothing),
    ("deployment-dark", "/ui/deployments/gemma-3-27b", None, "dark", _nothing),
    ("playground", "/ui/chat?model=qwen3-8b&model=openai/gpt-5-mini", 760, "light", _ask),
    ("activity-dark", "/ui/activity", 900, "dark", _ask_for_a_while),
)


def main(output: Path) -> None:
    program = shutil.which("chromium")
    assert program is not None, "no chromium here: apt-get install chromium"
    output.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, _served(Path(folder) / "scene") as base, sync_playwright() as started:
        browser = started.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"])
        for name, address, height, scheme, before in _PICTURES:
            content = _drawn(browser, f"{base}{address}", height, scheme, before)
            (output / f"{name}.webp").write_bytes(content)
            print(f"wrote {output / name}.webp, {len(content) / 1000:.0f} kB")
        browser.close()


def _drawn(
    browser: Browser, address: str, height: int | None, scheme: _Scheme, before: Callable[[Page], None]
) -> bytes:
    context = browser.new_context(
        viewport={"width": _WIDTH, "height": height or _HEIGHT},
        device_scale_factor=_SCALE,
        color_scheme=scheme,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(address)
    page.wait_for_timeout(800)
    before(page)
    page.wait_for_timeout(300)
    shown = base64.b64encode(page.screenshot(full_page=height is None)).decode()
    drawing = context.new_page()
    made: str = drawing.evaluate(_TO_WEBP, [f"data:image/png;base64,{shown}", _QUALITY])
    context.close()
    return base64.b64decode(made.partition(",")[2])


@contextlib.contextmanager
def _served(folder: Path) -> Iterator[str]:
    port = _free_port()
    argv = [sys.executable, "-m", "scripts.showcase.serve", str(folder), str(port)]
    server = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        while not _answers(port):
            assert server.poll() is None, "the page did not start"
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.communicate()


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def _free_port() -> int:
    with socket.socket() as attempt:
        attempt.bind(("127.0.0.1", 0))
        port: int = attempt.getsockname()[1]
    return port


if __name__ == "__main__":
    main(Path(sys.argv[1]))
