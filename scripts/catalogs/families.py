"""Count the parameters of `benchmarks/data/families.jsonl` anew with the classes of transformers.

    python scripts/catalogs/families.py   # in an environment that has transformers and torch, such as a backend's

Every model is built on PyTorch's `meta` device, where tensors have shapes and no bytes: a trillion parameters take
a second. Rows of classes that transformers does not have (`source` names another) stay as they are.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).resolve().parents[2] / "benchmarks" / "data" / "families.jsonl"


def main() -> None:
    import transformers

    rows = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        if row["source"] == f"transformers {transformers.__version__}":
            counted = count(row["config"])
            if counted != row["parameters"]:
                print(f"{row['repo']}: {row['parameters']:,} were written down, {counted:,} are built")
            row["parameters"] = counted
    FILE.write_text("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows), encoding="utf-8")


def count(config: dict[str, Any]) -> int:
    import torch
    import transformers

    facts = copy.deepcopy(config)  # the classes write into what they are given
    read = transformers.AutoConfig.for_model(facts.pop("model_type"), **facts)
    named = getattr(transformers, (read.architectures or [""])[0], None)
    with torch.device("meta"):
        model = named._from_config(read) if named else mapped(read)  # noqa: SLF001  its only way without weights
    return sum(parameter.numel() for parameter in model.parameters())


def mapped(read: Any) -> Any:
    """The class of the model type, where the repo's own is of other code."""
    from transformers.models.auto import modeling_auto as auto

    for mapping, maker in (
        (auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING, auto.AutoModelForImageTextToText),
        (auto.MODEL_FOR_CAUSAL_LM_MAPPING, auto.AutoModelForCausalLM),
    ):
        if type(read) in mapping:
            return maker.from_config(read)
    return auto.AutoModel.from_config(read)


if __name__ == "__main__":
    main()
