"""Bytes per sequence and word of the vocabulary while the next token is chosen."""

from __future__ import annotations

# Sorted by PyTorch, logits are kept as 16 and 32 bit, sorted with 64-bit indices, softmax, its sum and masks: 5.56 GiB
# measured on an H100 at S=1024 for a vocabulary of 152k. With the kernels of FlashInfer and Triton logits,
# probabilities and noise are all.
SORTED_SAMPLING, SAMPLING = 38.5, 14.0
