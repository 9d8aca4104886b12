"""Add shapes of catalog models to `catalogs/architectures.json` from the model table of llmfit (MIT).

    python scripts/catalogs/shapes.py FILE   # the program inside the wheel llmfit 1.1.17, which carries the table

The table has layers, hidden size, heads, KV heads, head size, vocabulary, experts and the number of parameters, but
neither the size of the dense part nor attention's details. A repo is taken

- `same-shape`: when a repo that is already known has all these figures: its other figures are taken over;
- `mirror`: when the repo is gated, so that the table has only its number of parameters, and another repo of the same
  name has that same number, to the last one; or
- `total`: when the parameters summed from the shape are the table's number, to one in a thousand, for architectures of
  the plain kind; `arithmetic` where they are it to the last norm.

Shapes of `stated.jsonl` beside this file are what public `config.json` files say, written down by hand and without the
keys that do not count. One is taken with its repo's number of parameters when its structure sums up to it (`stated`,
`total`), and alone (`stated`), with wider bounds, when the table does not know the repo. A repo of the same
architecture and of exactly the same number of parameters as a known one has the same shape (`same-total`).

Besides, `derived`: releases that were made from another one by training alone (model cards; `derived.csv`). Everything
else is left out. What is there already stays; running it twice changes nothing.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "catalogs" / "architectures.json"
STATED = Path(__file__).parent / "stated.jsonl"
DERIVED = Path(__file__).parent / "derived.csv"
sys.path.insert(0, str(ROOT / "src"))

from modelscan.catalog.index.open import open_index  # noqa: E402  after the path is set
from modelscan.hubs.families import shipped_families  # noqa: E402
from modelscan.model import WeightsDescription  # noqa: E402
from modelscan.settings.reading import load_settings  # noqa: E402
from modelscan.weights.counting.bytes import parameter_count  # noqa: E402
from modelscan.weights.counting.tensors import parameters_per_gpu  # noqa: E402
from modelscan.weights.reading.shape import read_architecture  # noqa: E402

Facts = dict[str, Any]
_START = re.compile(rb'\[\s*\{\s*"name":')
_BYTES = 30_000_000
_SAME = ("num_hidden_layers", "hidden_size", "num_attention_heads", "num_key_value_heads", "moe_intermediate_size")
_NEAR = 0.001
_MASKED, _MASKS = ("gpt2", "gpt_neox"), 0.35
_NO_CONTEXT = 4096
_QUANTIZED = re.compile(r"fp8|fp4|awq|gptq|int[48]|w\d+a\d+|bnb|gguf|exl2|quant|\d-?bit", re.IGNORECASE)
# The same attention in all layers and a dense part: nothing that these figures do not tell. With the class that their
# config.json names.
_PLAIN: Mapping[str, str] = {
    "llama": "LlamaForCausalLM",
    "mistral": "MistralForCausalLM",
    "qwen2": "Qwen2ForCausalLM",
    "qwen3": "Qwen3ForCausalLM",
    "olmo2": "Olmo2ForCausalLM",
    "granite": "GraniteForCausalLM",
    "exaone": "ExaoneForCausalLM",
    "internlm2": "InternLM2ForCausalLM",
    "internlm3": "InternLM3ForCausalLM",
    "baichuan": "BaichuanForCausalLM",
    "cohere": "CohereForCausalLM",
    "gemma": "GemmaForCausalLM",
    "glm4": "Glm4ForCausalLM",
    "seed_oss": "SeedOssForCausalLM",
    "phi3": "Phi3ForCausalLM",
    "smollm3": "SmolLM3ForCausalLM",
    "ernie4_5": "Ernie4_5ForCausalLM",
    "arcee": "ArceeForCausalLM",
    "minicpm": "MiniCPMForCausalLM",
    "bert": "BertModel",
    "xlm-roberta": "XLMRobertaModel",
    "roberta": "RobertaModel",
}
_ENCODERS = frozenset({"bert", "xlm-roberta", "roberta"})
_ENCODERS_FACTOR = 30  # positions, token types and the head on top are not in the sum
_ENCODER_TASKS = {
    "feature-extraction": "embed",
    "sentence-similarity": "embed",
    "text-classification": "rerank",
    "text-ranking": "rerank",
}
_STEP = 64  # sizes of the dense part are multiples of it


def main() -> None:
    kept: dict[str, Facts] = json.loads(FILE.read_text())["models"]
    table = {row["name"].lower(): row for row in read_table(Path(sys.argv[1]))}
    known = {name.lower() for name in kept}
    shapes = [facts for name, facts in kept.items() if not _QUANTIZED.search(name)]
    added = 0
    for line in STATED.read_text().splitlines():
        facts = json.loads(line)
        repo = facts.pop("repo")
        if repo.lower() not in known and (checked := from_stated(facts, table.get(repo.lower()))):
            known.add(repo.lower())
            kept[repo] = checked
            shapes.append(checked)
            added += 1
    for repo in wanted_repos(known):
        row = table.get(repo.lower())
        facts = (
            from_row(row, shapes) or same_total(row, shapes) or from_mirror(row, kept, table)
            if row is not None
            else None
        )  # fmt: skip
        if facts is not None:
            kept[repo] = facts
            shapes.append(facts)
            added += 1
    taken = {name.lower() for name in kept}
    for made in csv.DictReader(DERIVED.read_text().splitlines()):
        repo, base = made["repo"], made["made_from"]
        if repo.lower() not in taken and base in kept:
            kept[repo] = {**kept[base], "verified": ["derived"]}
            added += 1
    lines = ",\n".join(
        f"  {json.dumps(name)}: {json.dumps(kept[name], separators=(',', ':'))}" for name in sorted(kept, key=str.lower)
    )
    FILE.write_text('{"models": {\n' + lines + "\n}}\n")
    print(f"{added} added, {len(kept)} in all")


def read_table(program: Path) -> list[Facts]:
    """The largest list of named records among the program's strings."""
    content = program.read_bytes()
    found: list[list[Facts]] = [[]]
    for start in _START.finditer(content):
        text = content[start.start() : start.start() + _BYTES].decode("utf-8", "ignore")
        found.append(json.JSONDecoder().raw_decode(text)[0])
    return max(found, key=len)


