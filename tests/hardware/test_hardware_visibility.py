"""Visibility variables: index, UUID prefix, empty, -1, invalid; they only narrow, and indices stay physical."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelscan.hardware.visibility import apply_visibility, select
from modelscan.model import Gpu

NVIDIA = tuple(Gpu(index=index, uuid=f"GPU-{index}{index}aa-bbbb", name="NVIDIA L4") for index in range(4))
AMD = tuple(Gpu(index=index, uuid=f"GPU-{index:016x}", vendor="amd", name="MI300X") for index in range(4))


@pytest.mark.parametrize(
    ("value", "indices", "bad"),
    [
        ("0,2", [0, 2], None),
        ("2,0", [0, 2], None),
        ("", [], None),
        ("-1", [], None),
        ("1,-1,2", [1], None),
        ("1,9,2", [1], "9"),
        ("one", [], "one"),
        ("GPU-22aa", [2], None),
        ("gpu-22AA-bbbb", [2], None),
        ("GPU-", [], "GPU-"),
        ("0, 1", [0, 1], None),
        ("0,0", [0], None),
    ],
)
def test_what_a_value_selects(value: str, indices: list[int], bad: str | None) -> None:
    chosen, wrong = select(NVIDIA, value)
    assert ([gpu.index for gpu in chosen], wrong) == (indices, bad)


def test_a_slice_by_its_uuid_and_all_slices_by_the_index_of_their_gpu() -> None:
    slices = tuple(Gpu(index=0, uuid=f"MIG-{number}f", mig=True) for number in range(3))
    assert select(slices, "MIG-1f") == ((slices[1],), None)
    assert select(slices, "0") == (slices, None)


def test_unset_changes_nothing_and_says_nothing() -> None:
    assert apply_visibility(NVIDIA + AMD, {}) == (NVIDIA + AMD, ())


def test_hiding_all_is_said() -> None:
    assert apply_visibility(NVIDIA, {"CUDA_VISIBLE_DEVICES": ""}) == (
        (),
        ("`CUDA_VISIBLE_DEVICES=` hides all 4 GPUs of this machine; to use them: unset CUDA_VISIBLE_DEVICES",),
    )


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        (
            {"ROCR_VISIBLE_DEVICES": "1", "HIP_VISIBLE_DEVICES": "1"},
            (
                "`HIP_VISIBLE_DEVICES=1` hides the GPU that `ROCR_VISIBLE_DEVICES=1` leaves, which then is GPU 0; to use it: "
                "unset HIP_VISIBLE_DEVICES"
            ),
        ),
        (
            {"ROCR_VISIBLE_DEVICES": "2,3", "CUDA_VISIBLE_DEVICES": "2"},
            (
                "`CUDA_VISIBLE_DEVICES=2` hides all 2 GPUs that `ROCR_VISIBLE_DEVICES=2,3` leaves, which are counted anew "
                "from 0; to use them: unset CUDA_VISIBLE_DEVICES"
            ),
        ),
        (
            {"HIP_VISIBLE_DEVICES": "-1", "CUDA_VISIBLE_DEVICES": "-1"},
            (
                "`HIP_VISIBLE_DEVICES=-1` hides all 4 GPUs of this machine; to use them: "
                "unset HIP_VISIBLE_DEVICES CUDA_VISIBLE_DEVICES"
            ),
        ),
        (
            {"ROCR_VISIBLE_DEVICES": "", "HIP_VISIBLE_DEVICES": "7"},
            (
                "`ROCR_VISIBLE_DEVICES=` hides all 4 GPUs of this machine; to use them: "
                "unset ROCR_VISIBLE_DEVICES HIP_VISIBLE_DEVICES"
            ),
        ),
        (
            {"ROCR_VISIBLE_DEVICES": "", "HIP_VISIBLE_DEVICES": "2"},
            "`ROCR_VISIBLE_DEVICES=` hides all 4 GPUs of this machine; to use them: unset ROCR_VISIBLE_DEVICES",
        ),
    ],
)
def test_every_mask_that_hides_is_named(environ: dict[str, str], said: str) -> None:
    devices, warnings = apply_visibility(AMD, environ)
    assert devices == ()
    assert warnings[-1] == said


_VALUES = st.sampled_from(["", "-1", "0", "1", "2,3", "7", "x"])
_MASKS = ("ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES")


@given(st.dictionaries(st.sampled_from(_MASKS), _VALUES), st.sampled_from([AMD, NVIDIA, NVIDIA + AMD]))
def test_without_what_is_to_be_unset_a_gpu_is_seen(environ: dict[str, str], devices: tuple[Gpu, ...]) -> None:
    for vendor in ("nvidia", "amd"):
        mine = tuple(gpu for gpu in devices if gpu.vendor == vendor)
        kept, warnings = apply_visibility(mine, environ)
        if mine and not kept:
            left = {
                name: value for name, value in environ.items() if name not in warnings[-1].split("unset ")[1].split()
            }
            assert apply_visibility(mine, left)[0]


def test_a_wrong_word_is_said() -> None:
    devices, warnings = apply_visibility(NVIDIA, {"CUDA_VISIBLE_DEVICES": "0,7,1"})
    assert [gpu.index for gpu in devices] == [0]
    assert warnings == ("`7` in `CUDA_VISIBLE_DEVICES=0,7,1` matches no GPU; it and everything after it is ignored",)


def test_no_gpu_no_word() -> None:
    assert apply_visibility((), {"CUDA_VISIBLE_DEVICES": "3"}) == ((), ())


def test_mixed_cards_may_be_counted_otherwise_by_cuda() -> None:
    cards = (Gpu(index=0, name="NVIDIA GeForce GTX 1660"), Gpu(index=1, name="NVIDIA GeForce RTX 4090"))
    assert len(apply_visibility(cards, {"CUDA_VISIBLE_DEVICES": "0"})[1]) == 1
    assert not apply_visibility(cards, {"CUDA_VISIBLE_DEVICES": "0", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"})[1]


@pytest.mark.parametrize(
    ("environ", "indices"),
    [
        ({"HIP_VISIBLE_DEVICES": "1"}, [1]),
        ({"CUDA_VISIBLE_DEVICES": "1"}, [1]),
        ({"HIP_VISIBLE_DEVICES": "1", "CUDA_VISIBLE_DEVICES": "3"}, [1]),
        ({"ROCR_VISIBLE_DEVICES": "2,3"}, [2, 3]),
        ({"ROCR_VISIBLE_DEVICES": "2,3", "HIP_VISIBLE_DEVICES": "1"}, [3]),
        ({"ROCR_VISIBLE_DEVICES": f"GPU-{2:016x}"}, [2]),
    ],
)
def test_rocr_filters_first_and_numbers_anew(environ: dict[str, str], indices: list[int]) -> None:
    assert [gpu.index for gpu in apply_visibility(AMD, environ)[0]] == indices


WORD = st.one_of(st.integers(-3, 12).map(str), st.sampled_from([gpu.uuid or "" for gpu in NVIDIA]), st.text(max_size=6))


@given(words=st.lists(WORD, max_size=6))
def test_a_value_only_narrows_and_keeps_the_order(words: list[str]) -> None:
    devices, _ = apply_visibility(NVIDIA, {"CUDA_VISIBLE_DEVICES": ",".join(words), "CUDA_DEVICE_ORDER": "PCI_BUS_ID"})
    assert set(devices) <= set(NVIDIA)
    assert [gpu.index for gpu in devices] == sorted(gpu.index for gpu in devices)


@given(words=st.lists(WORD, max_size=6), more=st.lists(WORD, max_size=3))
def test_what_follows_never_takes_away(words: list[str], more: list[str]) -> None:
    fewer, _ = select(NVIDIA, ",".join(words))
    if words:
        assert set(fewer) <= set(select(NVIDIA, ",".join([*words, *more]))[0])
