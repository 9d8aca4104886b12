"""Our own handlers. Each module imports its libraries when it is imported, which happens when a model needs it.

torch_setup   device, type, threads; what torchvision needs beside torch for the CPU
tokens        generating that can be ended at every token
pieces        text of tokens as they come
grammar       answers that are bound to a JSON schema, or to be calls of tools
schemas       whether a JSON schema can be compiled, tried where it can do no harm
calls         calls of tools in an answer, in the form of the chat template
embedding     sentence-transformers: the repo's modules, or a pooling
chat          chat with text: the template of the repo, token by token
vision        the same with images
speech        which of the two speech libraries reads a folder
whisper       Whisper on transformers
fast_whisper  Whisper on CTranslate2
spectrogram   what Whisper hears, a minute at a time
sentences     words as segments
audio         sound of any format as numbers
rerank        cross-encoders, and language models that say yes or no
image         diffusers pipelines
"""
