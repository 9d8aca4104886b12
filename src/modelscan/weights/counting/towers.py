"""Parameters of the towers that see and hear, and of what joins them to the language model. Always 16-bit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from modelscan.model import Architecture

# Families whose vision layers have a gated MLP: three matrices.
_GATED = ("gemma4", "qwen2_5_vl", "qwen2_5_omni", "mistral3", "pixtral", "glm4v", "glm_ocr")
_CONFORMERS = ("gemma3n", "gemma4")
_CONFORMER_SQUARES = 24  # of the width: two halves of an MLP, attention with its distances, a gated convolution
# gemma 3n sees with a convolutional network of a fixed size, whose config names no layers.
_CONVOLUTIONAL = {"mobilenetv5_300m_enc": 294_284_096}
_PATCH, _MELS, _HEARD = 14, 128, 1500


def tower_parameters(shape: Architecture) -> float:
    """All towers and projectors: as counted, else from their sizes; 0 where there are none."""
    counted = shape.details.get("vision_parameters")
    return float(counted) if counted else _seeing(shape) + _hearing(shape)


def _seeing(shape: Architecture) -> float:
    tower, hidden, family = shape.vision, shape.hidden_size or 0, shape.model_type or ""
    width = _first(tower, "embed_dim", "vt_hidden_size", "hidden_size")
    layers = _first(tower, "depth", "vt_num_hidden_layers", "num_hidden_layers", "layers")
    if not layers:
        return float(_CONVOLUTIONAL.get(str(tower.get("architecture")), 0) + width * hidden)
    layers += _first(tower, "num_global_layers")
    inner = _first(tower, "intermediate_size", "vt_intermediate_size") or int((tower.get("mlp_ratio") or 4) * width)
    if family.startswith(("glm4v", "glm_ocr")):  # the config's figure is the merger's
        inner = _first(tower, "out_hidden_size") or hidden
    heads = _first(tower, "qkv_hidden_size") or width
    gated = family.startswith(_GATED) or str(tower.get("model_type")).startswith(_GATED)
    blocks = layers * (4 * width * heads + (3 if gated else 2) * width * inner)
    return float(blocks + _patches(tower, width) + _joining(shape, width))


def _patches(tower: Mapping[str, Any], width: int) -> int:
    """The matrix that makes a patch, and the table of places."""
    side, image = _first(tower, "patch_size", "spatial_patch_size") or _PATCH, _first(tower, "image_size")
    if (
        tower.get("model_type") == "pixtral" or tower.get("position_embedding_type") == "rope"
    ):  # its places are turned, not learned
        image = 0
    first = 3 * side * side * (_first(tower, "temporal_patch_size") or 1) * width
    places = (
        2 * _first(tower, "position_embedding_size")
        or _first(tower, "num_position_embeddings", "num_patches")
        or _first(tower, "init_pos_emb_height") ** 2
        or (image // side) ** 2
    )
    if tiles := _first(tower, "max_num_tiles"):  # a table for each way of laying out an image's tiles
        ratios = tower.get("supported_aspect_ratios")
        places += (len(ratios) + 1 if isinstance(ratios, list) else 9) * tiles * places
    return first + places * width


@dataclass(frozen=True, slots=True)
class _Joint:
    """What stands between patches and words: widths of the tower, of `merged` patches, of what comes out, of words."""

    tower: Mapping[str, Any]
    facts: Mapping[str, Any]
    width: int
    merged: int
    out: int
    hidden: int


# How patches reach the language model, by family (transformers 5.19, the classes named *Merger, *Projector, *Adapter).
_JOINTS: tuple[tuple[tuple[str, ...], Callable[[_Joint], int]], ...] = (
    (("glm4v", "glm_ocr"), lambda it: it.out * (it.out + 3 * _first(it.tower, "intermediate_size") + it.merged)),
    (
        ("qwen2_vl", "qwen2_5", "qwen3", "qwen4", "kimi"),  # one merger, and one for each deeper level that is read
        lambda it: (1 + len(it.tower.get("deepstack_visual_indexes") or ())) * it.merged * (it.merged + it.out),
    ),
    (("minimax_m3",), lambda it: it.hidden * (it.width + (2 + it.merged // it.width) * it.hidden)),
    (("internvl", "InternVL"), lambda it: (it.merged + it.hidden) * it.hidden),
    (("gemma3", "gemma4", "paligemma"), lambda it: it.width * it.hidden),
    (("smolvlm", "idefics3"), lambda it: it.merged * it.hidden),
    (("mistral3",), lambda it: it.merged * it.width + (it.width + it.hidden) * it.hidden),
    (("mllama",), lambda it: (_first(it.tower, "vision_output_dim") or 6 * it.width) * it.hidden),
    (
        ("llama4",),
        lambda it: (
            4 * it.width * (_first(it.tower, "projector_input_dim") or 4096)
            + (_first(it.tower, "vision_output_dim") or 4096)
            * ((_first(it.tower, "projector_input_dim") or 4096) + it.hidden)
        ),
    ),
    (("minicpmv", "minicpmo"), lambda it: (it.width + 5 * it.hidden) * it.hidden),
    (("lfm2",), lambda it: _first(it.facts, "projector_hidden_size") * (it.merged + it.hidden)),
    (
        ("aya_vision", "cohere2_vision"),
        lambda it: _first(it.facts, "alignment_intermediate_size") * (2 * it.merged + it.hidden) // 2,
    ),
    (("",), lambda it: (it.width + it.hidden) * it.hidden),  # llava's, and what most others have
)


def _joining(shape: Architecture, width: int) -> int:
    tower, facts, merge = shape.vision, shape.details, shape.vision.get("merge_kernel_size")
    side = merge[0] if isinstance(merge, list) and merge else _first(tower, "spatial_merge_size")
    side = side or _first(facts, "spatial_merge_size", "downsample_factor", "scale_factor") or 2
    hidden = shape.hidden_size or 0
    it = _Joint(tower, facts, width, side * side * width, _first(tower, "out_hidden_size") or hidden, hidden)
    return next(count(it) for families, count in _JOINTS if (shape.model_type or "").startswith(families))


def _hearing(shape: Architecture) -> float:
    tower, hidden, family = shape.details.get("audio_config"), shape.hidden_size or 0, shape.model_type or ""
    if not isinstance(tower, Mapping):
        return 0.0
    width = _first(tower, "d_model", "hidden_size")
    layers = _first(tower, "encoder_layers", "conf_num_hidden_layers", "num_hidden_layers")
    if family.startswith(_CONFORMERS):
        return float(layers * _CONFORMER_SQUARES * width * width + width * hidden)
    joined = 4 * width * hidden + hidden * hidden if family.startswith("voxtral") else width * hidden
    return encoder_parameters(
        width,
        layers,
        _first(tower, "encoder_ffn_dim", "intermediate_size") or 4 * width,
        _first(tower, "num_mel_bins") or _MELS,
        _first(tower, "max_source_positions") or _HEARD,
    ) + float(joined)


def encoder_parameters(width: int, layers: int, inner: int, mels: int, positions: int) -> float:
    """Whisper's encoder: two convolutions of three steps, a table of positions, layers of attention and an MLP."""
    return float(3 * width * (mels + width) + positions * width + layers * (4 * width * width + 2 * width * inner))


def _first(part: Mapping[str, Any], *names: str) -> int:
    return next((int(part[name]) for name in names if isinstance(part.get(name), int) and part[name]), 0)
