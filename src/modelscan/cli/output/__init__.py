"""Output to stdout and stderr.

output        the one sink: results, warnings, failures, events; text, JSON or names
printer       text on a stream, plain in a pipe
terminal      the same on a terminal, with rich
live          output while a command works
step_line     a spinner, or the current step of a start, with rich
transfer_bar  progress of downloads
progress_bar  a bar on a terminal, with rich
word_wrap     text as it arrives, broken between words
encoding      whether a stream takes more than ASCII

`terminal`, `step_line` and `progress_bar` are imported only on a terminal: rich costs more than a short command takes.
"""
