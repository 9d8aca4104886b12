"""Documents made to end a program: read in a process with little memory, each refused or reduced with a reason."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from inline_snapshot import snapshot

from modelscan.catalog.sources.local_files import parse_file
from modelscan.errors import SourceUnavailable
from modelscan.parsing.problems import NotThisFormat
from modelscan.parsing.yaml_text import load
from modelscan.system.http import MAX_DOCUMENT_BYTES, Http

READ = """
import json, resource, sys, time
from pathlib import Path
from modelscan.parsing.problems import NotThisFormat
from modelscan.catalog.sources import gpustack, local_files, models_dev, vllm_recipes
from modelscan.parsing.yaml_text import load
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]) << 20,) * 2)
readers = {
    "api": models_dev.parse, "gpustack": gpustack.parse, "recipes": vllm_recipes.listed,
    "recipe": lambda payload: vllm_recipes.parse(load(payload), "lab/repo"),
}
said = {}
for path in sorted(Path(sys.argv[1]).iterdir()):
    reader = readers.get(path.suffix[1:])
    try:
        parsed = reader(path.read_bytes()) if reader else local_files.parse_file(path)
        reasons = sorted({reason for _, reason in parsed.skipped})
        said[path.name] = f"{len(parsed.records)} kept; {'; '.join(reasons)}"
    except NotThisFormat as error:
        said[path.name] = f"refused: {error}"
