"""The page over the scene, and a gateway in front of it, until stdin is closed.

    python -m scripts.showcase.serve FOLDER PORT

It starts itself again so that the loader finds the machine that is not there.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import uvicorn
from scripts.showcase.scene import SCENARIO, stage
from scripts.showcase.upstream import Storyteller
from tests.hardware.nvml import compile_nvml

from modelscan.api.app import build_app
from modelscan.model import Pricing
from modelscan.routing.compiled import TableMember, compile_table
from modelscan.routing.gateway_files import gateway_files, write_table
from modelscan.routing.names import PublicNames
from modelscan.selecting.context import Context
from modelscan.settings.reading import load_settings


def main(folder: Path, port: int) -> None:
    if "FAKE_NVML" not in os.environ:
        _again(folder)
    settings = load_settings(os.environ)
    context = Context(settings=settings, targets={"local": "scripts.showcase.staged"})
    teller = Storyteller()
    address = f"http://127.0.0.1:{teller.port}"
    stage(context, address)
    gateway = [sys.executable, "-m", "modelscan", "gateway"]
    subprocess.run([*gateway, "start", "--port", str(port + 1)], check=True)
    hosted = TableMember(
        name="openai/gpt-5-mini",
        id="openai/gpt-5-mini",
        kind="upstream",
        base_url=f"{address}/v1",
        model="openai/gpt-5-mini",
        api_key_env="OPENAI_API_KEY",
        owned_by="openai",
        pricing=Pricing(input=0.25, output=2.0),
    )
    table = compile_table(context.deployments.list(), PublicNames(), upstreams=[hosted])
    write_table(gateway_files(settings.paths), table)
    app = build_app(context, on_bug=print)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))

    def leave() -> None:
        sys.stdin.read()
        server.should_exit = True

    threading.Thread(target=leave, daemon=True).start()
    try:
        server.run()
    finally:
        subprocess.run([*gateway, "stop"], check=True, stdout=subprocess.DEVNULL)


def _again(folder: Path) -> None:
    folder.mkdir(parents=True)
    library = compile_nvml(folder)
    (folder / "scenario").write_text(SCENARIO)
    environ = os.environ | {
        "MODELSCAN_HOME": str(folder / "home"),
        "HF_HUB_OFFLINE": "1",
        "MODELSCAN_OFFLINE": "1",
        "FAKE_NVML": str(folder / "scenario"),
        "LD_LIBRARY_PATH": str(library),
        "OPENAI_API_KEY": "none",
    }
    os.execve(sys.executable, [sys.executable, "-m", "scripts.showcase.serve", *sys.argv[1:]], environ)  # noqa: S606


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
