"""`toy-server run`: one process for several models, on a port or on a Unix socket."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from modelscan.backends.arguments.allowed import Allowed
from modelscan.backends.arguments.command import environment, valued
from modelscan.backends.arguments.variables import check_env
from modelscan.backends.base import CommandLine, KeyHandover, Launch
from modelscan.backends.capabilities import Runs
from modelscan.model import Candidate, Task

_ALLOWED = Allowed(backend="Toy", switches=frozenset({"--verbose"}), choices={})


class ToyRuns(Runs):
    variables = frozenset({"TOY_SPEED"})
    cautions = ("Toy is a toy",)
    over_socket = True
    several = True
    holds_to_schemas = False

    def command_line(self, candidate: Candidate, launch: Launch) -> CommandLine:
        models = [f"{served.served_model_names[0]}={served.location}" for served in launch.beside]
        where = (("--socket", launch.socket),) if launch.socket else (("--port", launch.port),)
        argv = (
            launch.program or "toy-server",
            "run",
            *valued(
                *where,
                ("--name", launch.served_model_names[0]),
                ("--ctx-size", candidate.max_model_len),
                ("--slots", candidate.max_num_seqs),
                *(("--also", model) for model in models),
            ),
            *_ALLOWED.check(candidate.extra_args),
            launch.location,
        )
        return CommandLine(argv=argv, env=environment(candidate, launch, {"TOY_QUIET": "1"}, self.variables))

    def check_arguments(self, arguments: Sequence[str], env: Mapping[str, str], allowed: Collection[str] = ()) -> None:
        _ALLOWED.check(arguments)
        check_env(env, self.variables, allowed)

    def hand_key(self, key: str) -> KeyHandover:
        return KeyHandover(env={"TOY_KEY": key})

    def serves(self, task: Task) -> bool:
        return task in {"chat", "completion"}


RUNS = ToyRuns()
