"""One module per source: it turns a payload into records, and a bad entry costs only itself.

- `models_dev`, `vllm_recipes`, `gpustack`: fetched by a refresh (`registry`, `downloads`);
- `known_weights`, `model_list`: ours; `local_files`: the user's (`entry_check`: one that is added);
- `hub`: a repo that no catalog knows;
- `record`: what all are parsed into; `standing`: what the word of each is worth; `stated`: their words in ours;
  `state`: what is known about each source of an index.
"""
