"""GGUF by every kind of name, through a hub: headers by ranges, the quantization that is asked for, no other fetched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.cli.driver import Ran
from tests.gguf_maker import gguf, model
from tests.hubs.hub_server import HubServer, Repo

from modelscan.running.fetch import first_file

REPO = {
    "Tiny-Q4_K_M.gguf": model(),
    "Tiny-Q8_0.gguf": model(kind="Q8_0"),
    "BF16/Tiny-BF16-00001-of-00002.gguf": model(kind="F16"),
    "BF16/Tiny-BF16-00002-of-00002.gguf": gguf({"split.no": 1}, {"blk.2.attn_k.weight": ((256, 128), "F16")}),
    "mmproj-F16.gguf": gguf({"general.architecture": "clip"}, {"v.a": ((256, 256), "F16")}),
    "config.json": b"{}",
    "README.md": b"",
}


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer() as server:
        server.repos["lab/Tiny-7B-GGUF"] = Repo(files=REPO)
        yield server


def test_the_kinds_of_names(run: Callable[..., Ran], tmp_path: Path) -> None:
    folder = tmp_path / "tiny"
    for name, content in REPO.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    for name, quantization in (
        ("lab/Tiny-7B-GGUF", "Q4_K_M"),
        ("lab/Tiny-7B-GGUF:Q8_0", "Q8_0"),
        ("hf.co/lab/Tiny-7B-GGUF:BF16", "BF16"),
        ("lab/Tiny-7B-GGUF:Q4_K_M", "Q4_K_M"),
        (str(folder), "Q4_K_M"),
        (str(folder / "Tiny-Q8_0.gguf"), "Q8_0"),
    ):
        chosen = run("plan", name, "--hardware", "rtx-4090", "--json").json["chosen"]
        how = next(line["how"] for line in chosen["arithmetic"] if line["part"] == "weights")
        assert (chosen["backend"], chosen["quantization"]) == ("llamacpp", quantization), name
        assert how.startswith("the headers of the files list every tensor"), name


def test_the_other_hub(run: Callable[..., Ran]) -> None:
    chosen = run("plan", "lab/Tiny-7B-GGUF:Q8_0", "--source", "modelscope", "--hardware", "cpu:8gb", "--json").json[
        "chosen"
    ]
    assert (chosen["source"], chosen["quantization"], chosen["backend"]) == ("modelscope", "Q8_0", "llamacpp")


def test_only_what_was_asked_for_is_fetched(run: Callable[..., Ran]) -> None:
    ran = run("pull", "lab/Tiny-7B-GGUF:BF16", "--json")
    assert ran.status == 0
    folder = Path(ran.json[0]["path"])
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*.gguf")}
    assert there == {name for name in REPO if name.startswith(("BF16", "mmproj"))}


def test_a_quantization_that_a_repo_has_not(run: Callable[..., Ran]) -> None:
    ran = run("plan", "lab/Tiny-7B-GGUF:Q5_K_M", "--hardware", "rtx-4090")
    assert ran.status == 4
    assert "known: BF16, Q4_K_M, Q8_0" in ran.stderr


def test_the_tower_beside_a_file_goes_with_it(tmp_path: Path) -> None:
    for name in ("Tiny-Q8_0.gguf", "mmproj-F16.gguf"):
        (tmp_path / name).write_bytes(REPO[name])
    tower = str(tmp_path / "mmproj-F16.gguf")
    for location in (tmp_path, tmp_path / "Tiny-Q8_0.gguf"):
        assert first_file(str(location), "Q8_0") == (str(tmp_path / "Tiny-Q8_0.gguf"), tower)
    (tmp_path / "mmproj-F16.gguf").unlink()
    assert first_file(str(tmp_path / "Tiny-Q8_0.gguf"), "Q8_0") == (str(tmp_path / "Tiny-Q8_0.gguf"), None)
    assert first_file("lab/Tiny-7B-GGUF", None) == ("lab/Tiny-7B-GGUF", None)
