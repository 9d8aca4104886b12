"""One module per source. Each turns a payload into records; a bad entry costs only itself.

registry         the sources that a refresh fetches
downloads        fetches their documents, with a cache
models_dev       models.dev: hosted offers and canonical models
vllm_recipes     vLLM recipes: checkpoints and arguments by machine
gpustack         GPUStack's model sets
known_weights    our list of official repos
model_list       `models.yaml`, ours and the user's
local_files      the user's own files
registered       models that seeds and the user made
entry_check      checks an entry that the user adds
hub              a model that only a hub knows
record           what every source is parsed into
stated           a source's own terms in ours
standing         how much each source is trusted
state            what an index knows of each source
"""
