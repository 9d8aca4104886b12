"""From a shape to sizes, by formulas that `catalogs/families.toml` and the config's own keys select.

tensors    parameters on one GPU: the sum of the parts below
attention  one layer that mixes tokens
states     one layer that keeps a state instead of tokens
experts    dense MLPs, experts and routers
mixtures   which scheme the matrices of a mixed quantization are in
towers     vision and audio towers
joints     what connects a vision tower to the language model
bytes      bytes of weights on each GPU
gguf_bytes  where the bytes of GGUF weights lie
adapters   what adapters take at most
kv_cache   bytes of one request, and what a pool holds
drafting   layers that draft tokens
sizes      amounts of memory with bounds
trust      which families have a verified structure
"""
