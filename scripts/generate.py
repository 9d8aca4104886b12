"""Everything that is made from the program itself: reference pages and completions (`make docs`).

With `--check` nothing is written: what differs is named and the exit status is 1, so nothing drifts.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.words import modules

from modelscan.api.app import build_app
from modelscan.cli.table import COMMANDS
from modelscan.errors import BUG_EXIT_STATUS, error_classes
from modelscan.selecting.context import Context
from modelscan.settings.reading import SETTINGS, Settings
from modelscan.verbs.maintain.schema import DOCUMENTS, document_schema

ROOT = Path(__file__).resolve().parent.parent
MADE = "<!-- Made by `make docs`; a test compares it with the program. -->\n\n"
EACH = """
import contextlib, io, json, sys
from modelscan.cli import main
printed = []
for arguments in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()) as stdout:
        main(arguments)
    printed.append(stdout.getvalue())
json.dump(printed, sys.stdout)
"""
SHELLS = {"bash": "modelscan.bash", "zsh": "_modelscan", "fish": "modelscan.fish"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    differing = [path for path, text in generated().items() if not path.exists() or path.read_text() != text]
    if check:
        for path in differing:
            print(f"{path.relative_to(ROOT)} is out of step: make docs")
        return 1 if differing else 0
    for path in differing:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(generated()[path])
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


def generated() -> dict[Path, str]:
    """Every generated file and its text."""
    reference = ROOT / "docs" / "reference"
    files = {
        reference / "commands.md": commands_page(),
        reference / "errors.md": errors_page(),
        reference / "settings.md": settings_page(),
    }
    described = build_app(Context(settings=Settings()), on_bug=lambda _: None).openapi()
    files[reference / "openapi.json"] = json.dumps(described, indent=2) + "\n"
    for name in DOCUMENTS:
        files[reference / "schemas" / f"{name}.json"] = json.dumps(document_schema(name), indent=2) + "\n"
    for name, text in zip(SHELLS.values(), completions(), strict=True):
        files[ROOT / "completions" / name] = text
    words = (ROOT / "catalogs" / "words.csv").read_text(encoding="utf-8")
    files |= {ROOT / "src" / "modelscan" / path: text for path, text in modules(words).items()}
    return files


def modelscan(command_lines: Sequence[tuple[str, ...]], **variables: str) -> list[str]:
    """What the program prints for each command line, as in a pipe of 100 columns; one process for all of them."""
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb", **variables}
    done = subprocess.run(
        [sys.executable, "-c", EACH, json.dumps(command_lines)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    printed: list[str] = json.loads(done.stdout)
    return ["\n".join(line.rstrip() for line in text.splitlines()).strip() + "\n" for text in printed]


def completions() -> list[str]:
    """The completion scripts, as `--show-completion` prints them."""
    lines = [("--show-completion", shell) for shell in SHELLS]
    return modelscan(lines, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")


def commands_page() -> str:
    """The help of every command."""
    pages: list[tuple[str, ...]] = [(), *(tuple(path.split()) for path in COMMANDS)]
    helps = modelscan([(*words, "--help") for words in pages])
    parts = [
        f"\n## `{' '.join(['modelscan', *words])}`\n\n```text\n{text}```\n"
        for words, text in zip(pages, helps, strict=True)
    ]
    return "".join([MADE, "# Commands\n", *parts])


def errors_page() -> str:
    """Error codes and exit statuses."""
    rows = [f"| {cls.exit_status} | `{cls.code}` |" for cls in error_classes()]
    rows.append(f"| {BUG_EXIT_STATUS} | `bug` |")
    head = "# Errors and exit statuses\n\n| exit status | code |\n|---|---|\n"
    return MADE + head + "\n".join(sorted(rows, key=lambda row: int(row.split("|")[1]))) + "\n"


def settings_page() -> str:
    """Settings: key, variable, default, meaning."""
    rows = []
    for item in SETTINGS.values():
        default = item.default if isinstance(item.default, str) else json.dumps(item.default)
        rows.append(f"| `{item.key}` | `{item.env}` | `{default}` | {item.doc} |")
    head = (
        "# Settings\n\nFlag before environment before `config.toml` before default; `modelscan config show` says"
        " where each value came from.\n\n| key | variable | default | meaning |\n|---|---|---|---|\n"
    )
    others = (
        "\n\n## Other variables\n\n"
        "| variable | meaning |\n|---|---|\n"
        "| `MODELSCAN_HOME` | one folder below which everything lives: `config`, `cache`, `state`, `data` |\n"
        "| `MODELSCAN_CONFIG` | the configuration file, as `--config` |\n"
        "| `NO_COLOR` | no colours |\n"
        "| `CUDA_VISIBLE_DEVICES`, `HIP_VISIBLE_DEVICES`, `ROCR_VISIBLE_DEVICES` | narrow the GPUs considered;"
        " indices stay physical |\n"
        "| `HF_HOME`, `HF_TOKEN`, `HF_ENDPOINT`, `HF_HUB_OFFLINE` | honoured as huggingface_hub does |\n"
    )
    return MADE + head + "\n".join(rows) + others


if __name__ == "__main__":
    sys.exit(main())
