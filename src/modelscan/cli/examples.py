"""What one would type: the examples at the end of each command's help, read only when that help is shown."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "catalog search": ("catalog search qwen3 coder 30b", "catalog search embedding --open --fits"),
    "catalog list": ("catalog list --task rerank --open", "catalog list --max-params 14b --json"),
    "catalog info": ("catalog info qwen/qwen3-8b", "catalog info qwen/qwen3-8b --fits"),
    "catalog sources": ("catalog sources", "catalog sources --json"),
    "catalog refresh": ("catalog refresh", "catalog refresh --source models.dev"),
    "catalog diff": ("catalog diff", "catalog diff --json"),
    "catalog add": ("catalog add mymodel.toml", "catalog add mymodel.toml --replace"),
    "gpu": ("gpu", "gpu --json > machine.json", "gpu --names"),
    "plan": (
        "plan qwen/qwen3-8b",
        "plan qwen/qwen3-32b --hardware 2xrtx-4090 --explain",
        "plan demo --format yaml > deployment.yaml",
    ),
    "deploy": (
        "deploy demo",
        "deploy qwen/qwen3-8b --quantization FP8 --context-length 32k",
        "deploy --file deployment.yaml --name mine",
    ),
    "run": ('run demo "What is a plan?"', "git diff | modelscan run demo 'Summarize this change:'", "run demo"),
    "up": ("up", "up modelscan.yaml --dry-run", "MODELS=coder,embed modelscan up"),
    "down": ("down", "down modelscan.yaml"),
    "pull": ("pull qwen3-0.6b", "pull qwen3-8b --to s3://bucket/models/qwen3-8b"),
    "wait": ("wait demo --timeout 600", "wait demo --for stopped"),
    "list": ("list", "list --status ready --json", "list --watch"),
    "ps": ("ps", "ps -q"),
    "status": ("status demo", "status demo --check"),
    "logs": ("logs demo --follow", "logs demo --tail 50 --since 10m"),
    "events": ("events demo", "events --follow --json"),
    "start": ("start demo", "start demo --timeout 600", "start --all"),
    "stop": ("stop demo", "stop --all"),
    "restart": ("restart demo", "restart demo --progress jsonl"),
    "remove": ("remove demo", "remove demo --purge-weights"),
    "weights list": ("weights list", "weights list --json"),
    "weights verify": ("weights verify qwen/qwen3-8b",),
    "weights remove": ("weights remove qwen/qwen3-8b",),
    "weights prune": ("weights prune --dry-run",),
    "model list": ("model list", "model list --all --json"),
    "model inspect": ("model inspect baai/bge-m3",),
    "model add": (
        "model add mylab/mychat --type chat --set hf_repo_id=MyLab/MyChat-7B",
        "model add --file model.toml",
    ),
    "model edit": ("model edit mylab/mychat", "model edit mylab/mychat --set defaults.temperature=0.2"),
    "model remove": ("model remove mylab/mychat",),
    "model enable": ("model enable mylab/mychat",),
    "model disable": ("model disable mylab/mychat",),
    "model seed": ("model seed", "model seed --dry-run --json"),
    "model export": ("model export > seeds.env", "model export --format compose > seeds.yaml"),
    "routes show": ("routes show", "routes show --json"),
    "routes export": (
        "routes export --format litellm > litellm.yaml",
        "routes export --format llama-swap > config.yaml",
    ),
    "connect": ("connect llm", "connect zed --model demo --print", "connect claude-code --remove"),
    "routes alias": ("routes alias gpt-4o coder", "routes alias gpt-4o --remove"),
    "routes fallback": ("routes fallback coder coder-small",),
    "routes weight": ("routes weight coder-a 2",),
    "gateway start": ("gateway start", "gateway start --host 0.0.0.0 --port 4000"),
    "gateway stop": ("gateway stop",),
    "gateway restart": ("gateway restart",),
    "gateway status": ("gateway status", "gateway status --json"),
    "gateway logs": ("gateway logs --follow", "gateway logs --tail 50"),
    "gateway run": ("gateway run --port 4001",),
    "gateway reload": ("gateway reload",),
    "gateway keys add": ("gateway keys add laptop", "gateway keys add ci --model coder --rate 60"),
    "gateway keys list": ("gateway keys list",),
    "gateway keys revoke": ("gateway keys revoke laptop",),
    "env": ('eval "$(modelscan env demo)"',),
    "backend list": ("backend list", "backend list --json"),
    "backend install": (
        "backend install {backend}",
        "backend install {backend} --version 0.32.0",
        "backend install transformers --variant speech",
    ),
    "backend show": ("backend show {backend}",),
    "backend remove": ("backend remove {backend} --version 0.32.0",),
    "doctor": ("doctor", "doctor --reap"),
    "config show": ("config show", "config show --json"),
    "config get": ("config get deploy.first_port",),
    "config set": ("config set deploy.first_port 9000",),
    "config unset": ("config unset deploy.first_port",),
    "config path": ("config path",),
    "login": ("login", "login modelscope < token.txt"),
    "logout": ("logout",),
    "schema": ("schema", "schema deployment"),
    "help": ("help plan", "help catalog search"),
}


def example_lines(path: str) -> list[str]:
    """The examples of a command; `{backend}` is the registry's first, which is loaded for these only."""
    lines = EXAMPLES.get(path, ())
    if any("{backend}" in line for line in lines):
        first = next(iter(importlib.import_module("modelscan.backends.registry").BACKENDS))
        lines = tuple(line.replace("{backend}", first) for line in lines)
    return [line if "modelscan" in line else f"modelscan {line}" for line in lines]


def examples(path: str) -> str | None:
    """For the end of a help text, one per line; None for a group of commands."""
    lines = example_lines(path)
    return "\n\n".join(["Examples:", *lines]) if lines else None
