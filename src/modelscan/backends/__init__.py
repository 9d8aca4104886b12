"""How models run: a folder per backend, found by its line in `registry`.

registry      the backends by name, loaded on use
backend       one backend: what it says of itself, and the capabilities it has
about         names, and its spellings of our options
capabilities  what a backend may be able to do: run, estimate, occupy, adapt, explain, install, probe
base          the values that these take and return
builds        the table of versions
probing       how an installed program is recognized
sampling      memory of sampling, shared by the estimates
whisper       what Whisper is asked, shared by those that ask alike
arguments/    command lines, whatever the backend
explaining/   logs and failures, whatever the backend
vllm/         vLLM
sglang/       SGLang
llamacpp/     llama.cpp
transformers/ Transformers and diffusers, behind a server of our own
"""
