"""What the files of a repo say.

shape         the shape of a model from its `config.json`
layers        which layers attend to the whole context, to a window, or keep a state
groups        which modules of a mixed quantization are in which scheme
quantization  how the weights are quantized, in any of its spellings
tasks         what a repo is for, where no catalog says
safetensors   tensor types and sizes from a safetensors header
gguf          the header of a GGUF file
gguf_shape    the shape of a model, and where its bytes lie, from that header
gguf_files    which files of GGUF weights a backend is given
ctranslate2   the head of a file of CTranslate2
listing       what the list of files says: format, shards, code
adapters      what an adapter changes, by its settings and the header of its matrices
selection     which files a backend needs
tokenizers    which files can be a tokenizer, and whether one is there
makers        how makers of quantized repos quantize, where their files are unknown
drafters      the repos that are known to draft for other models
shipped       shapes of well-known repos that ship with the program
"""
