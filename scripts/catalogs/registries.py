"""Complete `catalogs/known_weights.csv` from the lists of models in other projects' packages (Apache-2.0).

    python scripts/catalogs/registries.py WHEEL...   # of ms-swift, xinference, llamafactory and others, any version

Ids of repos only: which there are, what ModelScope calls them, and who names them.

- `evidence` of a row gains the packages that name its repo, letter by letter.
- `modelscope` is filled where it is empty and one of the three lists pairs the repos, under the same name.
- A repo that one of the three lists names gets a row where its owner publishes models of its own (another row or
  `labs.csv` says so), no row has that name under another owner (labs move), and its form is one that a backend loads:
  no GGUF, no MLX, no conversion of a repo that has a row itself. Weights before tuning are told from their name, or
  from a tuned sibling of the same name.

Running it twice changes nothing.
"""

from __future__ import annotations

import csv
import json
import re
import sys
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "src"))

from modelscan.catalog.naming import names  # noqa: E402  after the path is set

CATALOGS = ROOT / "catalogs"
KNOWN_WEIGHTS = CATALOGS / "known_weights.csv"

Row = dict[str, str]
Pairs = dict[str, str]  # a repo at Hugging Face → the same at ModelScope, or nothing

_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,60}/[A-Za-z0-9][\w.-]{1,95}")
_TEXT = frozenset({"py", "json", "jsonl", "md", "yaml", "yml", "txt", "toml", "csv"})
_SWIFT = re.compile(r"""Model\(\s*['"]([^'"]+)['"]\s*,\s*['"]([^'"]+)['"]""")
_FACTORY = re.compile(r'DownloadSource\.DEFAULT:\s*"([^"]+)"(?:,\s*DownloadSource\.MODELSCOPE:\s*"([^"]+)")?')
_NOT_LOADED = re.compile(
    r"gguf|mlx|bnb|onnx|openvino|mnn|aqlm|lora|adapter|-np\d|ggml|[48]bits?$|-int[48]$", re.IGNORECASE
)
_CONVERTED = re.compile(r"[-_](?:hf|diffusers|bf16|fp16|fp32|sft|dpo|mpo|pretrain(?:ed)?|stage\d|zero)$", re.IGNORECASE)
_BASE = re.compile(r"[-_](?:base|pt|pretrain(?:ed)?)(?=[-_]|$)", re.IGNORECASE)
_TUNED = re.compile(r"[-_](?:instruct|chat|it)(?=[-_]|$)", re.IGNORECASE)
_OTHER_TASK = re.compile(r"bge|text2vec|m3e|embed|rerank|tts|voice|speech", re.IGNORECASE)
_QUANTIZED = re.compile(r"[-_](?:awq|gptq|fp8|int[48]|nvfp4|mxfp4|w8a8|fp8-dynamic)(?:[-_]int[48])?$", re.IGNORECASE)
# Who publishes others' models in another form, and names at ModelScope that a list gives as Hugging Face's.
_NOT_THEIR_OWN = frozenset({
    "alpindale", "casperhansen", "cognitivecomputations", "cpatonn", "hpcai-tech", "hugging-quants", "jakiak",
    "junhowie",
    "mistral-community", "neuralmagic", "quanttrio", "redhatai", "solidrust", "techxgenus", "teleai",
    "tencent-hunyuan", "thebloke", "unsloth", "zhipuai",
})  # fmt: skip
_MIRRORS = frozenset(
    {"jerry0", "mirror013", "mlx-community", "modelscope", "mwei23", "okwinds", "swift", "tclf90", "xorbits"}
)


