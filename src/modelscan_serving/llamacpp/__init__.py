"""A `llama-server` for machines without one: llama.cpp's own HTTP server, out of the wheel of xllamacpp.

__main__  the program
flags     its command line: names and meanings of llama-server's own, as far as modelscan gives them
"""
