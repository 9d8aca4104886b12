"""The declarative file: every mistake with its line and column, a near key, and nothing touched."""

from __future__ import annotations

import contextlib
import json
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from tests.cli.conftest import Modelscan

from modelscan.cli.options.deploy import _OWN
from modelscan.cli.options.plan import PLAN_OPTIONS
from modelscan.errors import ModelscanError
from modelscan.model import PlanRequest
from modelscan.parsing.located import Position, Unreadable
from modelscan.parsing.toml_text import load_located as load_toml
from modelscan.parsing.yaml_text import load_located as load_yaml
from modelscan.selecting.declared.file import read_declared
from modelscan.selecting.declared.keys import KEYS, NOT_HERE
from modelscan.selecting.requests import DeployRequest, option_words


def write(path: Path, text: str) -> str:
    path.write_text(textwrap.dedent(text))
    return str(path)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_all_mistakes_are_named_at_once(modelscan: Modelscan) -> None:
    write(
        Path("modelscan.yaml"),
        """\
        x-small: &small {max_memory: 4GiB}
        deployments:
          coder: {model: demo, context_lenght: 64k, gpus: 2}
          Embed:
            model: baai/bge-m3
            max_memory: 4 pounds
            gpu: none
            gpus: 1
            allow_env: [X]
          whisper: {<<: *small, model: openai/whisper-small, on_demand: "yes", idle_timeout: 30m}
          nothing:
          two: {model: demo, port: 8080}
          three: {model: demo, port: 8080, backend: llvm, env: {MY_TOKEN: x}, quantization: fp9}
        gateway: {prot: 4000, aliases: {two: whisper}}
        deploymets: {}
        """,
    )
    for command in ("up", "down"):
        ran = modelscan(command)
        assert (ran.status, ran.stdout, ran.stderr) == (
            1,
            "",
            snapshot("""\
error: `modelscan.yaml` has 13 mistakes
  line 3, column 24: `context_lenght` is not a key of the deployment `coder`
  line 4, column 3: `Embed` is not a valid deployment name
  line 6, column 5: `max_memory`: `4 pounds` is not a size
  line 8, column 5: `gpu: none` and `gpus` exclude each other
  line 9, column 5: `allow_env` is not a key of the deployment `Embed`
  line 10, column 54: `on_demand` must be true or false
  line 11, column 3: `nothing` must be a mapping, like `{model: qwen/qwen3-8b}`
  line 13, column 36: `backend` must be vllm, sglang, llamacpp or transformers
  line 13, column 51: `env`: `MY_TOKEN` looks like a secret, and --env would store it in plain text
  line 13, column 71: `quantization` must be FP32, BF16, FP16, FP8, INT8, INT4, FP4, MXFP4, NVFP4, AWQ, GPTQ or a GGUF name such as Q4_K_M
  line 14, column 11: `prot` is not a key of the gateway
  line 14, column 33: the alias `two` is the name of a deployment
  line 15, column 1: `deploymets` is not a key of the file
hint: did you mean `context_length`?
hint: use up to 63 lowercase letters, digits, `.`, `_` and `-`, starting with a letter or digit
hint: write it like `8GiB` or `512MiB`
hint: a file does not allow variables: only who types a command can
hint: for the endpoint's key: export MY_KEY=... and --api-key-env MY_KEY
hint: did you mean `port`?
hint: did you mean `deployments`?
hint: modelscan schema modelscan-file
"""),
        )


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("m.yaml", "deployments:\n  a: {model: [1}\n", "`m.yaml`, line 2, column 16: not YAML: "),
        ("m.yaml", "deployments:\n  a: {model: x}\n  a: {model: y}\n", "`m.yaml`, line 3, column 3: not YAML: "),
        ("m.yaml", "- a\n", "`m.yaml`, line 1, column 1: the file must be a mapping with `deployments`"),
        ("m.yaml", "deployments: [a]\n", "`m.yaml`, line 1, column 1: `deployments` must be a mapping"),
        ("m.yaml", "deployments: {a: {}}\n", "`m.yaml`, line 1, column 15: `a` has no `model`"),
        ("m.yaml", "deployments: {a: {model: 5}}\n", "`m.yaml`, line 1, column 19: `model` must be text: put it in"),
        ("m.yaml", "deployments: {a: {model: x, gpus: 0}}\n", "`m.yaml`, line 1, column 29: `gpus` must be a whole"),
        ("m.yaml", "deployments: {a: {model: x, port: 70000}}\n", "`m.yaml`, line 1, column 29: `port` must be a nu"),
        ("m.yaml", "deployments: {a: {model: x, env: {A: true}}}\n", "`m.yaml`, line 1, column 29: `env` has a val"),
        ("m.yaml", "deployments: {a: &a {model: *a}}\n", "`m.yaml`: not YAML: it is too large, too deep or contain"),
        ("m.toml", "[deployments.a]\nmodel = 'x'\ngpu = 1.5\n", "`m.toml`, line 3, column 1: `gpu` must name GPUs"),
        ("m.toml", "[deployments]\na = {model = 'x', moed = 1}\n", "`m.toml`, line 2, column 19: `moed` is not a ke"),
        ("m.toml", "[deployments.a]\nmodel = \n", "`m.toml`, line 2, column 9: not TOML: Invalid value"),
        ("m.toml", "a = 1\na = 2\n", "`m.toml`, line 2, column 6: not TOML: Cannot overwrite a value"),
    ],
)
def test_a_mistake_is_named_with_its_place(modelscan: Modelscan, name: str, text: str, message: str) -> None:
    Path(name).write_text(text)
    ran = modelscan("up", name, "--json")
    assert (ran.status, ran.error["code"]) == (1, "config_invalid")
    assert ran.error["message"].startswith(message)
    assert ran.error["details"]["path"] == name


