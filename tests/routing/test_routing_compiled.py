"""The table that the gateway reads, from deployments and from what their models' entries say."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from modelscan import dataclasses
from modelscan.model import Adapter, Deployment
from modelscan.model.registered import AtGateway
from modelscan.routing.compiled import GatewayTable, TableMember, compile_table
from modelscan.routing.names import PublicNames


def deployment(at_gateway: AtGateway | None = None) -> Deployment:
    return Deployment(
        id="0" * 32,
        name="eyes",
        target="local",
        model="lab/eyes",
        backend="vllm",
        status="ready",
        at_gateway=at_gateway or AtGateway(),
    )


def test_what_an_entry_says_of_requests_reaches_the_gateway_with_its_deployment() -> None:
    said = AtGateway(defaults={"temperature": 0.2, "max_tokens": 64}, max_parallelism=2, owned_by="vllm")
    (member,) = compile_table([deployment(said)], PublicNames()).members
    assert (member.defaults, member.max_parallelism, member.owned_by) == (said.defaults, 2, "vllm")
    (bare,) = compile_table([deployment()], PublicNames()).members
    assert (bare.defaults, bare.max_parallelism, bare.owned_by) == ({}, None, "local")


def upstream(name: str, model: str, **changes: object) -> TableMember:
    values: dict[str, object] = {"kind": "upstream", "base_url": "https://host/v1", "serves": (model,), **changes}
    return TableMember(name=name, id=f"upstream:{name}", model=model, **values)  # type: ignore[arg-type]


def test_whoever_is_called_by_a_name_shares_it() -> None:
    table = compile_table(
        [deployment()],
        PublicNames(aliases={"gpt": "eyes"}),
        upstreams=[upstream("far", "Lab/Eyes"), upstream("near", "lab/eyes"), upstream("z", "gpt")],
    )
    assert table.names == snapshot(
        {
            "lab/eyes": ("eyes", "far", "near"),
            "Lab/Eyes": ("eyes", "far", "near"),
            "eyes": ("eyes",),
            "far": ("far",),
            "near": ("near",),
            "z": ("z",),
        }
    )
    assert table.aliases == snapshot({"gpt": "eyes"})


def test_a_name_that_was_given_leads_to_what_it_was_given_to() -> None:
    table = compile_table(
        [deployment()],
        PublicNames(aliases={"far": "eyes"}, weights={"eyes": 3, "upstream:eyes": 2}),
        upstreams=[
            upstream("eyes", "x"),
            upstream("lab/eyes", "y"),
            upstream("far", "eyes"),
            upstream("w", "lab/eyes"),
        ],
    )
    assert table.names == snapshot(
        {
            "lab/eyes": ("eyes", "lab/eyes"),
            "x": ("upstream:eyes",),
            "y": ("lab/eyes",),
            "eyes": ("eyes", "upstream:eyes"),
            "far": ("far",),
            "w": ("w",),
        }
    )
    assert table.aliases == {}
    assert {item.name: (item.id, item.weight) for item in table.members} == snapshot(
        {
            "eyes": ("00000000000000000000000000000000", 3),
            "upstream:eyes": ("upstream:eyes", 2),
            "lab/eyes": ("upstream:lab/eyes", 1),
            "far": ("upstream:far", 1),
            "w": ("upstream:w", 1),
        }
    )


def test_aliases_of_aliases_lead_to_the_name_at_their_end() -> None:
    aliases = {"gpt": "Best", "best": "EYES", "far": "nobody", "further": "far", "a": "b", "b": "a", "c": "c"}
    table = compile_table([deployment()], PublicNames(aliases=aliases))
    assert table.aliases == snapshot(
        {"gpt": "eyes", "best": "eyes", "far": "nobody", "further": "nobody", "a": "a", "b": "b", "c": "c"}
    )
    assert {name: table.behind(name) for name in ("gpt", "GPT", "best", "eyes", "Lab/Eyes")} == dict.fromkeys(
        ("gpt", "GPT", "best", "eyes", "Lab/Eyes"), ("eyes",)
    )
    assert {table.behind(name) for name in ("far", "further", "a", "b", "c", "nobody")} == {()}


def test_what_is_meant_without_its_capitals_must_be_one() -> None:
    table = GatewayTable(names={"Big": ("one",), "big": ("two",), "small": ("three",)}, aliases={"tiny": "Small"})
    assert (table.behind("Big"), table.behind("big"), table.behind("BIG")) == (("one",), ("two",), ())
    assert (table.written("TINY"), table.meant("TINY"), table.behind("TINY")) == ("tiny", "small", ("three",))


NAMES = st.text("aAbBc", min_size=1, max_size=2)


@given(aliases=st.dictionaries(NAMES, NAMES, max_size=6), asked=NAMES)
def test_any_aliases_end_where_following_them_by_hand_ends(aliases: dict[str, str], asked: str) -> None:
    public = PublicNames(aliases=aliases)
    table = compile_table([dataclasses.replace(deployment(), name="ab", model="ab")], public)
    at, exact = asked, {"ab", *aliases}
    for _ in range(len(aliases) + 1):
        alike = [name for name in exact if name.casefold() == at.casefold()]
        at = at if at in exact else alike[0] if len(alike) == 1 else at
        if at == "ab" or at not in aliases:
            break
        at = aliases[at]
    assert table.behind(asked) == (("ab",) if at == "ab" else ())


def test_upstreams_that_know_their_model_by_one_name_share_it() -> None:
    table = compile_table(
        [], PublicNames(weights={"a": 3}), upstreams=[upstream("a", "big"), upstream("b", "big"), upstream("c", "a")]
    )
    assert table.names == snapshot({"big": ("a", "b"), "a": ("a",), "b": ("b",), "c": ("c",)})
    assert [item.weight for item in table.members] == [3, 1, 1]


def test_adapters_are_names_with_what_their_backend_wants_to_be_told() -> None:
    found = {}
    for backend in ("vllm", "sglang", "llamacpp"):
        adapters = tuple(
            Adapter(
                name=name,
                source="local_path",
                repo_id="/a",
                format="peft",
                file="f",
                size_bytes=1,
                parameters=1,
                rank=8,
            )
            for name in ("sql", "tone")
        )
        served = dataclasses.replace(
            deployment(), backend=backend, adapters=adapters, served_model_names=("eyes", "lab/eyes")
        )
        table = compile_table([served], PublicNames())
        assert table.names["tone"] == ("eyes",)
        found[backend] = table.members[0].adapters["tone"]
    assert found == snapshot(
        {"vllm": {"model": "tone"}, "sglang": {"model": "eyes:tone"}, "llamacpp": {"lora": [{"id": 1, "scale": 1.0}]}}
    )