def wanted_repos(known: set[str]) -> Iterator[str]:
    """Repos of open models that no shape is known of, 16-bit releases as others are given another form."""
    index = open_index(load_settings({"MODELSCAN_HOME": "/nonexistent"}))
    for model in index.models():
        for weights in model.weights:
            if weights.source == "huggingface" and weights.repo_id.lower() not in known and weights.format != "gguf":
                known.add(weights.repo_id.lower())
                if not _QUANTIZED.search(weights.repo_id):
                    yield weights.repo_id


def from_row(row: Facts, shapes: list[Facts]) -> Facts | None:
    """The facts under the names of `config.json`, None where they cannot be made certain."""
    if not row.get("num_hidden_layers") or not row.get("hidden_size"):
        return None
    return same_shape(row, shapes) or plain_shape(row)


def from_stated(facts: Facts, row: Facts | None) -> Facts | None:
    """With the table's total where the structure explains it; None where it contradicts it."""
    if row is None:
        return {**facts, "verified": ["stated"]}
    total = row["parameters_raw"]
    made = summed(facts) or 0
    named = {**facts, "total_parameters": total, "verified": ["llmfit", "total", "stated"]}
    weights = WeightsDescription(
        source="huggingface",
        repo_id="",
        location="",
        architecture=read_architecture(named, shipped_families()),
        quantization="BF16",
    )
    # A head that is stored twice and layers for speculation are in the files and not in the sum.
    if abs((parameter_count(weights) or 0) - made) <= _NEAR * made:
        return named
    # Old releases count masks as parameters; a round figure is no count.
    masks = row["architecture"] in _MASKED or total % 10**6 == 0
    return {**facts, "verified": ["stated"]} if masks and abs(total - made) <= _MASKS * made else None


def same_total(row: Facts, shapes: list[Facts]) -> Facts | None:
    """Two models of one architecture that agree in the last of millions of parameters have the same parts."""
    for facts in shapes:
        own = read_architecture(facts, shipped_families())
        if (own.model_type, facts.get("total_parameters")) != (row["architecture"], row["parameters_raw"]):
            continue
        layers = row.get("num_hidden_layers")
        if "total" not in facts["verified"] or (layers and layers != own.num_hidden_layers):
            continue
        return {**facts, **context(row, facts), "verified": ["llmfit", "total", "same-total"]}
    return None


