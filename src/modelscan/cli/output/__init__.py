"""Where words go: `output` (the one sink), `printer` (text on a stream; on a terminal through `terminal`), `live` (what
is drawn while a command works, with `transfer_bar` and `progress_bar`), `encoding`.

`terminal` and `progress_bar` are loaded where there is a terminal: rich costs more than a short command takes.
"""