print(json.dumps(said))
"""


def read_in_little_memory(folder: Path, *, megabytes: int = 1024) -> dict[str, str]:
    ran = subprocess.run(
        [sys.executable, "-c", READ, str(folder), str(megabytes)],
        capture_output=True, text=True, check=False, timeout=500,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    said: dict[str, str] = json.loads(ran.stdout)
    return said


def offers(models: str) -> bytes:
    return f'{{"h": {{"models": {{{models}}}}}}}'.encode()


MERGES = "a0: &a0 {k: 1}\n" + "".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n" for n in range(1, 40))
ALIASES = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
MANY = ", ".join(map(str, range(1, 400)))


def test_documents_made_to_end_a_program(tmp_path: Path) -> None:
    documents = {
        "01-brackets.gpustack": b"[" * 300_000,
        "02-dashes.gpustack": b"- " * 300_000,
        "03-braces.gpustack": b"{a: " * 300_000,
        "04-utf16.gpustack": ("[" * 300_000).encode("utf-16"),
        "05-merges.gpustack": MERGES.encode(),
        "06-merges-itself.gpustack": b"&a\nmodel_sets: [{<<: *b, name: T, specs: [{huggingface_repo_id: a/b}]}]",
        "07-aliases.gpustack": f"{ALIASES}model_sets: [{{name: T, x: *a29, specs: [{{huggingface_repo_id: a/b}}]}}]".encode(),
        "08-cycle.gpustack": b"model_sets: [&a {name: T, me: *a, specs: [{huggingface_repo_id: a/b}]}]",
        "09-sexagesimal.gpustack": f"model_sets: [{{name: T, size: 1{':59' * 100_000}, specs: [{{huggingface_repo_id: a/b}}]}}]".encode(),
        "10-no-date.gpustack": b"model_sets: [{name: T, release_date: 2025-25-11, specs: [{huggingface_repo_id: a/b}]}]",
        "11-object.gpustack": b"!!python/object/apply:os.system ['true']",
        "12-tag.gpustack": b"!%1b%5d0;owned x: y",
        "13-keys.gpustack": b"model_sets: [{name: T, !!binary aGk=: 1, specs: [{huggingface_repo_id: a/b}]}]",
        "14-products.gpustack": f"- {{name: T, sizes: [{MANY}], quantizations: [{MANY}], templates: [{{huggingface_repo_id: a/b}}]}}".encode(),
        "15-values.gpustack": b"[" + b"a," * 1_000_000 + b"]",
        "16-number.api": offers(f'"x": {{"a": {"9" * 9000}}}, "y": {{}}'),
        "17-deep.api": offers('"x": {"a": ' + "[" * 900 + "]" * 900 + '}, "y": {}'),
        "18-too-deep.api": b"[" * 1_000_000,
        "19-long.api": offers('"x": {"a": [' + "[]," * 300_000 + '1]}, "y": {}'),
        "20-entries.api": offers(",".join(f'"{n}":{{}}' for n in range(200_001))),
        "21-twice.api": offers('"x": {"id": "x"}, "x": {"id": "y"}'),
        "22-nan.api": offers('"x": {"cost": {"input": NaN, "output": Infinity}, "limit": {"context": -Infinity}}'),
        "23-pages.recipes": json.dumps([{"json": f"/a/{n}.json"} for n in range(5_001)]).encode(),
        "24-machines.recipe": (
            "model: {model_id: a/b}\nhardware_overrides: {" + ", ".join(f"h{n}: {{}}" for n in range(500)) + "}\n"
            "variants: {" + ", ".join(f"v{n}: {{}}" for n in range(500)) + "}"
        ).encode(),
        "25-hex.toml": b"a = 0x" + b"f" * 9000,
        "26-deep.toml": b"a = " + b"[" * 50_000,
        "27-dots.toml": b".".join([b"a"] * 20_000) + b" = 1",
        "28-latin.toml": "name = 'é'".encode("latin-1"),
        "29-home.yaml": b"models: [{name: x, local_path: '~nobody-here/x'}]",
    }  # fmt: skip
    folder = tmp_path / "documents"
    folder.mkdir()
    for name, content in documents.items():
        (folder / name).write_bytes(content)
    assert read_in_little_memory(folder) == snapshot(
        {
            "01-brackets.gpustack": "refused: not a catalog's YAML: it is nested too deep",
            "02-dashes.gpustack": "refused: not a catalog's YAML: it is nested too deep",
            "03-braces.gpustack": "refused: not a catalog's YAML: it is nested too deep",
            "04-utf16.gpustack": "refused: not a catalog's YAML: it is nested too deep",
            "05-merges.gpustack": "refused: not YAML: it merges too much, in line 17, column 6",
            "06-merges-itself.gpustack": "refused: not YAML: found undefined alias, in line 2, column 19",
            "07-aliases.gpustack": "refused: no set in it can be read: the set is too large or nested too deep",
            "08-cycle.gpustack": "refused: no set in it can be read: the set is too large or nested too deep",
            "09-sexagesimal.gpustack": "1 kept; ",
            "10-no-date.gpustack": "1 kept; ",
            "11-object.gpustack": "refused: not YAML: could not determine a constructor for the tag 'tag:yaml.org,2002:python/object/apply:os.system', in line 1, column 1",
            "12-tag.gpustack": "refused: not YAML: could not determine a constructor for the tag '!\\x1b]0;owned', in line 1, column 1",
            "13-keys.gpustack": "refused: no set in it can be read: the set is too large or nested too deep",
            "14-products.gpustack": "refused: no set in it can be read: the set stands for too many specs",
            "15-values.gpustack": "refused: not a catalog's YAML: it has too many values",
            "16-number.api": "2 kept; ",
            "17-deep.api": "1 kept; the entry is nested too deep",
            "18-too-deep.api": "refused: not JSON: maximum recursion depth exceeded while decoding a JSON array from a unicode string",
            "19-long.api": "1 kept; the entry is too long",
            "20-entries.api": "refused: it has more than 200000 entries",
            "21-twice.api": "1 kept; ",
            "22-nan.api": "1 kept; ",
            "23-pages.recipes": "refused: `models.json` lists more than 5000 recipes",
            "24-machines.recipe": "0 kept; the recipe is for too many machines",
            "25-hex.toml": "0 kept; the entry is too large or nested too deep",
            "26-deep.toml": "0 kept; cannot be read: maximum recursion depth exceeded",
            "27-dots.toml": "0 kept; the entry is too long",
            "28-latin.toml": "0 kept; cannot be read: 'utf-8' codec can't decode byte 0xe9 in position 8: invalid continuation byte",
            "29-home.yaml": "1 kept; ",
        }
    )


def test_merges_mean_what_they_mean_in_yaml() -> None:
    text = "a: &a {x: 1, y: 1}\nb: &b {x: 2, z: 2}\nc: {<<: [*a, *b], y: 3}\nd: {z: 4, <<: *b}\ne: &e {<<: *e, x: 5}\n"
    assert load(text) == {
        "a": {"x": 1, "y": 1}, "b": {"x": 2, "z": 2},
        "c": {"x": 1, "y": 3, "z": 2}, "d": {"x": 2, "z": 4}, "e": {"x": 5},
    }  # fmt: skip
    with pytest.raises(NotThisFormat, match="it merges what is no mapping"):
        load("a: {<<: [1]}")


@pytest.mark.slow
def test_a_hundred_megabytes_are_not_read_into_memory(tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    for name, line in (("big.yaml", b"a: 1\n"), ("big.toml", b"a = 1\n"), ("models.local.yaml", b"- x\n")):
        (folder / name).write_bytes(line * (100_000_000 // len(line)))
    assert read_in_little_memory(folder, megabytes=128) == dict.fromkeys(
        ("big.yaml", "models.local.yaml"), "0 kept; not a catalog's YAML: it is larger than 4.00 MiB"
    ) | {"big.toml": "0 kept; the entry is too long"}
    with pytest.raises(SourceUnavailable, match="is larger than 67108864 bytes"):
        Http().fetch(str(folder / "big.yaml"))


@pytest.mark.slow
def test_the_largest_document_there_may_be_takes_bounded_memory(tmp_path: Path) -> None:
    many = b",".join(b'"m%d":{"a":[%s]}' % (n, b"[]," * 90 + b"1") for n in range(190_000))
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "full.api").write_bytes(b'{"h": {"models": {' + many + b"}}}")
    assert MAX_DOCUMENT_BYTES // 2 < (folder / "full.api").stat().st_size < MAX_DOCUMENT_BYTES
    assert read_in_little_memory(folder, megabytes=6144)["full.api"].startswith("190000 kept")


def test_what_has_no_end_is_read_to_the_limit() -> None:
    with pytest.raises(SourceUnavailable, match="`/dev/zero` is larger than"):
        Http().fetch("/dev/zero")


@pytest.mark.slow
def test_a_gzip_bomb_is_read_to_the_limit() -> None:
    bomb = gzip.compress(bytes(MAX_DOCUMENT_BYTES * 4), 9)
    served = httpx.MockTransport(lambda _: httpx.Response(200, content=bomb, headers={"content-encoding": "gzip"}))
    with pytest.raises(SourceUnavailable, match="is larger than"):
        Http(served).fetch("https://catalogs.invalid/api.json")


def test_a_file_that_is_gone_meanwhile(tmp_path: Path) -> None:
    assert parse_file(tmp_path / "x.toml").skipped[0].reason.startswith("cannot be read:")
