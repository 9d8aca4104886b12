"""What each program is told, in a file of its own and in one of the user's."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from modelscan.exports.clients.client import Client
from modelscan.exports.clients.endpoint import ClientEndpoint, endpoint_to
from modelscan.exports.clients.registry import CLIENTS, client_named
from modelscan.exports.editing.edits import applied
from modelscan.model import Deployment
from modelscan.running.connecting.client_files import planned, planned_back, write_back, write_planned
from modelscan.storage.paths import paths_below

OPEN = ClientEndpoint(base_url="http://127.0.0.1:8080", model="demo", context_length=32768, tool_calls=True)
KEYED = ClientEndpoint(base_url="http://127.0.0.1:8080", model="demo", api_key_env="DEMO_KEY")
USERS = {
    "llm": "# mine\n- model_id: big\n  model_name: big-1 # dear\n",
    "aider": "# mine\nmodel: gpt-4o # best\ndark-mode: true",
    "opencode": '{\n\t"model": "anthropic/x",\n\t"theme": "a"\n}\n',
    "claude-code": '{"env": {"A": "1", "ANTHROPIC_AUTH_TOKEN": "sk-mine"}, "model": "opus"}',
    "continue": "name: me\nversion: 1.0.0\nmodels:\n  # first\n  - name: a\n    model: b\ncontext: []\n",
    "zed": '// hi\n{\n  "theme": "dark", // nice\n  "language_models": {"ollama": {"api_url": "x"}},\n}\n',
    "vscode": '[\n  {"name": "other", "vendor": "x"}\n]\n',
}
SHELLS = {"open-webui", "env"}


def test_the_table_knows_every_name() -> None:
    assert all(isinstance(client_named(name), Client) for name in CLIENTS)
    assert set(CLIENTS) == {*USERS, *SHELLS}
    assert {name for name in CLIENTS if not client_named(name).files} == SHELLS


def told(name: str, endpoint: ClientEndpoint) -> str:
    client = client_named(name)
    parts = [f"{file.places({'HOME': '~'})[0]}\n{applied('', file.edit('', endpoint))}" for file in client.files]
    if client.variables is not None:
        parts.append("".join(f"{key}={value}\n" for key, value in client.variables(endpoint).items()))
    return "\n".join([*parts, "".join(f"> {step}\n" for step in client.steps(endpoint))])


def test_what_an_open_endpoint_is_to_each() -> None:
    assert {name: told(name, OPEN) for name in CLIENTS} == snapshot(
        {
            "llm": """\
~/.config/io.datasette.llm/extra-openai-models.yaml
# added by modelscan connect llm
- model_id: demo
  model_name: demo
  api_base: http://127.0.0.1:8080/v1
  supports_tools: true

> llm -m demo 'Hello'
""",
            "aider": """\
~/.aider.conf.yml
model: openai/demo
openai-api-base: http://127.0.0.1:8080/v1
openai-api-key: none

~/.aider.model.metadata.json
{
  "openai/demo": {
    "max_input_tokens": 32768,
    "max_output_tokens": 8192,
    "litellm_provider": "openai",
    "mode": "chat"
  }
}

> aider
""",
            "opencode": """\
~/.config/opencode/opencode.json
{
  "provider": {
    "modelscan": {
      "npm": "@ai-sdk/openai-compatible",
      "name": "modelscan",
      "options": {
        "baseURL": "http://127.0.0.1:8080/v1",
        "apiKey": "none"
      },
      "models": {
        "demo": {
          "name": "demo",
          "limit": {
            "context": 32768,
            "output": 8192
          },
          "tool_call": true
        }
      }
    }
  },
  "model": "modelscan/demo"
}

> opencode
""",
            "claude-code": """\
~/.claude/settings.json
{
  "env": {
    "ANTHROPIC_BASE_URL": "http://127.0.0.1:8080",
    "ANTHROPIC_MODEL": "demo",
    "ANTHROPIC_DEFAULT_HAIKU_MODEL": "demo",
    "ANTHROPIC_SMALL_FAST_MODEL": "demo",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "CLAUDE_CODE_MAX_OUTPUT_TOKENS": "8192",
    "ANTHROPIC_AUTH_TOKEN": "none"
  }
}

> claude
""",
            "continue": """\
~/.continue/config.yaml
name: My models
version: 0.0.1
schema: v1
models:
  # added by modelscan connect continue
  - name: demo (modelscan)
    provider: openai
    model: demo
    apiBase: http://127.0.0.1:8080/v1
    roles:
    - chat
    - edit
    - apply
    capabilities:
    - tool_use
    defaultCompletionOptions:
      contextLength: 32768
      maxTokens: 8192

""",
            "zed": """\
