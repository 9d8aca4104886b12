"""From a shape to sizes, by formulas that `catalogs/families.toml` and the config's own keys choose among.

Parameters: `tensors` sums those of a GPU, from `attention`, `states`, `experts`, `towers` and their `joints`. Bytes:
`bytes` of the weights, `kv_cache` of a request. `sizes` are amounts with bounds; `trust` says whose structure is known.
"""
