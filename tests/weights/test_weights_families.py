"""Families are data: one file, read strictly, and no name of a model in the code that judges."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from tests.planning.machines import FACTS

from modelscan.hubs.families import shipped_families
from modelscan.model import STRANGER
from modelscan.model.family import VisionJoint
from modelscan.storage.shipped import shipped, shipped_text
from modelscan.weights.counting.joints import FORMULAS
from modelscan.weights.counting.tensors import parameters_per_gpu
from modelscan.weights.families.records import read_families
from modelscan.weights.reading.shape import read_architecture

TEXT = shipped_text("families.toml")
SOURCE = Path(__file__).resolve().parents[2] / "src" / "modelscan"


def with_record(record: str) -> str:
    return f"{TEXT}\n[family.brandnew]\n{record}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (with_record('model_types = ["brandnew"]\nheads = 3'), "family brandnew has an unknown key: heads"),
        (with_record('model_types = ["brandnew"]\ncounted = true'), "family brandnew has an unknown key: counted"),
        (with_record('model_types = ["brandnew"]\nvision_joint = "glue"'), "brandnew has an unknown vision_joint: 'glue'"),
        (with_record('model_types = ["brandnew"]\ntied = 1'), "family brandnew has an unknown tied: 1"),
        (with_record('model_types = ["brandnew"]\ntool_parser = { vllm = 1 }'), "unknown tool_parser: {'vllm': 1}"),
        (with_record("tied = true"), "family brandnew has no model types"),
        (with_record('model_types = ["gemma2"]'), "gemma2 is in two families: gemma2 and brandnew"),
        (with_record('alike = ["gemma3*"]'), "gemma3 is in two families: gemma3 and brandnew"),
        (with_record('model_types = "brandnew"'), "brandnew.model_types is not a list of strings"),
        (TEXT + '\n[famly.x]\nmodel_types = ["x"]\n', "the file: unknown famly; missing none"),
        (TEXT.replace("[text]\n", "[text]\nstates = []\n"), "text: unknown states; missing none"),
        (TEXT.replace("vision_tiles = ", "vision_tails = "), "vision: unknown vision_tails; missing vision_tiles"),
        (TEXT.replace('layers = ["num_hidden_layers"', 'layer = ["num_hidden_layers"'), "keys: unknown layer; missing layers"),
        (TEXT.replace('vision_heads = ["num_heads"', 'vision_heads = ["depth"'), "depth spells two sizes"),
        (TEXT.replace('recurrent = "linear"', 'recurrent = "round"'), "unknown kind of layer for recurrent: 'round'"),
    ],
)  # fmt: skip
def test_a_word_that_the_program_does_not_know_is_refused(text: str, said: str) -> None:
    assert text != TEXT
    with pytest.raises(ValueError, match=re.escape(said)):
        read_families(text)


def test_every_formula_that_a_record_may_name_is_there() -> None:
    assert set(FORMULAS) == set(get_args(VisionJoint))


@pytest.mark.parametrize(
    ("model_type", "family", "counted"),
    [
        ("gemma3", "gemma3", True),
        ("gemma3_text", "gemma3", True),
        ("gemma3_of_tomorrow", "gemma3", False),
        ("gemma3n_of_tomorrow", "gemma3n", False),
        ("camembert", "roberta", False),
        ("camembert2", "", False),
        ("", "", False),
        (None, "", False),
        (7, "", False),
    ],
)
def test_a_model_type_finds_its_record(model_type: object, family: str, counted: bool) -> None:
    found = shipped_families().of(model_type)
    assert (found.name, found.counted) == (family, counted)


def test_a_new_family_is_a_record_and_nothing_else() -> None:
    config: dict[str, Any] = {
        "model_type": "brandnew", "num_hidden_layers": 4, "hidden_size": 64, "intermediate_size": 256, "vocab_size": 640,
        "num_attention_heads": 4, "sliding_window": 16,
    }  # fmt: skip
    stranger = read_architecture(config, shipped_families())
    record = 'model_types = ["brandnew"]\ntied = true\nfull_every = 2\nmlp_matrices = 2'
    known = read_architecture(config, read_families(with_record(record)))
    assert (stranger.family, stranger.layer_types) == (STRANGER, ())
    assert (known.family.name, known.layer_types) == ("brandnew", ("sliding", "full") * 2)
    counts = [parameters_per_gpu(shape) for shape in (stranger, known)]
    assert counts[0] is not None
    assert counts[1] is not None
    assert counts[0].checkpoint - counts[1].checkpoint == 640 * 64 + 4 * 64 * 256  # a head, and a gate in each layer


def test_a_new_spelling_is_a_word_and_nothing_else() -> None:
    text = TEXT.replace('layers = ["num_hidden_layers"', 'layers = ["number_of_layers", "num_hidden_layers"')
    assert read_architecture({"number_of_layers": 5}, read_families(text)).num_hidden_layers == 5


def _parsers_named() -> Iterator[tuple[str, str, str, str]]:
    """Repo, backend, kind and name of every parser that the shipped catalogs name."""
    named = re.compile(r'--(tool-call|reasoning)-parser(?:", "|=| )([a-z0-9_\-]+)')
    for source in ("vllm_recipes", "gpustack"):
        for line in shipped(f"{source}.jsonl").read_text(encoding="utf-8").splitlines():
            repo, entry = json.loads(line)
            specs = [entry] if source == "vllm_recipes" else entry.get("specs") or []
            for spec in specs:
                backend = str(spec.get("backend", "vllm")).lower()
                where = spec.get("huggingface_repo_id", repo)
                yield from ((where, backend, kind, name) for kind, name in named.findall(json.dumps(spec)))


def test_a_parser_of_a_family_is_the_one_that_every_catalog_names() -> None:
    types = {repo.lower(): facts.get("model_type") for repo, facts in _shapes().items()}
    checked = 0
    for repo, backend, kind, name in _parsers_named():
        family = shipped_families().of(types.get(repo.lower()))
        ours = (family.tool_parser if kind == "tool-call" else family.reasoning_parser).get(backend)
        if ours is not None and FACTS.parsers.knows(backend, kind, name, None):
            assert ours == name, (repo, backend, kind)
            checked += 1
    assert checked > 60


def test_backends_have_the_parsers_of_families() -> None:
    for family in {family.name: family for family in shipped_families().records.values()}.values():
        for kind, parsers in (("tool-call", family.tool_parser), ("reasoning", family.reasoning_parser)):
            for backend, name in parsers.items():
                assert FACTS.parsers.knows(backend, kind, name, None), (family.name, backend, kind, name)


def _shapes() -> dict[str, Any]:
    shapes: dict[str, Any] = json.loads(shipped_text("architectures.json"))["models"]
    return shapes


# What looks like a model's name and is none.
_ALLOWED = {
    "mamba": "in the names of modules that a quantization leaves alone",
    "mamba_ssm_cache_dtype": "a key of configs, as vLLM names it too",
    "mamba_ssm_dtype": "a key of configs",
    "gpt_oss_mxfp4": "vLLM's word for a quantization method",
}


def _texts(path: Path) -> Iterator[str]:
    """The strings of a module that are no docstrings, and the names that it gives."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.value
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name.lower()
        elif isinstance(node, ast.Name):
            yield node.id.lower()


def test_no_name_of_a_model_stands_in_code_that_judges() -> None:
    families = shipped_families()
    exact = {*families.records, *(facts["model_type"] for facts in _shapes().values() if "model_type" in facts)}
    classes = {name.lower() for facts in _shapes().values() for name in facts.get("architectures", ())}
    beginnings = (*families.alike, *(f"{name}_" for name in exact if len(name) > len("phi3")))
    found: dict[str, set[str]] = {}
    for room in ("weights", "planning"):
        for path in sorted((SOURCE / room).rglob("*.py")):
            for text in _texts(path):
                for word in re.findall(r"[\w-]+", text.lower()):
                    bare = word.strip("_")
                    if (bare in exact and bare != "new") or bare in classes or bare.startswith(beginnings):
                        found.setdefault(bare, set()).add(path.name)
    assert found.keys() == _ALLOWED.keys(), found
