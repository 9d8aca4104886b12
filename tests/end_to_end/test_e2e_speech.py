"""Speech without a GPU: a folder in CTranslate2's form is deployed with the small environment, and hears.

Robotic speech loses words, and eight bits lose others on another machine: those are asked for that survive both.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import BadRequestError, OpenAI
from tests.end_to_end.conftest import ROOT, runs

pytestmark = pytest.mark.slow

FOX = "The quick brown fox jumps over the lazy dog. The capital of France is Paris."
HEARD = {"quick", "over", "lazy", "capital", "france", "paris"}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not here")
    file = tmp_path_factory.mktemp("sounds") / "fox.wav"
    subprocess.run(["espeak-ng", "-v", "en-us", "-s", "140", "-w", file, FOX], check=True, capture_output=True)
    return file


@pytest.fixture(scope="module")
def hearing(modelscan: Callable[..., Any], sound: Path) -> Iterator[dict[str, Any]]:
    folder = Path(os.environ.get("TEST_MODELS", ROOT / ".test-models"))
    fetch = [sys.executable, "-m", "scripts.test_models.fetch", str(folder)]
    subprocess.run(fetch, cwd=ROOT, check=True, timeout=600, capture_output=True)
    made = modelscan("deploy", str(folder / "whisper-tiny.en-ct2"), "--gpu", "none", "--name", "hears", "--yes")
    yield made
    modelscan("remove", "hears")


def words_of(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text.lower()))


def test_it_hears_in_every_form_in_little_memory(
    hearing: dict[str, Any], modelscan: Callable[..., Any], sound: Path
) -> None:
    [environment] = [item for item in modelscan("backend", "list") if item["program"] == hearing["program"]]
    assert {"faster-whisper"} <= environment["requirements"].keys()
    assert "torch" not in environment["requirements"]
    memory = hearing["memory"]
    assert memory["measured_bytes"] < 300 * 2**20
    assert memory["estimated_bytes"] == pytest.approx(memory["measured_bytes"], rel=0.3)

    with OpenAI(base_url=hearing["openai_base_url"], api_key="none", max_retries=0) as openai:

        def heard(**options: Any) -> Any:
            with sound.open("rb") as file:
                return openai.audio.transcriptions.create(model="hears", file=file, **options)

        assert words_of(heard().text) >= HEARD
        [first, *_] = re.findall(
            r"(\d+)\n(\d\d:\d\d:\d\d,\d{3}) --> (\d\d:\d\d:\d\d,\d{3})\n([^\n]+)\n", heard(response_format="srt")
        )
        assert first[:2] == ("1", "00:00:00,000")
        assert heard(response_format="vtt").startswith("WEBVTT\n\n00:00:00.000 --> ")
        verbose = heard(response_format="verbose_json", timestamp_granularities=["word", "segment"])
        assert {word for item in verbose.words for word in words_of(item.word)} >= HEARD
        assert all(one.start <= one.end <= two.end for one, two in pairwise(verbose.words))
        with pytest.raises(BadRequestError, match="English alone"):
            heard(language="de")


def test_a_client_that_leaves_ends_the_work_before_the_next_segment(hearing: dict[str, Any], sound: Path) -> None:
    """Each segment of half a minute of sound is one call of its library, so that the work ends after one of them."""
    base = hearing["base_url"]

    def works() -> bool:
        return "handlers_requests_running 0" not in httpx.get(f"{base}/metrics", trust_env=False).text

    head, data = sound.read_bytes()[:44], sound.read_bytes()[44:]
    minutes = head[:4] + b"\xff\xff\xff\x7f" + head[8:40] + b"\xff\xff\xff\x7f" + data * 40  # four minutes
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(
            f"{base}/v1/audio/transcriptions",
            data={"model": "hears"},
            files={"file": ("long.wav", minutes)},
            timeout=3,
            trust_env=False,
        )
    left = time.monotonic()
    while works():
        time.sleep(0.05)
    assert time.monotonic() - left < 5


def _listed(modelscan: Callable[..., Any]) -> dict[str, Any]:
    return next(item for item in modelscan("list") if item["name"] == "hears")


def test_it_is_killed_started_again_and_stopped(
    hearing: dict[str, Any], modelscan: Callable[..., Any], sound: Path
) -> None:
    before = _listed(modelscan)
    os.kill(before["pid"], signal.SIGKILL)
    for _ in range(100):
        killed = _listed(modelscan)
        if killed["status"] == "failed":
            break
        time.sleep(0.1)
    assert killed["status"] == "failed"
    modelscan("start", "hears")
    with OpenAI(base_url=hearing["openai_base_url"], api_key="none") as openai, sound.open("rb") as file:
        assert words_of(openai.audio.transcriptions.create(model="hears", file=file).text) >= HEARD
    again = _listed(modelscan)
    assert again["pid"] != before["pid"]
    modelscan("stop", "hears")
    assert not runs(again["pid"])
