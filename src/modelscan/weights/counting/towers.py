"""Parameters of vision and audio towers, and of their projectors. Always 16-bit."""

from __future__ import annotations

from collections.abc import Mapping

from modelscan.model import Architecture
from modelscan.weights.counting.joints import joint_parameters

_CONFORMER_SQUARES = 24  # in squares of the width: two half MLPs, relative attention, a gated convolution
_PATCH, _MELS, _HEARD = 14, 128, 1500


def tower_parameters(shape: Architecture) -> float:
    """All towers and projectors: as counted, else from their sizes; 0 without any."""
    counted = shape.details.get("vision_parameters")
    return float(counted) if counted else _seeing(shape) + _hearing(shape)


def _seeing(shape: Architecture) -> float:
    tower, sizes, hidden = shape.vision, shape.sizes, shape.hidden_size or 0
    if not tower:
        return 0.0
    width, layers = sizes.get("vision_width", 0), sizes.get("vision_layers", 0)
    if not layers:  # a convolutional network of fixed size, which the config does not name
        return float(shape.family.vision_parameters + width * hidden)
    layers += sizes.get("vision_more_layers", 0)
    inner = sizes.get("vision_mlp") or int((tower.get("mlp_ratio") or 4) * width)
    if shape.family.vision_mlp == "output":
        inner = sizes.get("vision_output") or hidden
    matrices = max(shape.family.vision_mlp_matrices, shape.vision_family.vision_mlp_matrices)
    blocks = layers * (4 * width * sizes.get("vision_head_width", width) + matrices * width * inner)
    return float(blocks + _patches(shape, width) + joint_parameters(shape))


def _patches(shape: Architecture, width: int) -> int:
    """The patch embedding and the position table."""
    tower, sizes = shape.vision, shape.sizes
    side, image = sizes.get("vision_patch", _PATCH), sizes.get("vision_image", 0)
    if shape.vision_family.vision_rotary or tower.get("position_embedding_type") == "rope":
        image = 0  # rotary, not learned
    first = 3 * side * side * sizes.get("vision_frames", 1) * width
    positions = (
        2 * sizes.get("vision_place_pairs", 0)
        or sizes.get("vision_places")
        or sizes.get("vision_place_side", 0) ** 2
        or (image // side) ** 2
    )
    if tiles := sizes.get("vision_tiles"):  # one table per tile layout
        ratios = tower.get("supported_aspect_ratios")
        positions += (len(ratios) + 1 if isinstance(ratios, list) else 9) * tiles * positions
    return first + positions * width


def _hearing(shape: Architecture) -> float:
    sizes, hidden = shape.sizes, shape.hidden_size or 0
    if not isinstance(shape.details.get("audio_config"), Mapping):
        return 0.0
    width, layers = sizes.get("audio_width", 0), sizes.get("audio_layers", 0)
    if shape.family.audio_encoder == "conformer":
        return float(layers * _CONFORMER_SQUARES * width * width + width * hidden)
    stacked = shape.family.audio_joint == "stacked"  # four steps are stacked
    joined = 4 * width * hidden + hidden * hidden if stacked else width * hidden
    return encoder_parameters(
        width,
        layers,
        sizes.get("audio_mlp", 4 * width),
        sizes.get("audio_mels", _MELS),
        sizes.get("audio_positions", _HEARD),
    ) + float(joined)


def encoder_parameters(width: int, layers: int, inner: int, mels: int, positions: int) -> float:
    """Whisper's encoder: two convolutions of width 3, a position table, and layers of attention and MLP."""
    return float(3 * width * (mels + width) + positions * width + layers * (4 * width * width + 2 * width * inner))
