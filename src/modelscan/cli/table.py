"""The command table: every command with its line of help, its heading, and the one function that it calls.

It is all that `--help` shows and the shell completes, and the one lazy seam of the program: the module of a command
is imported when that command is called, and imports at its top what it needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

FIND, RUN, MANAGE, CONNECT, MAINTAIN = "Find", "Run", "Manage", "Connect", "Maintain"


class Command(NamedTuple):
    """`function` is `module:name` below `cli/commands`; None for a group of commands.

    `heading` is what a command stands under in the help of the program; those of a group stand together.
    """

    help: str
    function: str | None = None
    heading: str | None = None


# In the order of the help.
COMMANDS: Mapping[str, Command] = {
    "catalog": Command("Find models in the merged catalogs.", heading=FIND),
    "catalog search": Command("Search all catalogs: ranked, tolerant of typing errors, offline.", "find.search:search"),
    "catalog list": Command("List every model of the catalogs.", "find.listing:list_models"),
    "catalog info": Command("Show everything that is known of a model, and from where.", "find.info:info"),
    "catalog sources": Command("Show what the index was made from, and when.", "find.sources:sources"),
    "catalog refresh": Command("Fetch the catalogs and replace the index in one step.", "find.refresh:refresh"),
    "catalog diff": Command(
        "Show what the last refresh changed: new and gone models, other prices and limits.", "find.diff:diff"
    ),
    "catalog add": Command("Add a model of your own to your catalogs.", "find.add:add"),
    "gpu": Command("Show the GPUs, the memory that is free on them, and the CPU.", "find.gpu:gpu", FIND),
    "plan": Command("Show what deploy would do and why, touching nothing.", "find.plan:plan", FIND),
    "deploy": Command(
        "Plan, start and watch a model until it answers; then print its address.", "run.deploy:deploy", RUN
    ),
    "run": Command(
        "Ask a model, which is deployed first if it is not running. Ctrl-C ends an answer, Ctrl-D a chat.",
        "run.run:run",
        RUN,
    ),
    "pull": Command(
        "Download what deploy would take here, checked and ready for use without a network.", "carry.pull:pull", RUN
    ),
    "wait": Command("Wait until deployments are ready, or stopped.", "manage.wait:wait", RUN),
    "list": Command("List the deployments, each checked now.", "manage.listing:list_deployments", MANAGE),
    "ps": Command("List the deployments that are alive.", "manage.listing:ps", MANAGE),
    "status": Command("Show one deployment as it is now.", "manage.status:status", MANAGE),
    "logs": Command("Print what the backend wrote.", "manage.logs:logs", MANAGE),
    "events": Command("Print what happened: each change of status, and why.", "manage.events:events", MANAGE),
    "start": Command(
        "Start stopped deployments as they were planned, and wait until they answer.", "manage.start:start", MANAGE
    ),
    "stop": Command("End deployments with all their processes; they can be started again.", "manage.stop:stop", MANAGE),
    "restart": Command("Stop and start again.", "manage.start:restart", MANAGE),
    "remove": Command("Stop deployments and take them off the list.", "manage.remove:remove", MANAGE),
    "weights": Command("Show, check and remove the weights on this machine.", heading=MANAGE),
    "weights list": Command(
        "List the weights on this machine: how big, brought by whom, used by which deployment.",
        "carry.weights:list_weights",
    ),
    "weights verify": Command("Read weights again and compare them with their hub's hashes.", "carry.verify:verify"),
    "weights remove": Command("Delete weights that no deployment needs.", "carry.weights:remove"),
    "weights prune": Command("Delete what modelscan downloaded and no deployment needs.", "carry.weights:prune"),
    "routes": Command("Show and export where models can be reached.", heading=CONNECT),
    "routes show": Command("Show the routes of routing.yaml, yours and ours.", "connect.routes:show"),
    "routes export": Command("Print what is ready in another program's form.", "connect.routes:export"),
    "env": Command('Print shell lines for a client: eval "$(modelscan env NAME)".', "connect.env:env", CONNECT),
    "backend": Command("Install, show and remove the backends.", heading=MAINTAIN),
    "backend list": Command(
        "List the installed backends: modelscan's own and those found on this machine.",
        "maintain.backend:list_backends",
    ),
    "backend install": Command(
        "Make an isolated environment for a backend, right for this machine.", "maintain.install:install"
    ),
    "backend show": Command(
        "Show one installed backend: where it is, where it came from, what is in it.", "maintain.backend:show"
    ),
    "backend remove": Command("Remove a backend that modelscan installed.", "maintain.backend:remove"),
    "doctor": Command(
        "Check the machine, the files, the backends and the deployments.", "maintain.doctor:doctor", MAINTAIN
    ),
    "config": Command("Show and change settings.", heading=MAINTAIN),
    "config show": Command("Show every setting, its value, and where the value came from.", "maintain.config:show"),
    "config get": Command("Print the value of one setting.", "maintain.config:get"),
    "config set": Command("Write a setting into the configuration file.", "maintain.configure:set_"),
    "config unset": Command(
        "Take a setting out of the configuration file, so that the default counts again.", "maintain.configure:unset"
    ),
    "config path": Command("Print where the configuration, state, cache and data live.", "maintain.config:path"),
    "login": Command(
        "Keep a token for a hub: typed unseen, or read from stdin (`login < token.txt`).",
        "maintain.login:login",
        MAINTAIN,
    ),
    "logout": Command("Forget the token that `login` kept.", "maintain.login:logout", MAINTAIN),
    "schema": Command(
        "Print the JSON Schema of a document, or the names of the documents.", "maintain.schema:schema", MAINTAIN
    ),
}
