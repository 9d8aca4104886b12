"""The command table: every command with its help line, its heading, and the function that runs it.

`--help` and completion need nothing else. It is the one lazy seam of the program: the module of a command is imported
when that command is called, and imports at its top what it needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

FIND, RUN, MANAGE, CONNECT, MAINTAIN = "Find", "Run", "Manage", "Connect", "Maintain"


class Command(NamedTuple):
    """`function` is `module:name` below `cli/commands`; None for a group of commands.

    `heading` is the section of the program's help; commands of a group have none.
    """

    help: str
    function: str | None = None
    heading: str | None = None


# In the order of the help.
COMMANDS: Mapping[str, Command] = {
    "catalog": Command("Find models in the merged catalogs.", heading=FIND),
    "catalog search": Command("Search all catalogs, offline; tolerates typing errors.", "find.search:search"),
    "catalog list": Command("List every model in the catalogs.", "find.listing:list_models"),
    "catalog info": Command("Show everything known about a model, and the source of each field.", "find.info:info"),
    "catalog sources": Command("Show the sources of the catalog index and their age.", "find.sources:sources"),
    "catalog refresh": Command("Fetch the catalogs and rebuild the index.", "find.refresh:refresh"),
    "catalog diff": Command(
        "Show what the last refresh changed: models added and removed, prices and limits.", "find.diff:diff"
    ),
    "catalog add": Command("Add a model to your own catalog.", "find.add:add"),
    "gpu": Command("Show GPUs, free GPU memory and the CPU.", "find.gpu:gpu", FIND),
    "plan": Command("Show what deploy would do and why, without changing anything.", "find.plan:plan", FIND),
    "deploy": Command("Plan a model, start it, wait until it answers and print its address.", "run.deploy:deploy", RUN),
    "run": Command(
        "Ask a model a question or chat with it, deploying it first if needed.",
        "run.run:run",
        RUN,
    ),
    "up": Command("Start, replace and keep the deployments that a file names, all of it together.", "run.up:up", RUN),
    "down": Command("Stop the deployments that a file names, keeping their records.", "run.down:down", RUN),
    "pull": Command("Download and verify the weights that deploy would use on this machine.", "carry.pull:pull", RUN),
    "wait": Command("Wait until deployments are ready or stopped.", "manage.wait:wait", RUN),
    "list": Command("List deployments with their current status.", "manage.listing:list_deployments", MANAGE),
    "ps": Command("List running deployments.", "manage.listing:ps", MANAGE),
    "status": Command("Show the current status of a deployment.", "manage.status:status", MANAGE),
    "logs": Command("Print the log of a deployment's backend.", "manage.logs:logs", MANAGE),
    "events": Command(
        "Print the history of deployments: each change of status and its cause.", "manage.events:events", MANAGE
    ),
    "start": Command(
        "Start stopped deployments with their recorded plan and wait until they answer.", "manage.start:start", MANAGE
    ),
    "stop": Command("Stop deployments and all their processes, keeping their records.", "manage.stop:stop", MANAGE),
    "restart": Command("Stop deployments and start them again.", "manage.start:restart", MANAGE),
    "remove": Command("Stop deployments and remove them from the list.", "manage.remove:remove", MANAGE),
    "weights": Command("List, verify and remove the weights on this machine.", heading=MANAGE),
    "weights list": Command(
        "List the weights on this machine with size, origin and the deployments that use them.",
        "carry.weights:list_weights",
    ),
    "weights verify": Command("Check weights against the checksums of their hub.", "carry.verify:verify"),
    "weights remove": Command("Delete weights, unless a deployment needs them.", "carry.weights:remove"),
    "weights prune": Command("Delete downloaded weights that no deployment needs.", "carry.weights:prune"),
    "model": Command("Register models of your own: entries that extend or override the catalog.", heading=MANAGE),
    "model list": Command(
        "List registered models: yours, those of files and those of seeds.", "register.listing:list_models"
    ),
    "model inspect": Command("Show what is registered of a model, and who says it.", "register.listing:inspect"),
    "model add": Command("Register a model.", "register.add:add"),
    "model edit": Command("Change a registered model, in $EDITOR or with --set.", "register.edit:edit"),
    "model remove": Command("Remove registered models.", "register.remove:remove"),
    "model enable": Command("Let registered models be deployed again.", "register.edit:enable"),
    "model disable": Command("Keep registered models from being deployed.", "register.edit:disable"),
    "model seed": Command("Register the models that the seed variables of the environment hold.", "register.seed:seed"),
    "model export": Command(
        "Print registered models as seeds: for a shell, compose or Kubernetes.", "register.export:export"
    ),
    "routes": Command("Show and export the routes to deployed models.", heading=CONNECT),
    "routes show": Command("Show the routes in routing.yaml.", "connect.routes:show"),
    "routes export": Command(
        "Print routes to ready deployments in the format of another program.", "connect.routes:export"
    ),
    "routes alias": Command("Let a name lead to another.", "connect.names:alias"),
    "routes fallback": Command("Name what is tried when a name cannot be served.", "connect.names:fallback"),
    "routes weight": Command("Give a deployment its share of the requests for a name.", "connect.names:weight"),
    "gateway": Command("One address and one key for all models.", heading=CONNECT),
    "gateway start": Command("Start the gateway and wait until it answers.", "connect.gateway:start"),
    "gateway stop": Command("Stop the gateway; answers that have begun may end first.", "connect.gateway:stop"),
    "gateway restart": Command("Stop the gateway and start it again.", "connect.gateway:restart"),
    "gateway status": Command(
        "Show where the gateway runs, what it serves and what it has served.", "connect.gateway:status"
    ),
    "gateway logs": Command("Print the gateway's log, a line per request.", "connect.gateway:logs"),
    "gateway run": Command("Run the gateway in the foreground.", "connect.gateway:run"),
    "gateway reload": Command(
        "Have the gateway read settings, keys and routes anew without dropping a stream.", "connect.gateway:reload"
    ),
    "gateway keys": Command("Make, list and revoke the keys of the gateway's clients."),
    "gateway keys add": Command("Make a key and print it, once.", "connect.keys:add"),
    "gateway keys list": Command("List keys: names, models, rates.", "connect.keys:list_"),
    "gateway keys revoke": Command("Take a key back.", "connect.keys:revoke"),
    "api": Command("The same verbs over HTTP, and a page.", heading=CONNECT),
    "api start": Command("Start the HTTP API and wait until it answers.", "connect.api:start"),
    "api stop": Command("Stop the HTTP API; deployments and jobs go on.", "connect.api:stop"),
    "api restart": Command("Stop the HTTP API and start it again.", "connect.api:restart"),
    "api status": Command("Show where the HTTP API runs.", "connect.api:status"),
    "api run": Command("Run the HTTP API in the foreground.", "connect.api:run"),
    "ui": Command("Open the page in a browser, starting the HTTP API if needed.", "connect.api:ui", CONNECT),
    "env": Command(
        'Print environment variables for clients, for eval "$(modelscan env NAME)".', "connect.env:env", CONNECT
    ),
    "connect": Command(
        "Connect another program: merge its settings, keep a copy, prove it with one request.",
        "connect.connect:connect",
        CONNECT,
    ),
    "backend": Command("Install, show and remove backends.", heading=MAINTAIN),
    "backend list": Command(
        "List installed backends, including those that modelscan did not install.",
        "maintain.backend:list_backends",
    ),
    "backend install": Command(
        "Install a backend for this machine into an isolated environment.", "maintain.install:install"
    ),
    "backend show": Command("Show an installed backend: path, origin and packages.", "maintain.backend:show"),
    "backend remove": Command("Remove a backend that modelscan installed.", "maintain.backend:remove"),
    "doctor": Command(
        "Check the machine, files, backends and deployments for problems.", "maintain.doctor:doctor", MAINTAIN
    ),
    "config": Command("Show and change settings.", heading=MAINTAIN),
    "config show": Command("Show every setting, its value and where the value comes from.", "maintain.config:show"),
    "config get": Command("Print the value of a setting.", "maintain.config:get"),
    "config set": Command("Write a setting to the configuration file.", "maintain.configure:set_"),
    "config unset": Command(
        "Remove a setting from the configuration file, restoring its default.", "maintain.configure:unset"
    ),
    "config path": Command("Print the paths of configuration, state, cache and data.", "maintain.config:path"),
    "login": Command(
        "Store a hub token, read from a hidden prompt or from stdin.",
        "maintain.login:login",
        MAINTAIN,
    ),
    "logout": Command("Delete the token that `login` stored.", "maintain.login:logout", MAINTAIN),
    "help": Command("Show the help of modelscan or of a command.", "maintain.help:help_", MAINTAIN),
    "schema": Command(
        "Print the JSON Schema of a document, or list the documents.", "maintain.schema:schema", MAINTAIN
    ),
}
