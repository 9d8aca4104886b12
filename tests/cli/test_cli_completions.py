"""The completion scripts in real shells."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

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


OFFERS = [
    ("modelscan pl", "plan"),
    ("modelscan catalog se", "search"),
    ("modelscan plan deepseek/deepseek-r1-0", "deepseek/deepseek-r1-0528"),
    ("modelscan config get deploy.f", "deploy.first_port"),
]
needs_zsh = pytest.mark.skipif(shutil.which("zsh") is None, reason="no zsh here; CI installs it")
needs_fish = pytest.mark.skipif(shutil.which("fish") is None, reason="no fish here; CI installs it")


def offered(*argv: str) -> list[str]:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize(("words", "expected"), OFFERS)
def test_bash(words: str, expected: str) -> None:
    script = BASH.format(script=COMPLETIONS / "modelscan.bash", words=words, place=len(words.split()) - 1)
    assert expected in offered("bash", "-c", script)


@needs_zsh
@pytest.mark.parametrize(("words", "expected"), OFFERS)
def test_zsh(words: str, expected: str) -> None:
    script = ZSH.format(script=COMPLETIONS / "_modelscan", words=words, place=len(words.split()))
    assert any(f'"{expected}"' in line for line in offered("zsh", "-f", "-c", script))


@needs_fish
@pytest.mark.parametrize(("words", "expected"), OFFERS)
def test_fish(words: str, expected: str) -> None:
    script = FISH.format(script=COMPLETIONS / "modelscan.fish", words=words)
    assert expected in [line.split("\t")[0] for line in offered("fish", "--no-config", "-c", script)]
