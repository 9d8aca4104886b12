from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from inline_snapshot import snapshot
from tests.cli.conftest import Modelscan

from modelscan import __version__
from modelscan.cli.examples import EXAMPLES, example_lines
from modelscan.cli.options.complete import complete_gpu, complete_hardware, complete_source
from modelscan.cli.table import COMMANDS
from modelscan.verbs.maintain.schema import DOCUMENTS


def test_a_usage_error_is_a_sentence_and_the_command_to_run(modelscan: Modelscan) -> None:
    ran = modelscan("plam", "demo")
    assert (ran.status, ran.stdout, ran.stderr) == (
        2,
        "",
        snapshot("""\
error: No such command `plam`. Did you mean `plan`?
hint: modelscan --help
"""),
    )


def test_a_usage_error_under_json_is_json_too(modelscan: Modelscan) -> None:
    ran = modelscan("plan", "demo", "--mode", "fast", "--json")
    assert (ran.status, ran.stdout) == (2, "")
    assert ran.error == snapshot(
        {
            "code": "usage",
            "message": "Invalid value for `--mode`: `fast` is not one of `standard`, `throughput`, `latency`",
            "hints": ["modelscan plan --help"],
            "details": {},
        }
    )


def test_a_missing_argument(modelscan: Modelscan) -> None:
    ran = modelscan("wait")
    assert (ran.status, ran.stderr) == (
        2,
        snapshot("""\
error: Missing argument `NAME...`
hint: modelscan wait --help
"""),
    )


def test_a_group_alone_shows_its_commands_and_says_that_one_is_missing(modelscan: Modelscan) -> None:
    ran = modelscan("catalog")
    assert (ran.status, ran.stderr) == (
        2,
        snapshot("""\
error: no command was given
hint: modelscan catalog --help
"""),
    )
    assert "Search all catalogs" in ran.stdout


def test_words_are_case_insensitive_and_from_closed_lists(modelscan: Modelscan) -> None:
    ran = modelscan("plan", "demo", "--quantization", "FP9")
    assert (ran.status, ran.stderr) == (
        2,
        snapshot("""\
error: Invalid value for `--quantization`: `FP9` is not one of FP32, BF16, FP16, FP8, INT8, INT4, FP4, MXFP4, NVFP4, AWQ, GPTQ or a GGUF name such as Q4_K_M
hint: modelscan plan --help
"""),
    )


@pytest.mark.parametrize("command", ["plan", "deploy", "run", "pull", "catalog search", "list", "routes export"])
def test_the_help_fits_80_columns(modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """No option is cut short, no list of words breaks within a word."""
    monkeypatch.setenv("COLUMNS", "80")
    shown = modelscan(*command.split(), "--help").stdout
    assert max(map(len, shown.splitlines())) == 80
    assert re.findall(r"--[\w-]+…|<[a-z][^>]*\n", shown) == []


def test_version(modelscan: Modelscan) -> None:
    assert modelscan("--version").stdout == f"modelscan {__version__}\n"
    assert modelscan("--version", "--json").json == {"version": __version__, "schema_version": 1}


def test_a_closed_pipe_is_not_a_failure() -> None:
    command = f"{sys.executable} -m modelscan config show | head -n 1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_document_has_a_schema(modelscan: Modelscan, name: str) -> None:
    schema = modelscan("schema", name).json
    assert schema["type"] == "object"
    if name != "modelscan-file":  # which users write
        assert schema["required"] == sorted(schema["properties"])


def test_the_documents_are_listed_by_name(modelscan: Modelscan) -> None:
    assert modelscan("schema").stdout.split() == list(DOCUMENTS)
    assert modelscan("schema", "--json").json == list(DOCUMENTS)


def test_help_is_a_command_too(modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for words in ([], ["plan"], ["catalog"], ["catalog", "search"]):
        assert modelscan("help", *words).stdout == modelscan(*words, "--help").stdout
    assert modelscan("help", "plam").status == 2


@pytest.mark.parametrize("path", [path for path, line in COMMANDS.items() if line.function])
def test_each_help_ends_with_examples_that_parse(modelscan: Modelscan, path: str) -> None:
    shown = modelscan(*path.split(), "--help").stdout
    lines = example_lines(path)
    options = set(re.findall(r"--[\w-]+", shown.partition("Examples:")[0]))
    assert options >= {word for line in lines for word in re.findall(r"--[\w-]+", line)}
    for line in lines:
        assert " ".join(line.split()) in " ".join(shown.split())
        assert path in line
    assert set(EXAMPLES) <= set(COMMANDS)


def test_no_command_is_wrong_usage_also_with_options(modelscan: Modelscan) -> None:
    assert modelscan().status == 2
    assert modelscan("--offline").status == 2


def test_a_choice_that_is_missing_is_one_line(modelscan: Modelscan) -> None:
    assert modelscan("routes", "export").stderr == snapshot("""\
error: Missing option `--format`: one of modelscan, env, litellm, llama-swap
hint: modelscan routes export --help
""")


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("deploy.first_port", "abc", "must be a port, 1 to 65535, not `abc`"),
        ("deploy.stall_timeout", "soon", "must be a number of seconds above 0, not `soon`"),
        ("deploy.restart", "maybe", "must be no, on-failure or always, not `maybe`"),
    ],
)
def test_a_value_that_a_setting_cannot_have_is_wrong_usage(
    modelscan: Modelscan, key: str, value: str, said: str
) -> None:
    ran = modelscan("config", "set", key, value)
    assert (ran.status, ran.stderr.splitlines()[0]) == (2, f"error: `{key}` {said}")
    assert ran.stderr.splitlines()[-1] == f"hint: modelscan config get {key}"


