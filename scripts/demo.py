"""The main job, as a user would do it: `make demo`.

Runs the real commands one after the other and shows each with its output. Everything lives in one folder
(`.demo`, or MODELSCAN_HOME where that is set), so a second run finds the backend installed. Whatever happens, the
deployment is stopped and removed at the end.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = Path(sys.executable).with_name("modelscan")
QUESTION = "What is modelscan?"
NAME = "demo"


def main() -> int:
    environment = {**os.environ, "MODELSCAN_HOME": os.environ.get("MODELSCAN_HOME", str(ROOT / ".demo"))}
    started = time.monotonic()
    try:
        modelscan("gpu", environment=environment)
        modelscan("catalog", "search", "qwen3", "coder", "30b", "--limit", "3", environment=environment)
        modelscan("plan", "demo", environment=environment)
        if not has_backend(environment):
            modelscan("backend", "install", "vllm", environment=environment)
        modelscan("deploy", NAME, environment=environment)
        print(f"\n$ # asking the endpoint: {QUESTION}", flush=True)
        print(ask(environment), flush=True)
        modelscan("routes", "show", environment=environment)
        modelscan("list", environment=environment)
    finally:
        known = subprocess.run([PROGRAM, "status", NAME, "--json"], env=environment, capture_output=True, check=False)
        if known.returncode == 0:
            modelscan("stop", NAME, environment=environment)
            modelscan("remove", NAME, environment=environment)
    print(f"\nDone in {time.monotonic() - started:.0f} s.")
    return 0


def modelscan(*arguments: str, environment: dict[str, str]) -> None:
    print(f"\n$ modelscan {shlex.join(arguments)}", flush=True)
    subprocess.run([PROGRAM, *arguments], env=environment, check=True)


def has_backend(environment: dict[str, str]) -> bool:
    done = subprocess.run([PROGRAM, "backend", "list", "--json"], env=environment, capture_output=True, check=True)
    return any(item["backend"] == "vllm" for item in json.loads(done.stdout))


def ask(environment: dict[str, str]) -> str:
    """The answer of the endpoint, asked over HTTP as any OpenAI client would."""
    done = subprocess.run([PROGRAM, "status", NAME, "--json"], env=environment, capture_output=True, check=True)
    deployment = json.loads(done.stdout)
    body = {"model": NAME, "messages": [{"role": "user", "content": QUESTION}], "max_tokens": 80}
    request = urllib.request.Request(  # noqa: S310  loopback, from our own record
        f"{deployment['openai_base_url']}/chat/completions",
        data=json.dumps(body).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=120) as response:  # noqa: S310
        answer: str = json.load(response)["choices"][0]["message"]["content"]
    return answer


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f"error: `{shlex.join(map(str, error.cmd))}` ended with {error.returncode}")
