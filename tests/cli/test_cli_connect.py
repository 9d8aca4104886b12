"""`connect` and the files for other routers, with a deployment behind them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml
from inline_snapshot import snapshot
from tests.cli.conftest import Modelscan, Ran

pytestmark = pytest.mark.usefixtures("vllm")
LLM = Path(".config/io.datasette.llm/extra-openai-models.yaml")


def plain(ran: Ran, tmp_path: Path, port: int) -> str:
    text = f"{ran.status}\n{ran.stdout}--\n{ran.stderr}"
    return text.replace(str(tmp_path), "~").replace(str(port), "PORT")


def deployed(modelscan: Modelscan, folder: Path, *options: str) -> int:
    port: int = modelscan("deploy", str(folder), "--yes", "--json", *options).json["port"]
    return port


def test_connected_again_and_taken_back(modelscan: Modelscan, tmp_path: Path, folder: Path) -> None:
    port = deployed(modelscan, folder)
    path = tmp_path / LLM
    path.parent.mkdir(parents=True)
    path.write_text("# mine\n- model_id: big\n  model_name: big\n")
    before = path.read_bytes()
    assert plain(modelscan("connect", "llm"), tmp_path, port) == snapshot("""\
2
--
--- ~/.config/io.datasette.llm/extra-openai-models.yaml
+++ ~/.config/io.datasette.llm/extra-openai-models.yaml
@@ -2,2 +2,6 @@
 - model_id: big
   model_name: big
+# added by modelscan connect llm
+- model_id: tiny
+  model_name: tiny
+  api_base: http://127.0.0.1:PORT/v1
error: nothing was written: this needs confirmation
  ~/.config/io.datasette.llm/extra-openai-models.yaml
hint: modelscan connect llm --yes
""")
    assert path.read_bytes() == before
    assert plain(modelscan("connect", "llm", "--yes"), tmp_path, port) == snapshot("""\
0
changed ~/.config/io.datasette.llm/extra-openai-models.yaml; as it was before: ~/.config/io.datasette.llm/extra-openai-models.yaml.before-modelscan
--
--- ~/.config/io.datasette.llm/extra-openai-models.yaml
+++ ~/.config/io.datasette.llm/extra-openai-models.yaml
@@ -2,2 +2,6 @@
 - model_id: big
   model_name: big
+# added by modelscan connect llm
+- model_id: tiny
+  model_name: tiny
+  api_base: http://127.0.0.1:PORT/v1
llm uses `tiny` at http://127.0.0.1:PORT, which answered a request
Next:
  llm -m tiny 'Hello'
""")
    assert path.with_name(f"{path.name}.before-modelscan").read_bytes() == before
    assert plain(modelscan("connect", "llm", "--model", "tiny"), tmp_path, port) == snapshot("""\
0
--
Nothing to do: llm uses `tiny` at http://127.0.0.1:PORT, which answered a request
Next:
  llm -m tiny 'Hello'
""")
    assert plain(modelscan("connect", "llm", "--remove", "--yes"), tmp_path, port) == snapshot("""\
0
changed ~/.config/io.datasette.llm/extra-openai-models.yaml
--
--- ~/.config/io.datasette.llm/extra-openai-models.yaml
+++ ~/.config/io.datasette.llm/extra-openai-models.yaml
@@ -2,6 +2,2 @@
 - model_id: big
   model_name: big
-# added by modelscan connect llm
-- model_id: tiny
-  model_name: tiny
-  api_base: http://127.0.0.1:PORT/v1
llm is disconnected
""")
    assert path.read_bytes() == before
    assert [item.name for item in path.parent.iterdir()] == [path.name]
    assert plain(modelscan("connect", "llm", "--remove"), tmp_path, port) == snapshot("""\
0
--
Nothing to do: llm was not connected
""")


def test_printed_and_in_a_shell(modelscan: Modelscan, tmp_path: Path, folder: Path) -> None:
    port = deployed(modelscan, folder)
    assert plain(modelscan("connect", "aider", "--print"), tmp_path, port) == snapshot("""\
0
# ~/.aider.conf.yml
model: openai/tiny
openai-api-base: http://127.0.0.1:PORT/v1
openai-api-key: none
# ~/.aider.model.metadata.json
{
  "openai/tiny": {
    "max_input_tokens": 2048,
    "max_output_tokens": 512,
    "litellm_provider": "openai",
    "mode": "chat"
  }
}
--
""")
    assert not (tmp_path / ".aider.conf.yml").exists()
    assert plain(modelscan("connect", "open-webui"), tmp_path, port) == snapshot("""\
0
export OPENAI_API_BASE_URLS=http://127.0.0.1:PORT/v1
export OPENAI_API_KEYS=none
export ENABLE_OLLAMA_API=false
export ENABLE_PERSISTENT_CONFIG=false
--
Open WebUI uses `tiny` at http://127.0.0.1:PORT, which answered a request
Next:
  # in a container it cannot reach 127.0.0.1: start it with --network host
  open-webui serve
""")
    assert modelscan("connect", "Aider", "--print").status == 0
    assert modelscan("connect", "aider", "--print", "--remove").status == 2
    assert plain(modelscan("connect", "opncode"), tmp_path, port) == snapshot("""\
