"""`python -m modelscan_serving.llamacpp FLAGS`: serve until SIGTERM. It ends with 1 where it cannot start, after the
lines of llama.cpp's own log that say why.
"""

from __future__ import annotations

import sys
from importlib.metadata import version

from modelscan_serving.llamacpp.flags import BadFlag, apply_flags


def main(words: list[str]) -> int:
    if words == ["--version"]:
        print(f"version: {version('xllamacpp')} (llama.cpp's server, in xllamacpp)")
        return 0
    import signal
    import threading

    import xllamacpp

    parameters = xllamacpp.CommonParams()
    try:
        apply_flags(words, xllamacpp, parameters)
    except BadFlag as error:
        print(error, file=sys.stderr)
        return 1
    over = threading.Event()
    try:
        server = xllamacpp.Server(parameters)  # returns when the model is loaded; until then a signal just ends it
    except RuntimeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    over.wait()
    del server  # ends its threads and frees its memory
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
