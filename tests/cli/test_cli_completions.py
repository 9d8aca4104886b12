"""The completion scripts in real shells."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from inline_snapshot import snapshot
from tests.cli.conftest import Modelscan

pytestmark = pytest.mark.usefixtures("home")  # fish writes into it
COMPLETIONS = Path(__file__).resolve().parents[2] / "completions"
BASH = """
source {script}
COMP_WORDS=({words}); COMP_CWORD={place}
_modelscan_completion modelscan
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
# What the script hands to zsh's own function is what zsh would offer.
ZSH = """
compdef() {{ }}
_arguments() {{ print -r -- "$@" }}
source {script}
words=({words}); CURRENT={place}
_modelscan_completion
"""
FISH = 'source {script}; complete -C "{words}"'

# Each shell is asked some of what the program is asked itself: a command, one inside another, a value with a colon.
IN_SHELLS = [
    ("modelscan pl", "plan"),
    ("modelscan catalog se", "search"),
    ("modelscan plan demo --hardware cp", "cpu:"),
]
OFFERS = [
    *IN_SHELLS,
    ("modelscan plan deepseek/deepseek-r1-0", "deepseek/deepseek-r1-0528"),
    ("modelscan config get deploy.f", "deploy.first_port"),
    ("modelscan plan demo --hardware 8xh100-n", "8xh100-nvl"),
    ("modelscan plan demo --dtype b", "bfloat16"),
    ("modelscan deploy demo --kv-cache-dtype fp8_e4", "fp8_e4m3"),
    ("modelscan catalog search llama --source loc", "local"),
    ("modelscan catalog list --fits --hardware rtx-5090-l", "rtx-5090-laptop"),
    ("modelscan help catalog se", "search"),
    ("modelscan catalog info openai/gpt-4-turbo-v", "openai/gpt-4-turbo-vision"),
]

needs_zsh = pytest.mark.skipif(shutil.which("zsh") is None, reason="no zsh here; CI installs it")
needs_fish = pytest.mark.skipif(shutil.which("fish") is None, reason="no fish here; CI installs it")


def offered(*argv: str) -> list[str]:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize(("words", "expected"), IN_SHELLS)
def test_bash(words: str, expected: str) -> None:
    script = BASH.format(script=COMPLETIONS / "modelscan.bash", words=words, place=len(words.split()) - 1)
    assert expected in offered("bash", "-c", script)


@needs_zsh
@pytest.mark.parametrize(("words", "expected"), IN_SHELLS)
def test_zsh(words: str, expected: str) -> None:
    script = ZSH.format(script=COMPLETIONS / "_modelscan", words=words, place=len(words.split()))
    quoted = expected.replace(":", r"\\:")  # behind a bare colon zsh expects the description
    assert any(f'"{quoted}"' in line for line in offered("zsh", "-f", "-c", script))


@needs_fish
@pytest.mark.parametrize(("words", "expected"), IN_SHELLS)
def test_fish(words: str, expected: str) -> None:
    script = FISH.format(script=COMPLETIONS / "modelscan.fish", words=words)
    assert expected in [line.split("\t")[0] for line in offered("fish", "--no-config", "-c", script)]


@pytest.fixture
def completed(modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:
    """What the program itself offers for the last word, which the scripts ask it for."""

    def offered(words: str) -> list[str]:
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(words.count(" ")))
        monkeypatch.setenv("_MODELSCAN_COMPLETE", "complete_bash")
        found = modelscan().stdout.split()
        monkeypatch.delenv("_MODELSCAN_COMPLETE")
        return list(found)

    return offered


@pytest.mark.parametrize(("words", "expected"), OFFERS)
def test_the_program(completed: Callable[[str], list[str]], words: str, expected: str) -> None:
    assert expected in completed(words)


@pytest.mark.parametrize("command", ["plan", "deploy", "run", "pull"])
@pytest.mark.slow
def test_what_cannot_be_deployed_is_not_offered_to_be(completed: Callable[[str], list[str]], command: str) -> None:
    assert completed(f"modelscan {command} openai/gpt-4") == []
    assert "openai/gpt-oss-20b" in completed(f"modelscan {command} openai/gpt-o")


def test_sources_are_those_that_the_command_takes(completed: Callable[[str], list[str]]) -> None:
    assert completed("modelscan catalog refresh --source ") == snapshot(
        ["models.dev", "vllm-recipes", "gpustack", "local"]
    )
    assert completed("modelscan catalog search x --source ") == snapshot(
        ["gpustack", "known-weights", "local", "models.dev", "models.yaml", "registered", "vllm-recipes"]
    )
    assert completed("modelscan plan demo --dtype ") == snapshot(["auto", "bfloat16", "float16", "float32"])


def test_weights_of_a_folder(
    vllm: Path, modelscan: Modelscan, completed: Callable[[str], list[str]], folder: Path
) -> None:
    modelscan("deploy", str(folder), "--no-wait")
    assert completed("modelscan weights verify ") == [str(folder)]