2
--
error: `opncode` is not a program that can be connected
hint: did you mean `opencode`?
""")


@pytest.mark.slow
def test_each_client_gets_its_proof(modelscan: Modelscan, folder: Path) -> None:
    deployed(modelscan, folder)
    for tool in ("claude-code", "opencode", "zed", "vscode", "continue", "aider"):
        done = modelscan("connect", tool, "--yes", "--json")
        assert (done.json["changed"], done.json["proven"], done.stderr) == (True, True, ""), tool
        assert modelscan("connect", tool, "--json").json["changed"] is False
        assert modelscan("connect", tool, "--remove", "--yes", "--json").json["changed"] is True


@pytest.mark.slow
def test_a_key_is_read_from_its_variable_and_written_nowhere(
    modelscan: Modelscan, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEMO_KEY", "sk-planted-4711")
    port = deployed(modelscan, folder, "--api-key-env", "DEMO_KEY")
    for tool in ("llm", "claude-code", "opencode", "zed", "vscode", "continue", "aider", "env"):
        done = modelscan("connect", tool, "--yes")
        assert (done.status, "sk-planted" in done.stdout + done.stderr) == (0, False), tool
    found = [path for path in tmp_path.rglob("*") if path.is_file() and b"sk-planted" in path.read_bytes()]
    assert found == []
    monkeypatch.setenv("DEMO_KEY", "sk-wrong")
    assert plain(modelscan("connect", "llm"), tmp_path, port) == snapshot("""\
6
--
error: `tiny` refuses the key in `DEMO_KEY`
  Unauthorized
hint: modelscan status tiny says by which variable it got its key
""")
    monkeypatch.delenv("DEMO_KEY")
    assert plain(modelscan("connect", "llm"), tmp_path, port) == snapshot("""\
1
--
error: the environment variable `DEMO_KEY` with the API key of `tiny` is not set
hint: export DEMO_KEY=…
""")


@pytest.mark.slow
def test_what_was_written_can_be_taken_back_without_the_deployment(
    modelscan: Modelscan, folder: Path, tmp_path: Path
) -> None:
    port = deployed(modelscan, folder)
    assert modelscan("connect", "llm", "--yes").status == 0
    modelscan("stop", "tiny")
    assert plain(modelscan("connect", "llm"), tmp_path, port) == snapshot("""\
3
--
error: no deployment is ready
hint: modelscan list
hint: modelscan deploy demo
""")
    assert plain(modelscan("connect", "llm", "--model", "tiny"), tmp_path, port) == snapshot("""\
7
--
error: `tiny` is not ready: it is stopped
hint: modelscan start tiny
""")
    assert modelscan("connect", "llm", "--remove", "--yes").status == 0
    assert not (tmp_path / LLM).exists()


def test_a_file_that_cannot_be_edited_stays(modelscan: Modelscan, folder: Path, tmp_path: Path) -> None:
    port = deployed(modelscan, folder)
    path = tmp_path / LLM
    path.parent.mkdir(parents=True)
    path.write_text("- {model_id: tiny, model_name: mine}\n")
    assert plain(modelscan("connect", "llm", "--yes"), tmp_path, port) == snapshot("""\
1
--
error: `~/.config/io.datasette.llm/extra-openai-models.yaml` cannot be edited safely
  you have an entry of your own called `tiny`
  the file stays as it is
hint: to put it in by hand: modelscan connect llm --print
""")
    path.write_text("")
    assert modelscan("connect", "llm", "--yes").status == 0
    path.write_text(path.read_text().replace("model_name: tiny", "model_name: other"))
    assert plain(modelscan("connect", "llm", "--remove", "--yes"), tmp_path, port) == snapshot("""\
1
--
error: what modelscan wrote into `~/.config/io.datasette.llm/extra-openai-models.yaml` cannot be taken back by itself
  what begins with `# added by modelscan connect llm` was changed
  the file stays as it is
hint: remove it by hand: ${EDITOR:-vi} '~/.config/io.datasette.llm/extra-openai-models.yaml'
hint: the file before: '~/.config/io.datasette.llm/extra-openai-models.yaml.before-modelscan'
""")
    assert "model_name: other" in path.read_text()


@pytest.mark.slow
def test_the_task_of_the_model_counts(modelscan: Modelscan, folder: Path, tmp_path: Path) -> None:
    (folder / "modules.json").write_text("[]")
    port = deployed(modelscan, folder)
    assert plain(modelscan("connect", "zed", "--yes"), tmp_path, port) == snapshot("""\
2
--
error: Zed cannot use `tiny`, whose task is embed
  it uses models for: chat
hint: modelscan connect zed --model NAME
hint: modelscan list
""")


@pytest.mark.slow
def test_the_file_of_litellm_is_kept_in_step(
    modelscan: Modelscan, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "litellm.yaml"
    monkeypatch.setenv("MODELSCAN_LITELLM_FILE", str(path))
    ready = modelscan("deploy", str(folder), "--yes")
    assert f"note: `{path}` has changed; LiteLLM reads it when it starts: restart it" in ready.stderr + ready.stdout
    assert [item["model_name"] for item in yaml.safe_load(path.read_text())["model_list"]] == ["tiny"]
    assert path.read_text() == modelscan("routes", "export", "--format", "litellm").stdout
    modelscan("stop", "tiny")
    assert yaml.safe_load(path.read_text())["model_list"] == []
    modelscan("deploy", str(folder), "--yes", "--no-wait")
    deadline = time.monotonic() + 60
    while not yaml.safe_load(path.read_text())["model_list"]:  # its supervisor writes it, no command does
        assert time.monotonic() < deadline
        time.sleep(0.1)
    modelscan("stop", "tiny")
    monkeypatch.setenv("MODELSCAN_LITELLM_KEYLESS", "1")
    modelscan("start", "tiny")
    general = yaml.safe_load(path.read_text())["general_settings"]
    assert general == {"dangerously_permit_weak_or_unset_master_key": True}
    path.write_text("model_list: []  # mine\n")
    stopped = modelscan("stop", "tiny")
    assert "was not written by modelscan and stays as it is; the routes are out of date" in stopped.stderr
    assert path.read_text() == "model_list: []  # mine\n"
