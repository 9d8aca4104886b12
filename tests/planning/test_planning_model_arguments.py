"""What catalogs say of a model reaches a command line only through the list, and nothing is guessed."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.planning.machines import FACTS, llama, machine, weights

from modelscan.backends.registry import BACKENDS
from modelscan.model import Architecture, Capabilities, PlanRequest, Spec, Task
from modelscan.model import Model as CatalogModel
from modelscan.planning.decide.planner import make_plan
from modelscan.planning.options.chat_formats import ChatFormat
from modelscan.planning.options.model_arguments import ModelArguments, model_arguments

TOOLS = Capabilities(tool_call=True, reasoning=True)


def said(
    *specs: Spec,
    backend: str = "vllm",
    version: str | None = "0.33.0",
    capabilities: Capabilities = TOOLS,
    shape: Architecture | None = None,
    line: ChatFormat | None = None,
    task: Task = "chat",
) -> ModelArguments:
    return model_arguments(
        specs,
        backend=BACKENDS[backend],
        version=version,
        repo_id="Lab/Model",
        task=task,
        capabilities=capabilities,
        shape=shape,
        line=line,
        parsers=FACTS.parsers,
        history=FACTS.arguments,
    )


def recipe(*parameters: str, **changes: object) -> Spec:
    values: dict[str, object] = {"backend": "vllm", "source": "vllm-recipes", "repo_id": "Lab/Model", **changes}
    return Spec(parameters=parameters, **values)  # type: ignore[arg-type]


def test_parsers_come_from_the_specs_of_these_weights_first() -> None:
    other = recipe("--tool-call-parser=hermes", repo_id="Lab/Other")
    gpustack = recipe("--tool-call-parser", "qwen3_xml", "--reasoning-parser=qwen3", source="gpustack")
    own = recipe("--enable-auto-tool-choice", "--tool-call-parser", "qwen3_coder")
    found = said(other, gpustack, own)
    assert found.words == ("--tool-call-parser=qwen3_coder", "--reasoning-parser=qwen3")
    assert found.reasons == (
        "model: tool-call-parser qwen3_coder, reasoning-parser qwen3, from vllm-recipes and gpustack",
    )
    assert found.dropped == ()


def test_what_is_unknown_is_said_and_not_guessed() -> None:
    assert said().reasons == (
        (
            "model: no source names its tool-call parser for vLLM, so none is set: tool calls arrive as text in the "
            "answer; if you know it: --backend-arg=--tool-call-parser=NAME --backend-arg=--enable-auto-tool-choice"
        ),
        (
            "model: no source names its reasoning parser for vLLM, so none is set: its reasoning arrives in the answer; "
            "if you know it: --backend-arg=--reasoning-parser=NAME"
        ),
    )
    of_vllm = said(recipe("--tool-call-parser=hermes", "--reasoning-parser=qwen3"), backend="sglang")
    assert (of_vllm.words, len(of_vllm.reasons)) == ((), 2)
    assert said(capabilities=Capabilities()).reasons == ()


@pytest.mark.parametrize(
    ("model", "backend", "expected"),
    [
        ("alibaba/qwen3-coder-30b-a3b-instruct", "vllm", {"--tool-call-parser": "qwen3_coder"}),
        ("Qwen/Qwen3-30B-A3B", "vllm", {"--tool-call-parser": "hermes", "--reasoning-parser": "qwen3"}),
        ("meta/llama-3.3-70b-instruct", "sglang", {"--tool-call-parser": "llama3"}),
        ("somebody/GLM-4.5-Air-AWQ", "vllm", {"--tool-call-parser": "glm45", "--reasoning-parser": "glm45"}),
        ("mistral/devstral-small-2507", "vllm", {"--tool-call-parser": "mistral"}),
        ("qwen/qwen3-vl-8b-instruct", "vllm", {"--tool-call-parser": "hermes", "--reasoning-parser": "qwen3"}),
        ("qwen/qwen2.5-vl-7b-instruct", "vllm", {}),
        ("qwen/qwen3.5-9b", "vllm", None),
        ("google/gemma-3-27b-it", "vllm", None),
        ("meta/llama-4-scout", "vllm", None),
    ],
)
def test_a_line_of_models_shares_its_parsers(model: str, backend: str, expected: dict[str, str] | None) -> None:
    found = FACTS.chat_formats.of(model, backend)
    assert (None if found is None else dict(found.parsers)) == expected


def test_the_line_comes_after_catalogs_and_family_and_only_where_needed() -> None:
    line = FACTS.chat_formats.of("qwen/qwen3-8b", "vllm")
    found = said(line=line)
    assert found.words == ("--tool-call-parser=hermes", "--reasoning-parser=qwen3")
    assert found.reasons == ("model: tool-call-parser hermes, reasoning-parser qwen3, from the chat format of qwen 3",)
    assert said(recipe("--tool-call-parser=qwen3_xml"), line=line).words[0] == "--tool-call-parser=qwen3_xml"
    assert said(shape=llama(model_type="gemma4"), line=line).words[0] == "--tool-call-parser=gemma4"
    assert said(line=line, capabilities=Capabilities(tool_call=True)).words == ("--tool-call-parser=hermes",)


def test_a_model_without_a_chat_template_has_no_parser_of_its_line() -> None:
    entry = CatalogModel(id="qwen/qwen3-8b", name="Qwen3-8B", capabilities=TOOLS)
    for template, expected in ((False, False), (None, True), (True, True)):
        item = weights("Qwen/Qwen3-8B", llama(), has_chat_template=template)
        plan = make_plan(entry, [item], machine("h100-80gb"), PlanRequest(model=entry.id), FACTS)
        assert plan.chosen is not None
        assert ("--tool-call-parser=hermes" in plan.chosen.argv) is expected


def test_a_parser_of_a_line_counts_where_the_chat_template_writes_its_format() -> None:
    entry = CatalogModel(id="qwen/qwen3-8b", name="Qwen3-8B", capabilities=TOOLS)
    for written, expected in ((None, True), (("<tool_call>", "tools"), True), (("<function=", "tools"), False)):
        item = weights("Qwen/Qwen3-8B", llama(), has_chat_template=True, template_words=written)
        plan = make_plan(entry, [item], machine("h100-80gb"), PlanRequest(model=entry.id), FACTS)
        assert plan.chosen is not None
        assert ("--tool-call-parser=hermes" in plan.chosen.argv) is expected
        assert "--reasoning-parser=qwen3" in plan.chosen.argv
        refused = [reason for reason in plan.chosen.reasons if "its chat template has no `<tool_call>`" in reason]
        assert bool(refused) is not expected


def test_backends_have_the_parsers_of_lines() -> None:
    for (backend, _), found in FACTS.chat_formats.lines.items():
        for argument, name in found.parsers.items():
            kind = argument.removeprefix("--").removesuffix("-parser")
            assert FACTS.parsers.knows(backend, kind, name, None), (found.line, argument, name)


def test_where_no_catalog_names_a_parser_the_family_s_counts_if_the_model_needs_one() -> None:
    shape = llama(model_type="gemma4")
    found = said(shape=shape)
    assert found.words == ("--tool-call-parser=gemma4", "--reasoning-parser=gemma4")
    assert found.reasons == ("model: tool-call-parser gemma4, reasoning-parser gemma4, from families",)
    assert said(shape=shape, capabilities=Capabilities(tool_call=True)).words == ("--tool-call-parser=gemma4",)
    assert said(shape=shape, capabilities=Capabilities()).words == ()
    assert said(recipe("--tool-call-parser=hermes"), shape=shape).words[0] == "--tool-call-parser=hermes"
    assert said(shape=llama(model_type="gpt_oss"), backend="sglang", version=None).words == (
        "--tool-call-parser=gpt-oss",
        "--reasoning-parser=gpt-oss",
    )


def test_a_parser_that_the_version_does_not_have_is_left_out() -> None:
    newest = recipe("--tool-call-parser=step5", "--reasoning-parser=nobody_has_this")
    assert said(newest).words == ("--tool-call-parser=step5",)
    older = said(newest, version="0.32.0+cpu")
    assert older.words == ()
    assert older.dropped == (
        "--tool-call-parser=step5 (vllm-recipes): vLLM 0.32.0+cpu has no such parser",
        "--reasoning-parser=nobody_has_this (vllm-recipes): vLLM 0.32.0+cpu has no such parser",
    )
    too_new = said(recipe("--tool-call-parser=hermes", min_backend_version="0.40.0"))
    assert too_new.dropped == ("everything vllm-recipes has for vLLM 0.40.0 and newer: 0.33.0 is planned",)


CLASSIFIER = (
    '--hf-overrides={"architectures":["Qwen3ForSequenceClassification"],"classifier_from_token":["no","yes"],'
    '"is_original_qwen3_reranker":true}'
)
CLASSIFIED = '"architectures": ["XForSequenceClassification"], "classifier_from_token": ["no", "yes"]'


def test_a_reranker_released_as_a_model_that_generates_is_made_a_classifier() -> None:
    written = CLASSIFIER.replace("--hf-overrides", "--hf_overrides")
    assert said(recipe(written), task="rerank").words == (CLASSIFIER,)
    for task in ("chat", "embed"):  # it generates, or embeds, as it is
        assert said(recipe(written), task=task).words == ()  # type: ignore[arg-type]
    assert said(recipe(written, backend="sglang"), backend="sglang", version="0.5.23", task="rerank").words == ()


@pytest.mark.parametrize(
    "overrides",
    [
        "",
        "[]",
        "{",
        "[" * 100_000,
        "{}",
        '{"architectures": ["Qwen3ForSequenceClassification"]}',
        '{"architectures": ["Qwen3ForCausalLM"], "classifier_from_token": ["no", "yes"]}',
        '{"architectures": ["evil.XForSequenceClassification"], "classifier_from_token": ["no", "yes"]}',
        '{"architectures": ["XForSequenceClassification"], "classifier_from_token": ["no", 1]}',
        '{"architectures": ["XForSequenceClassification"], "classifier_from_token": ["no", "yyyyyyyyyyyyyyyyyyyyyyy"]}',
        f'{{{CLASSIFIED}, "auto_map": {{}}}}',
        f'{{{CLASSIFIED}, "is_original_qwen3_reranker": {{"auto_map": "x"}}}}',
    ],
)
def test_of_a_config_a_catalog_overrides_nothing_else(overrides: str) -> None:
    found = said(recipe(f"--hf-overrides={overrides}"), task="rerank")
    assert found.words == ()
    assert len(found.dropped) == 1


HOSTILE = (
    *("--host=0.0.0.0", "--port", "1", "--trust-remote-code", "--api-key=x", "--model=evil/repo", "--ho=0.0.0.0"),
    *("--tool-parser-plugin=/tmp/x.py", "--middleware", "evil.Layer", "--load-format=evil", "--config=/etc/x.yaml"),
    *("--tool-call-parser=hermes --host 0.0.0.0", "--tool-call-parser.plugin=x", "--chat-template={{ evil }}"),
    *("--tokenizer_mode=evil", "--hf-overrides.auto_map=x", "evil/model", "--reasoning-parser=$(id)", "-tp=8"),
    *('--speculative-config={"model": "evil/repo"}', "--compilation-config={}", "--chat-template=/etc/passwd"),
)


@given(
    st.lists(st.sampled_from(HOSTILE) | st.text(max_size=20), max_size=8),
    st.dictionaries(st.sampled_from(["LD_PRELOAD", "PYTHONPATH", "PATH", "HTTPS_PROXY", "HF_TOKEN"]), st.text()),
    st.sampled_from(["vllm", "sglang"]),
)
@example(list(HOSTILE), {"LD_PRELOAD": "/tmp/x.so"}, "vllm")
@example(list(HOSTILE), {"LD_PRELOAD": "/tmp/x.so"}, "sglang")
def test_a_hostile_spec_reaches_no_argv_and_no_environment(
    parameters: list[str], env: dict[str, str], backend: str
) -> None:
    hostile = Spec(backend=backend, source="gpustack", repo_id="Lab/Model", parameters=tuple(parameters), env=env)
    request = PlanRequest(model="lab/model", backend=backend)

    def planned(*specs: Spec) -> tuple[set[str], dict[str, str]]:
        model = CatalogModel(id="lab/model", name="Model", task="chat", specs=specs, capabilities=TOOLS)
        plan = make_plan(model, [weights("Lab/Model", llama())], machine("h100-80gb"), request, FACTS)
        assert plan.chosen is not None
        return set(plan.chosen.argv), dict(plan.chosen.env)

    argv, environment = planned(hostile)
    clean_argv, clean_environment = planned()
    assert environment == clean_environment
    for word in argv - clean_argv - {"--enable-auto-tool-choice"}:
        option, _, value = word.partition("=")
        kind = option.removeprefix("--").removesuffix("-parser")
        assert (
            FACTS.parsers.knows(backend, kind, value, None) or value in BACKENDS[backend].runs.model_arguments[option]
        ), shlex.quote(word)


def test_what_the_user_says_wins() -> None:
    model = CatalogModel(
        id="lab/model", name="Model", task="chat", capabilities=TOOLS, specs=(recipe("--tool-call-parser=hermes"),)
    )
    for given_by_user, expected in (
        ((), ["--tool-call-parser=hermes", "--enable-auto-tool-choice"]),
        (
            ("--tool-call-parser=mistral",),
            ["--tool-call-parser=mistral"],
        ),
    ):
        request = PlanRequest(model="lab/model", backend_args=given_by_user)
        plan = make_plan(model, [weights("Lab/Model", llama())], machine("h100-80gb"), request, FACTS)
        assert plan.chosen is not None
        assert [word for word in plan.chosen.argv if "tool" in word] == expected


def test_a_recipe_that_runs_the_repos_code_is_said_in_the_plan_with_the_option() -> None:
    model = CatalogModel(id="lab/model", name="Model", task="chat", specs=(recipe("--trust-remote-code"),))
    said_in = {}
    for allowed in (False, True):
        request = PlanRequest(model="lab/model", trust_remote_code=allowed)
        plan = make_plan(model, [weights("Lab/Model", llama())], machine("h100-80gb"), request, FACTS)
        assert plan.chosen is not None
        assert ("--trust-remote-code" in plan.chosen.argv) is allowed
        said_in[allowed] = [reason for reason in plan.chosen.reasons if reason.startswith("remote code: ")]
    assert said_in == {
        False: [
            "remote code: vllm-recipes starts it with --trust-remote-code, which is left out: add it to allow that",
        ],
        True: [],
    }


def test_where_nobody_says_whether_it_calls_tools_its_line_does() -> None:
    """A parser of tool calls is harmless where no tools are given; one of reasoning is not."""
    line = FACTS.chat_formats.of("qwen/qwen3-8b", "vllm")
    assert said(line=line, capabilities=Capabilities()).words == ("--tool-call-parser=hermes",)
    assert said(line=line, capabilities=Capabilities(tool_call=False)).words == ()
    assert said(capabilities=Capabilities()).reasons == ()


@pytest.mark.parametrize(
    ("model", "parser"),
    [
        ("ibm-granite/granite-4.0-h-small", "granite4"), ("ibm-granite/granite-4.1-8b", "granite4"),
        ("allenai/olmo-3-7b-instruct", "olmo3"), ("liquidai/lfm2-24b-a2b", "lfm2"), ("liquidai/lfm2.5-1.2b-instruct", "lfm2"),
        ("lgai-exaone/exaone-4.0-32b", "hermes"), ("meituan-longcat/longcat-flash-chat", "longcat"),
    ],
)  # fmt: skip
def test_lines_whose_parsers_came_with_their_versions(model: str, parser: str) -> None:
    found = FACTS.chat_formats.of(model, "vllm")
    assert found is not None
    assert found.parsers["--tool-call-parser"] == parser
