"""All models of the tests: `python -m scripts.test_models.make FETCHED TARGET`, with the Python of an environment with
transformers.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from modelscan_serving.handlers.ours.torch_setup import prepare_torch

_WHISPER = {"whisper-tiny.en": "whisper-tiny.en-ct2", "whisper-base": "whisper-base-ct2"}


def make(fetched: Path, target: Path) -> None:
    """What is there already is left as it is."""
    prepare_torch()  # before the first model of transformers, which loads torchvision
    from scripts.test_models.tiny import KINDS
    from scripts.test_models.whisper import convert

    for kind, build in KINDS.items():
        if not (target / kind).exists():
            torch.manual_seed(0)
            build(target / kind)
    for name, source in _WHISPER.items():
        if not (target / name).exists():
            convert(fetched / source, target / name)


if __name__ == "__main__":
    make(Path(sys.argv[1]), Path(sys.argv[2]))
