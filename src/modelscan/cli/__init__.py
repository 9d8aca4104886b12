"""The command line: parse, call one verb, show the result. `main` is the only entry.

table           every command: help line, heading, and the function that runs it
app             the command tree, built only as deep as a command line needs
examples        what each command's help shows at its end
main            the outer boundary: runs a command, renders a failure, returns the exit status
session         from a command's context to its settings and its verb's context
global_options  the options before the command
commands/       the functions, one room per group
options/        the options they take, each declared once
views/          results as text
output/         the one way to stdout and stderr
seeding         what a seeding did, for commands that begin with it
editor          the user's editor on a text
asking          questions to the user, and `--yes`
bulk            one verb over several names
conversation    an answer, or a chat
signals         Ctrl-C and SIGTERM
bugs            where the traceback of a bug is saved
"""

import atexit
import gc

# Start-up creates tens of thousands of classes and functions and almost no garbage: collecting every 700 objects costs
# a twentieth of the time that a short command takes, and the interpreter's last search for garbage a seventh, for
# memory that the system takes back anyway (docs/benchmarks.md).
gc.set_threshold(100_000)
atexit.register(gc.freeze)

from modelscan.cli.main import main  # noqa: E402  the import must follow the threshold

__all__ = ["main"]