~/.config/zed/settings.json
{
  "language_models": {
    "openai_compatible": {
      "modelscan": {
        "api_url": "http://127.0.0.1:8080/v1",
        "available_models": [
          {
            "name": "demo",
            "display_name": "demo (modelscan)",
            "max_tokens": 32768,
            "max_output_tokens": 8192,
            "capabilities": {
              "tools": true,
              "images": false,
              "parallel_tool_calls": false,
              "prompt_cache_key": false
            }
          }
        ]
      }
    }
  }
}

> export MODELSCAN_API_KEY=none   # in the shell that Zed is started from
""",
            "vscode": """\
~/.config/Code/User/chatLanguageModels.json
[
  {
    "name": "modelscan",
    "vendor": "customendpoint",
    "apiKey": "none",
    "apiType": "chat-completions",
    "models": [
      {
        "id": "demo",
        "name": "demo",
        "url": "http://127.0.0.1:8080/v1/chat/completions",
        "toolCalling": true,
        "vision": false,
        "maxInputTokens": 24576,
        "maxOutputTokens": 8192
      }
    ]
  }
]

> # choose `demo` in the list of models of the chat
""",
            "open-webui": """\
OPENAI_API_BASE_URLS=http://127.0.0.1:8080/v1
OPENAI_API_KEYS=none
ENABLE_OLLAMA_API=false
ENABLE_PERSISTENT_CONFIG=false

> # in a container it cannot reach 127.0.0.1: start it with --network host
> open-webui serve
""",
            "env": """\
OPENAI_BASE_URL=http://127.0.0.1:8080/v1
OPENAI_API_KEY=none
MODEL_API_URL=http://127.0.0.1:8080/v1
MODEL_NAME=demo
OPENAI_API_BASE=http://127.0.0.1:8080/v1
ANTHROPIC_BASE_URL=http://127.0.0.1:8080
ANTHROPIC_AUTH_TOKEN=none

""",
        }
    )


def test_a_key_is_named_and_never_written() -> None:
    assert {name: told(name, KEYED) for name in CLIENTS} == snapshot(
        {
            "llm": """\
~/.config/io.datasette.llm/extra-openai-models.yaml
# added by modelscan connect llm
- model_id: demo
  model_name: demo
  api_base: http://127.0.0.1:8080/v1
  api_key_name: modelscan

> llm keys set modelscan   # it asks for the key: that in $DEMO_KEY
> llm -m demo 'Hello'
""",
            "aider": """\
~/.aider.conf.yml
model: openai/demo
openai-api-base: http://127.0.0.1:8080/v1

~/.aider.model.metadata.json

> export OPENAI_API_KEY="$DEMO_KEY"
> aider
""",
            "opencode": """\
~/.config/opencode/opencode.json
{
  "provider": {
    "modelscan": {
      "npm": "@ai-sdk/openai-compatible",
      "name": "modelscan",
      "options": {
        "baseURL": "http://127.0.0.1:8080/v1",
        "apiKey": "{env:DEMO_KEY}"
      },
      "models": {
        "demo": {
          "name": "demo",
          "tool_call": false
        }
      }
    }
  },
  "model": "modelscan/demo"
}

> # `demo` calls no tools here: opencode can talk to it, and edit nothing
> opencode
""",
            "claude-code": """\
~/.claude/settings.json
{
  "env": {
    "ANTHROPIC_BASE_URL": "http://127.0.0.1:8080",
    "ANTHROPIC_MODEL": "demo",
    "ANTHROPIC_DEFAULT_HAIKU_MODEL": "demo",
    "ANTHROPIC_SMALL_FAST_MODEL": "demo",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"
  },
  "apiKeyHelper": "printenv DEMO_KEY"
}

> claude
""",
            "continue": """\
~/.continue/config.yaml
name: My models
version: 0.0.1
schema: v1
models:
  # added by modelscan connect continue
  - name: demo (modelscan)
    provider: openai
    model: demo
    apiBase: http://127.0.0.1:8080/v1
    apiKey: ${{ secrets.DEMO_KEY }}
    roles:
    - chat
    - edit
    - apply

> echo "DEMO_KEY=$DEMO_KEY" >> ~/.continue/.env
""",
            "zed": """\
~/.config/zed/settings.json
{
  "language_models": {
    "openai_compatible": {
      "modelscan": {
        "api_url": "http://127.0.0.1:8080/v1",
        "available_models": [
          {
            "name": "demo",
            "display_name": "demo (modelscan)",
            "max_tokens": 8192,
            "capabilities": {
              "tools": false,
              "images": false,
              "parallel_tool_calls": false,
              "prompt_cache_key": false
            }
          }
        ]
      }
    }
  }
}

> export MODELSCAN_API_KEY="$DEMO_KEY"   # in the shell that Zed is started from
""",
            "vscode": """\
~/.config/Code/User/chatLanguageModels.json
[
  {
    "name": "modelscan",
    "vendor": "customendpoint",
    "apiKey": "${input:chat.lm.secret.modelscan}",
    "apiType": "chat-completions",
    "models": [
      {
        "id": "demo",
        "name": "demo",
        "url": "http://127.0.0.1:8080/v1/chat/completions",
        "toolCalling": false,
        "vision": false,
        "maxInputTokens": 6144,
        "maxOutputTokens": 2048
      }
    ]
  }
]