def test_a_file_that_is_not_there_or_no_file(modelscan: Modelscan, tmp_path: Path) -> None:
    ran = modelscan("up", "other.yaml")
    assert (ran.status, ran.stderr) == (
        2,
        snapshot("""\
error: `other.yaml` cannot be read
  No such file or directory
"""),
    )
    assert modelscan("up", str(tmp_path)).status == 2
    assert modelscan("up", "/dev/zero").status == 2


def test_an_entry_is_what_the_options_of_deploy_make(tmp_path: Path) -> None:
    path = tmp_path / "modelscan.yaml"
    write(
        path,
        """
        deployments:
          a:
            model: ./weights
            quantization: fp8
            gpu: [0, GPU-1]
            max_memory: 4G
            context_length: 64k
            trust_remote_code: true
            enforce_eager: false
            env: [A=b=c]
            idle_timeout: 90
            restart: On-Failure
            timeout: 600
          b: {model: qwen3-8b, gpu: none, context_length: max}
        """,
    )
    first, second = read_declared(path).requests
    assert (first.name, first.plan.model) == ("a", str(tmp_path / "weights"))
    assert (first.plan.quantization, first.plan.gpus, first.plan.max_memory_bytes) == ("FP8", ("0", "GPU-1"), 4 << 30)
    assert (first.plan.context_length, first.plan.env, first.plan.enforce_eager) == (65536, {"A": "b=c"}, None)
    assert (first.idle_timeout, first.restart, first.timeout) == (90.0, "on-failure", 600.0)
    assert (second.plan.no_gpu, second.plan.context_length) == (True, "max")


def test_the_keys_are_the_options_of_deploy() -> None:
    options = {*PLAN_OPTIONS, *_OWN}
    assert set(KEYS) - {"model"} == options - set(NOT_HERE)
    for name in options & set(KEYS):
        declared = (PLAN_OPTIONS | _OWN)[name][0].__metadata__[0]
        assert KEYS[name].doc.split()[:1] == declared.help.split()[:1], name


def test_a_hint_names_only_options_that_deploy_has() -> None:
    request = DeployRequest(plan=PlanRequest(model="demo"), on_demand=True, port=9000)
    assert option_words(request) == ["demo", "--port 9000", "--on-demand"]


def test_the_schema_has_every_key(modelscan: Modelscan) -> None:
    schema = modelscan("schema", "modelscan-file").json
    [deployment] = schema["properties"]["deployments"]["patternProperties"].values()
    assert set(deployment["properties"]) == set(KEYS)
    assert deployment["required"] == ["model"]
    assert set(schema["properties"]["gateway"]["properties"]) == {"port", "aliases", "fallbacks"}


NAMES = st.text("abc", min_size=1, max_size=3)
LEAVES = st.integers(0, 9) | st.booleans() | st.text("xyz ", max_size=5)
TREES = st.dictionaries(NAMES, st.recursive(LEAVES, lambda deeper: st.dictionaries(NAMES, deeper, max_size=3)))


def marked(tree: object, path: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    if not isinstance(tree, dict):
        return set()
    return {(*path, key) for key in tree} | {deep for key in tree for deep in marked(tree[key], (*path, key))}


@given(TREES)
def test_every_key_has_its_place_in_yaml(tree: dict[str, object]) -> None:
    import yaml

    text = yaml.safe_dump(tree)
    located = load_yaml(text.encode())
    assert located.value == tree
    assert set(located.places) == marked(tree)
    lines = text.splitlines()
    for path, place in located.places.items():
        word = str(path[-1])
        assert lines[place.line - 1][place.column - 1 :].lstrip("'\"").startswith(word)


@given(TREES)
def test_every_key_has_its_place_in_toml(tree: dict[str, object]) -> None:
    import tomli_w

    text = tomli_w.dumps(tree)
    located = load_toml(text.encode())
    assert located.value == tree
    lines = text.splitlines()
    for path in marked(tree):
        place = located.place(path)
        if path in located.places:
            assert str(path[0] if lines[place.line - 1].startswith("[") else path[-1]) in lines[place.line - 1]
    assert located.place(("nowhere",)) == Position(1, 1)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_whatever_the_file_is_the_answer_is_ours(content: bytes) -> None:
    for load in (load_yaml, load_toml):
        with contextlib.suppress(Unreadable):
            load(content)


@pytest.mark.parametrize("suffix", ["yaml", "toml"])
def test_a_hostile_file_is_refused_in_clean_words(modelscan: Modelscan, suffix: str) -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20)
    )
    for text in (bomb, "[" * 5000, "deployments: {'\x1b[31m\u202e': 1}", json.dumps({"deployments": {"a": [[]] * 9}})):
        Path(f"m.{suffix}").write_text(text)
        ran = modelscan("up", f"m.{suffix}", "--json")
        assert ran.status == 1
        assert "\x1b" not in ran.stderr
        assert "\u202e" not in ran.stderr
        with pytest.raises(ModelscanError):
            read_declared(Path(f"m.{suffix}"))


def test_what_lays_its_models_out_itself_is_refused_with_the_way(modelscan: Modelscan, tmp_path: Path) -> None:
    (file := tmp_path / "mine.yaml").write_text("deployments:\n  a: {model: 'qwen3:0.6b', backend: Ollama}\n")
    ran = modelscan("up", str(file), "--json")
    assert "line 2, column" in ran.error["message"]
    assert "ollama lays its models out itself" in ran.error["message"]
    assert ran.error["hints"][0] == "deploy it beside: modelscan deploy MODEL --backend ollama"