def same_shape(row: Facts, shapes: list[Facts]) -> Facts | None:
    for facts in shapes:  # of releases: those whose own format is FP8 stay so
        if facts.get("verified") == ["derived"]:
            continue
        own = read_architecture(facts, shipped_families())
        mine = (
            own.model_type, own.num_hidden_layers, own.hidden_size, own.num_attention_heads, own.num_key_value_heads,
            own.num_experts or None, own.moe_intermediate_size if own.num_experts else None, own.vocab_size,
        )  # fmt: skip
        theirs = (
            row["architecture"], *(row.get(name) for name in _SAME[:4]),
            row.get("num_experts") or None, row.get("moe_intermediate_size") if row.get("num_experts") else None,
            row.get("vocab_size"),
        )  # fmt: skip
        total = facts.get("total_parameters")
        if mine == theirs and total and abs(total - row["parameters_raw"]) <= _NEAR * total:
            return {
                **facts,
                **context(row, facts),
                "total_parameters": row["parameters_raw"],
                "verified": ["llmfit", "total", "same-shape"],
            }
    return None


def context(row: Facts, facts: Facts) -> Facts:
    """The table's figure, unless it is the one that it has where it knows none."""
    length = row.get("context_length") or 0
    longer = max(length, facts.get("max_position_embeddings") or 0)
    return {"max_position_embeddings": length if length > _NO_CONTEXT else longer}


def from_mirror(row: Facts, kept: Mapping[str, Facts], table: Mapping[str, Facts]) -> Facts | None:
    name, total = plain_name(row["name"]), row["parameters_raw"]
    for repo, facts in kept.items():
        if plain_name(repo) == name and facts.get("total_parameters") == total:
            return {**facts, "verified": ["llmfit", "total", "mirror"]}
    for other in table.values():
        same = other.get("hidden_size") and other["parameters_raw"] == total and plain_name(other["name"]) == name
        facts_of_it = from_row(other, list(kept.values())) if same else None
        if facts_of_it is not None:
            return {**facts_of_it, "verified": ["llmfit", "total", "mirror"]}
    return None


def plain_name(repo: str) -> str:
    return repo.rpartition("/")[2].lower().removeprefix("meta-")


def plain_shape(row: Facts) -> Facts | None:
    name = _PLAIN.get(row["architecture"])
    if row["architecture"] in _ENCODERS and row["pipeline_tag"] not in _ENCODER_TASKS:
        return None
    if name is None or row.get("num_experts") or not row.get("vocab_size"):
        return None
    total = row["parameters_raw"]
    best: tuple[float, Facts] | None = None
    for tied in (False, True):
        base: Facts = {
            "architectures": [name],
            "model_type": row["architecture"],
            **{key: row[key] for key in ("num_hidden_layers", "hidden_size", "num_attention_heads")},
            "num_key_value_heads": row.get("num_key_value_heads") or row["num_attention_heads"],
            "head_dim": row.get("head_dim"),
            "vocab_size": row["vocab_size"],
            "max_position_embeddings": row["context_length"],
            "tie_word_embeddings": tied,
            "torch_dtype": "bfloat16",
            "total_parameters": total,
        }
        # The table's name for the size of the dense part, too.
        size = row.get("moe_intermediate_size") or solved(base, total)
        if size is None:
            continue
        off = abs((summed({**base, "intermediate_size": size}) or 0) - total) / total
        exact = off * total <= base["hidden_size"]  # but for the last norm; else there are biases
        verified = ["llmfit", "total", "arithmetic"] if exact else ["llmfit", "total"]
        facts = {**base, "intermediate_size": size, "verified": verified}
        if best is None or off < best[0]:
            best = (off, facts)
    if best is None or best[0] > _NEAR * (_ENCODERS_FACTOR if row["architecture"] in _ENCODERS else 1):
        return None
    if row["architecture"] in _ENCODERS:
        best[1].update(tie_word_embeddings=True, torch_dtype="float32", task=encoder_task(row), verified=["llmfit"])
    return best[1]


def encoder_task(row: Facts) -> str:
    return "rerank" if "rerank" in row["name"].lower() else _ENCODER_TASKS[row["pipeline_tag"]]


def solved(base: Facts, total: int) -> int | None:
    none, one = (summed({**base, "intermediate_size": size}) for size in (_STEP, 2 * _STEP))
    if none is None or one is None or one == none:
        return None
    size = round((total - none) / (one - none)) * _STEP + _STEP
    return size if size > base["hidden_size"] else None


def summed(facts: Facts) -> float | None:
    counted = parameters_per_gpu(read_architecture(facts, shipped_families()))
    return None if counted is None else counted.checkpoint


if __name__ == "__main__":
    main()