> # it asks for the key: that in $DEMO_KEY
> # choose `demo` in the list of models of the chat
""",
            "open-webui": """\
OPENAI_API_BASE_URLS=http://127.0.0.1:8080/v1
OPENAI_API_KEYS=$DEMO_KEY
ENABLE_OLLAMA_API=false
ENABLE_PERSISTENT_CONFIG=false

> # in a container it cannot reach 127.0.0.1: start it with --network host
> open-webui serve
""",
            "env": """\
OPENAI_BASE_URL=http://127.0.0.1:8080/v1
OPENAI_API_KEY=$DEMO_KEY
MODEL_API_URL=http://127.0.0.1:8080/v1
MODEL_NAME=demo
OPENAI_API_BASE=http://127.0.0.1:8080/v1
ANTHROPIC_BASE_URL=http://127.0.0.1:8080
ANTHROPIC_AUTH_TOKEN=$DEMO_KEY

""",
        }
    )


def test_where_the_files_are() -> None:
    places = {
        name: [place for file in client_named(name).files for place in file.places(environ)]
        for name, environ in (
            ("llm", {"HOME": "/h", "LLM_USER_PATH": "/llm"}),
            ("opencode", {"HOME": "/h", "OPENCODE_CONFIG": "/oc.json"}),
            ("claude-code", {"HOME": "/h", "CLAUDE_CONFIG_DIR": "/cc"}),
            ("continue", {"HOME": "/h", "CONTINUE_GLOBAL_DIR": "/co"}),
            ("zed", {"HOME": "/h", "XDG_CONFIG_HOME": "/x"}),
        )
    }
    assert places == {
        "llm": ["/llm/extra-openai-models.yaml"],
        "opencode": ["/oc.json"],
        "claude-code": ["/cc/settings.json"],
        "continue": ["/co/config.yaml"],
        "zed": ["/x/zed/settings.json"],
    }


def test_tool_calls_are_promised_only_where_they_are_parsed() -> None:
    made = Deployment(id="1", name="a", model="lab/a", backend="vllm", port=8080)
    assert endpoint_to(made).tool_calls is False
    parsed = Deployment(
        id="1", name="a", model="lab/a", backend="vllm", port=8080, argv=("x", "--tool-call-parser", "h")
    )
    assert endpoint_to(parsed).tool_calls is True


def connected(home: Path, name: str, endpoint: ClientEndpoint) -> bool:
    changes = planned(paths_below(home / "ms"), name, client_named(name).files, {"HOME": str(home)}, endpoint)
    if any(change.now != change.after for change in changes):
        write_planned(paths_below(home / "ms"), name, changes)
        return True
    return False


def disconnected(home: Path, name: str) -> None:
    write_back(paths_below(home / "ms"), name, planned_back(paths_below(home / "ms"), name))


def files(home: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(home)): path.read_bytes()
        for path in home.rglob("*")
        if path.is_file() and "ms" not in path.relative_to(home).parts
    }


@pytest.mark.parametrize("name", sorted(set(CLIENTS) - SHELLS))
def test_the_user_s_bytes_survive_connect_and_remove(name: str, tmp_path: Path) -> None:
    path = Path(client_named(name).files[0].places({"HOME": str(tmp_path)})[0])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(USERS[name])
    path.chmod(0o640)
    before = files(tmp_path)
    assert connected(tmp_path, name, OPEN)
    assert not connected(tmp_path, name, OPEN)
    assert path.stat().st_mode & 0o777 == 0o640
    assert connected(tmp_path, name, KEYED)
    assert b"sk-mine" not in b"".join(item.read_bytes() for item in (tmp_path / "ms").rglob("*.json"))
    disconnected(tmp_path, name)
    assert files(tmp_path) == before
    path.unlink()
    assert connected(tmp_path, name, OPEN)
    disconnected(tmp_path, name)
    assert files(tmp_path) == {}


@given(
    name=st.sampled_from(sorted(USERS)),
    endpoints=st.lists(st.sampled_from([OPEN, KEYED]), min_size=1, max_size=3),
    lines=st.lists(st.sampled_from(["", "\n", "  \n"]), max_size=2),
)
def test_edits_of_the_user_s_in_between_survive_too(
    name: str, endpoints: list[ClientEndpoint], lines: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("home")
    path = Path(client_named(name).files[0].places({"HOME": str(home)})[0])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(USERS[name])
    mark = "// a note\n" if name in {"zed", "opencode", "claude-code", "vscode"} else "# a note\n"
    wanted = USERS[name]
    for endpoint, blank in zip(endpoints, [*lines, "", "", ""], strict=False):
        connected(home, name, endpoint)
        path.write_text(mark + blank + path.read_text())
        wanted = mark + blank + wanted
    disconnected(home, name)
    assert path.read_text() == wanted
