"""The table that the gateway reads, from deployments and from what their models' entries say."""

from __future__ import annotations

from modelscan.model import Deployment
from modelscan.routing.compiled import ModelFacts, compile_table
from modelscan.routing.names import PublicNames


def deployment(**request: object) -> Deployment:
    return Deployment(
        id="0" * 32,
        name="eyes",
        target="local",
        model="lab/eyes",
        backend="vllm",
        status="ready",
        request={"model": "lab/eyes", **request},
    )


def test_defaults_of_an_entry_reach_the_gateway_with_its_deployment() -> None:
    entry = {"context_length": 512, "defaults": {"temperature": 0.2, "max_tokens": 64}}
    (member,) = compile_table([deployment(entry=entry)], PublicNames()).members
    assert member.defaults == {"temperature": 0.2, "max_tokens": 64}
    (bare,) = compile_table([deployment()], PublicNames()).members
    assert bare.defaults == {}


def test_what_is_said_of_the_model_now_counts_more() -> None:
    entry = {"defaults": {"temperature": 0.2, "max_tokens": 64}}
    facts = ModelFacts(names=("lab/eyes",), defaults={"temperature": 0.7})
    (member,) = compile_table([deployment(entry=entry)], PublicNames(), facts=[facts]).members
    assert member.defaults == {"temperature": 0.7, "max_tokens": 64}
