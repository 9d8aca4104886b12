"""What hubs said is kept as it was read; what is known of its family is today's."""

from __future__ import annotations

import json
import os

import pytest

from modelscan.hubs.families import shipped_families
from modelscan.hubs.memory import Memory
from modelscan.model import WeightsDescription
from modelscan.settings.reading import load_settings
from modelscan.system.clock import SystemClock
from modelscan.weights.reading.shape import read_architecture

COMMIT = "c" * 40
CONFIG = {"model_type": "gemma3n", "num_hidden_layers": 4, "ssm_state_size": 16, "vision_config": {"hidden_size": 64}}


@pytest.mark.usefixtures("home")
def test_a_shape_that_an_earlier_version_kept_is_recognized_again() -> None:
    settings = load_settings(dict(os.environ))
    memory = Memory("huggingface", settings, SystemClock())
    shape = read_architecture(CONFIG, shipped_families())
    described = WeightsDescription(source="huggingface", repo_id="a/b", location="a/b", architecture=shape)
    memory.keep_description("a/b", COMMIT, described)
    (kept,) = settings.paths.cache.glob(f"weights-v1/huggingface/a--b/{COMMIT}.json")
    document = json.loads(kept.read_text())
    for name in ("family", "vision_family", "sizes"):  # which it did not have
        del document["description"]["architecture"][name]
    kept.write_text(json.dumps(document))
    assert memory.description("a/b", COMMIT) == described
    assert (shape.family.name, shape.sizes) == ("gemma3n", {"state": 16, "vision_width": 64})
