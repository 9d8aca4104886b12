"""The smaller environment of a backend: made beside the whole one, chosen where it suffices, proven by an import."""

from __future__ import annotations

from pathlib import Path

import pytest
from environments_machine import Machine

from modelscan.environments.find import find_installations
from modelscan.errors import BackendFailed, BackendNotInstalled
from modelscan.model import Candidate, Hardware, Installation
from modelscan.running.environment import installation_or_leave
from modelscan.selecting.installations import choose

PINS = "av==18.1.0\nctranslate2==4.8.5\nfaster-whisper==1.2.1\n"
# Both the program of ours and `python -c` are run by it.
HEARS = '#!/bin/sh\n[ "$1" = -c ] && exit 0\necho faster-whisper 1.2.1\n'
DEAF = '#!/bin/sh\n[ "$1" = -c ] && { echo "ImportError: libctranslate2.so" >&2; exit 1; }\necho faster-whisper 1.2.1\n'
CANDIDATE = Candidate(backend="transformers", backend_version="1.2.1", libraries=("faster-whisper",))


@pytest.fixture
def hearing(machine: Machine) -> Machine:
    machine.compile, machine.imports = {"*": {"pins": PINS}}, HEARS
    return machine


def whole(folder: Path) -> Installation:
    return Installation(
        backend="transformers",
        version="5.24.0",
        device="cpu",
        program=str(folder / "whole"),
        managed=True,
        requirements={"transformers": "5.24.0", "torch": "2.13.0+cpu"},
    )


def test_it_is_made_in_a_folder_of_its_own_and_once(hearing: Machine) -> None:
    made = hearing.install(backend="transformers", variant="speech")
    assert (made.variant, made.version, Path(made.path).name) == (
        *("speech", "1.2.1"),
        "transformers-speech-1.2.1-cpu",
    )
    assert made.requirements == {"faster-whisper": "1.2.1", "ctranslate2": "4.8.5", "av": "18.1.0"}
    assert Path(made.program).name == "modelscan-handlers"
    assert find_installations(hearing.settings) == [made]
    assert hearing.install(backend="transformers", variant="speech") == made
    assert hearing.lines[-1] == "already installed: faster-whisper 1.2.1, which hears on the CPU without torch"


def test_what_does_not_load_is_no_installation(hearing: Machine) -> None:
    hearing.imports = DEAF
    with pytest.raises(BackendFailed, match="does not load in the new environment, which was removed") as raised:
        hearing.install(backend="transformers", variant="speech")
    assert raised.value.cause == ("ImportError: libctranslate2.so",)
    assert find_installations(hearing.settings) == []


def test_a_start_takes_an_environment_that_has_what_it_needs(hearing: Machine, tmp_path: Path) -> None:
    light = hearing.install(backend="transformers", variant="speech")
    both = [whole(tmp_path), light]
    for needed, found in ((("faster-whisper",), light), (("transformers",), both[0]), ((), both[0])):
        assert choose(both, "transformers", None, device="cpu", libraries=needed) == found
    assert choose([light], "transformers", None, device="cpu", libraries=("transformers",)) is None


def test_a_start_asks_for_the_smaller_one_where_only_the_whole_one_is_here(tmp_path: Path) -> None:
    asked: list[str] = []

    def ask(question: str) -> bool:
        asked.append(question)
        return len(asked) > 1

    with pytest.raises(BackendNotInstalled, match=r"`transformers for speech 1\.2\.1` is not installed") as raised:
        installation_or_leave(CANDIDATE, Hardware(), [whole(tmp_path)], ask=ask)
    assert raised.value.hints[0] == "modelscan backend install transformers --variant speech --version 1.2.1"
    assert installation_or_leave(CANDIDATE, Hardware(), [whole(tmp_path)], ask=ask) is None
    assert asked[0] == "transformers for speech is not installed for cpu. Install it in an isolated environment?"


def test_models_of_one_process_need_one_environment_for_all(tmp_path: Path) -> None:
    several = Candidate(backend="transformers", libraries=("transformers", "faster-whisper"))
    with pytest.raises(BackendNotInstalled, match="has both transformers and faster-whisper"):
        installation_or_leave(several, Hardware(), [whole(tmp_path)], ask=lambda _: True)