def main() -> None:
    wheels = [Path(name) for name in sys.argv[1:]]
    if not wheels:
        raise SystemExit(__doc__)
    with KNOWN_WEIGHTS.open(encoding="utf-8", newline="") as file:
        rows: list[Row] = list(csv.DictReader(file))
    columns = list(rows[0])
    listed: Pairs = {}
    naming: dict[str, set[str]] = defaultdict(set)
    for wheel in wheels:
        package = wheel.name.split("-")[0].replace("_", "-")
        with zipfile.ZipFile(wheel) as archive:
            for repo in _names_in(archive):
                naming[repo].add(package)
            for repo, other in _READERS.get(package, _none)(archive):
                # Lists are read in the order they are given in; the first that pairs two repos is believed.
                naming[repo].add(package)
                listed[repo] = listed.get(repo) or (other if _is_the_same(repo, other) else "")
    repos = {row["repo"].casefold() for row in rows} | {repo.casefold() for repo in listed}
    known = {row["repo"].casefold().partition("/")[2] for row in rows}
    owners = {_owner(row["repo"]) for row in rows} | _organizations()
    new = [_row(repo, listed, columns) for repo in listed if _is_wanted(repo, known, owners, repos)]
    for row in (*rows, *new):
        if not row["modelscope"]:
            row["modelscope"] = listed.get(row["repo"], "")
        said = row["evidence"].split("+")
        row["evidence"] = "+".join(dict.fromkeys([*said, *sorted(naming[row["repo"]])])).strip("+")
    with KNOWN_WEIGHTS.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted([*rows, *new], key=lambda row: row["repo"].casefold()))
    print(f"{len(new)} rows are new, {sum('+' in row['evidence'] for row in rows)} of {len(rows)} are named by others")


def _is_the_same(repo: str, other: str) -> bool:
    """Under another name a repo at ModelScope was another model's more than once (llamafactory 0.9.5: gemma-7b)."""
    return _owner(other) not in _MIRRORS and repo.casefold().partition("/")[2] == other.casefold().partition("/")[2]


def _is_wanted(repo: str, known: set[str], owners: set[str], repos: set[str]) -> bool:
    name = repo.casefold().partition("/")[2]
    stem = _CONVERTED.sub("", name)
    former = name.removeprefix("meta-")  # Meta's repos lost the word with Llama 3.1
    return (
        bool(_NAME.fullmatch(repo))
        and not {name, former} & known
        and _owner(repo) in owners - _NOT_THEIR_OWN
        and (not _QUANTIZED.search(name) or names.base_repo(repo) in repos)  # its own lab's, not another's of it
        and not _NOT_LOADED.search(_QUANTIZED.sub("", name))
        and (stem == name or not any(other.startswith(stem) for other in known))
    )


def _row(repo: str, listed: Mapping[str, str], columns: Iterable[str]) -> Row:
    row = dict.fromkeys(columns, "")
    name = repo.casefold()
    base = _BASE.search(name) or any(name == _TUNED.sub("", other.casefold()) for other in listed if other != repo)
    row.update(
        repo=repo, task="completion" if base and not (_QUANTIZED.search(name) or _OTHER_TASK.search(name)) else ""
    )
    return row


def _owner(repo: str) -> str:
    return repo.partition("/")[0].casefold()


def _organizations() -> set[str]:
    with (CATALOGS / "labs.csv").open(encoding="utf-8", newline="") as file:
        return {owner for row in csv.DictReader(file) for owner in row["organizations"].split()}


def _names_in(archive: zipfile.ZipFile) -> set[str]:
    """Everything in a package's texts that is written as repos are."""
    found: set[str] = set()
    for name in archive.namelist():
        if name.rpartition(".")[2] in _TEXT and "tokenizer" not in name:
            found.update(match.rstrip(".-") for match in _NAME.findall(archive.read(name).decode("utf-8", "replace")))
    return found


def _swift(archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    for name in archive.namelist():
        if name.startswith("swift/") and name.endswith(".py"):
            for modelscope, repo in _SWIFT.findall(archive.read(name).decode()):
                yield repo, modelscope


def _factory(archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    for name in archive.namelist():
        if name.endswith("extras/constants.py"):
            yield from _FACTORY.findall(archive.read(name).decode())


def _xinference(archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    for name in archive.namelist():
        if re.fullmatch(r"xinference/model/\w+/(?:models/)?[^/]+\.json", name):
            document = json.loads(archive.read(name))
            for family in document if isinstance(document, list) else [document]:
                for spec in family.get("model_specs") or [family]:
                    yield from _of_spec(spec.get("model_src") or {})


def _of_spec(hubs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    here, there = (hubs.get(hub) or {} for hub in ("huggingface", "modelscope"))
    for quantization in here.get("quantizations") or [""]:
        repo, other = (str(hub.get("model_id") or "").replace("{quantization}", quantization) for hub in (here, there))
        if repo:
            yield repo, other


def _none(_: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    return iter(())


_READERS = {"ms-swift": _swift, "llamafactory": _factory, "xinference": _xinference}

if __name__ == "__main__":
    main()