def test_a_setting_that_is_set_and_taken_out_in_json(modelscan: Modelscan, home: Path) -> None:
    path = str(home / "config" / "config.toml")
    key = "deploy.first_port"
    done = modelscan("config", "set", key, "9000", "--json").json
    assert done == {"key": key, "value": 9000, "path": path, "changed": True}
    assert modelscan("config", "unset", key, "--json").json == {
        "key": key,
        "value": None,
        "path": path,
        "changed": True,
    }
    assert modelscan("config", "unset", key, "--json").json["changed"] is False


def test_two_forms_at_once_are_wrong_usage(modelscan: Modelscan) -> None:
    ran = modelscan("plan", "demo", "--json", "--format", "yaml")
    assert (ran.status, ran.error["code"]) == (2, "usage")
    assert modelscan("plan", "demo", "--json", "--format", "json").status == 0


def test_the_names_of_hardware(modelscan: Modelscan) -> None:
    names = modelscan("gpu", "--names").stdout.split()
    assert "rtx-4090" in names
    assert modelscan("gpu", "--names", "--json").json == names


def test_settings_say_where_they_come_from(modelscan: Modelscan, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert modelscan("config", "set", "deploy.first_port", "9000").status == 0
    monkeypatch.setenv("MODELSCAN_STOP_GRACE", "3")
    rows = {row["key"]: (row["value"], row["origin"]) for row in modelscan("config", "show", "--json").json}
    assert rows["deploy.first_port"] == (9000, f"file {home}/config/config.toml")
    assert rows["deploy.stop_grace"] == (3.0, "env MODELSCAN_STOP_GRACE")
    assert rows["offline"] == (False, "default")
    assert modelscan("--offline", "config", "get", "offline").stdout == "true\n"
    assert modelscan("config", "unset", "deploy.first_port").status == 0
    assert modelscan("config", "get", "deploy.first_port").stdout == "8080\n"


def test_a_damaged_configuration_is_named_and_help_still_works(modelscan: Modelscan, home: Path) -> None:
    path = home / "config" / "config.toml"
    path.parent.mkdir()
    path.write_text("offline = = true")
    ran = modelscan("config", "show", "--json")
    assert (ran.status, ran.error["code"], ran.error["details"]["path"]) == (1, "config_invalid", str(path))
    assert modelscan("--help").status == 0
    assert path.read_text() == "offline = = true"


def test_verbose_says_what_lies_behind_a_failure_wherever_it_stands(modelscan: Modelscan) -> None:
    plain = modelscan("config", "set", "deploy.first_port", "abc").stderr
    for words in (("-v", "config", "set"), ("config", "set", "--verbose")):
        shown = modelscan(*words, "deploy.first_port", "abc").stderr
        assert shown.splitlines()[0] == plain.splitlines()[0]
        assert "  caused by ConfigInvalid:" in shown
        assert "  caused by ValueError:" in shown
    assert "caused by" not in plain


@pytest.mark.parametrize("options", [["--gpu", "none", "--gpus", "2"], ["--max-memory", "0"]])
def test_what_excludes_itself_is_wrong_usage(modelscan: Modelscan, options: list[str]) -> None:
    ran = modelscan("plan", "demo", *options)
    assert ran.status == 2
    assert ran.stderr.splitlines()[1].startswith("hint: ")


def test_names_of_hardware_and_sources_are_completed() -> None:
    assert "rtx-4090" in set(complete_hardware("rtx-40"))
    assert "2xrtx-4090" in set(complete_hardware("2xrtx-40"))
    assert list(complete_source("models.d")) == ["models.dev"]
    assert list(complete_gpu("no")) == ["none"]
