"""Our entries in the user's text: put in, changed, taken out, and every other byte stays."""

from __future__ import annotations

import textwrap

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from modelscan.model import Route
from modelscan.routing.nodes import RoutingDamaged
from modelscan.routing.text import MARK, NotEditable, edit_text, read_entries


def route(name: str = "demo", port: int = 8080, model: str = "lab/demo") -> Route:
    return Route(name=name, type="local", base_url=f"http://127.0.0.1:{port}", model=model, managed=True)


def text(block: str) -> str:
    return textwrap.dedent(block).lstrip("\n")


FRESH = text(
    """
    routing:
      mode: direct
      direct:
        providers:
          - name: demo  # managed by modelscan
            type: local
            base_url: http://127.0.0.1:8080
            model: lab/demo
    """
)

USERS = text(
    """
    # my routes
    routing:
      mode: direct      # not hybrid
      direct:
        providers:
          # the big one
          - name: "cloud"
            type: openai
            base_url: 'https://api.example.com'
            model: big   # dear
            # ask before use

          - {name: flow, type: x, base_url: y, model: z}
        timeout: 30
    other: [1, 2]
    """
)


def test_a_new_file() -> None:
    assert edit_text("", [route()]) == FRESH
    assert yaml.safe_load(FRESH)["routing"]["direct"]["providers"] == [
        {"name": "demo", "type": "local", "base_url": "http://127.0.0.1:8080", "model": "lab/demo"}
    ]


def test_beside_the_entries_of_the_user() -> None:
    assert edit_text(USERS, [route()]) == USERS.replace(
        "    timeout: 30\n",
        "      - name: demo  # managed by modelscan\n        type: local\n"
        "        base_url: http://127.0.0.1:8080\n        model: lab/demo\n    timeout: 30\n",
    )


def test_put_in_and_taken_out_leaves_every_byte() -> None:
    assert edit_text(edit_text(USERS, [route(), route("other", 8081)]), []) == USERS


def test_a_change_touches_the_value_only() -> None:
    before = FRESH.replace("8080\n", "8080 # mine\n").replace("        type", "        # why\n        type")
    assert edit_text(before, [route(port=9000)]) == before.replace("8080", "9000")


def test_what_is_right_is_left_alone() -> None:
    odd = FRESH.replace("model: lab/demo", "model:   'lab/demo'")
    assert edit_text(odd, [route()]) == odd


def test_comments_inside_an_entry_of_ours_outlive_it() -> None:
    before = FRESH.replace("8080\n", "8080 # mine\n").replace("        model", "        # why\n        model")
    assert edit_text(before, []) == text(
        """
        routing:
          mode: direct
          direct:
            providers: []
                # mine
                # why
        """
    )


def test_an_entry_of_ours_that_lost_a_field_is_written_anew() -> None:
    assert edit_text(FRESH.replace("        type: local\n", ""), [route()]) == FRESH


def test_one_goes_one_comes() -> None:
    both = edit_text("", [route("a", 1), route("b", 2)])
    assert edit_text(both, [route("b", 2), route("c", 3)]) == edit_text("", [route("b", 2), route("c", 3)])


def test_the_user_has_the_name() -> None:
    assert edit_text(USERS, [route("cloud")]) == USERS


@pytest.mark.parametrize(
    "before",
    [
        "# only a comment\n",
        "# no line end",
        "other: 1\n",
        "routing:\n",
        "routing:\n  mode: direct\n",
        "routing:\n  direct:\n",
        "routing: {}\n",
        "routing:\n  direct: {}  # none yet\n",
        "routing:\n  direct:\n    providers: []\n",
        "routing:\n  direct:\n    providers: [] # none\n  mode: direct\n",
        "routing:\n  direct:\n    providers:\n",
        "routing:\n  direct:\n    providers: null\nlast: 1",
        "routing:\n  direct:\n    providers:\n    - name: a\n      type: b\n",
        "---\nrouting:\n  mode: direct\n",
        "one: 1\n...\n",
        "\ufeffrouting:\n  mode: direct\n",
        "routing:\r\n  direct:\r\n    providers:\r\n      - name: a\r\n",
        "x: &x\n  a: 1\ny: *x\nrouting:\n  direct:\n    providers:\n      - *x\n      - name: a\n        extra: |\n          text\n\n# end\n",
    ],
)
def test_every_shape_of_a_place_to_put_it(before: str) -> None:
    after = edit_text(before, [route()])
    assert [entry.route for entry in read_entries(after) if entry.ours] == [route()]
    assert ("\r\n" in before) == ("\r\n" in after)
    lines = iter(after.splitlines())
    for line in before.splitlines():
        wanted = line.split("#")[0].split(":")[0].rstrip()
        assert any(candidate.startswith(wanted) for candidate in lines)
    assert edit_text(after, [route()]) == after
    gone = edit_text(after, [])
    assert [entry for entry in read_entries(gone) if entry.ours] == []


@pytest.mark.parametrize(
    "before",
    [
        "routing: {direct: {providers: [{name: a}]}}\n",
        "routing:\n  direct:\n    providers: [{name: a}]\n",
        "{}\n",
        "null\n",
        "routing:\n  direct: {timeout: 1}\n",
        "base: &b\n  direct:\n    providers:\n      - name: a\nrouting:\n  <<: *b\n",
    ],
)
def test_what_cannot_be_edited_safely_is_refused(before: str) -> None:
    with pytest.raises(NotEditable):
        edit_text(before, [route()])


@pytest.mark.parametrize(
    "before",
    [
        "routing: [\n",
        "- a\n",
        "text\n",
        "routing: 1\n",
        "routing:\n  direct:\n    providers: {a: 1}\n",
        "routing:\nrouting:\n",
        "a: 1\n---\nb: 2\n",
        "a: \x00\n",
        "[" * 400,
    ],
)
def test_what_is_damaged_is_refused(before: str) -> None:
    with pytest.raises(RoutingDamaged):
        edit_text(before, [route()])


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=12)
NAMES = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,12}", fullmatch=True)
ROUTES = st.lists(st.builds(route, NAMES, st.integers(1, 65535), WORDS), max_size=4, unique_by=lambda made: made.name)


@st.composite
def users_files(draw: st.DrawFn) -> str:
    """A routing file as people write them: comments anywhere, odd indents, quotes, other keys."""
    step, dash = draw(st.integers(1, 4)), draw(st.integers(0, 3))
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    note = st.one_of(st.just(""), WORDS.map(lambda words: f"  # {words}"))
    own_line = st.one_of(
        st.just([]), WORDS.map(lambda words: [f"{' ' * draw(st.integers(0, 9))}# {words}"]), st.just([""])
    )
    lines = [*draw(own_line), f"routing:{draw(note)}", *draw(own_line), f"{' ' * step}direct:{draw(note)}"]
    lines += [*draw(own_line), f"{' ' * 2 * step}providers:{draw(note)}"]
    inner = " " * (2 * step + dash)
    for name in draw(st.lists(NAMES, max_size=3, unique=True)):
        lines += [*draw(own_line), f"{inner}-   name: '{name}'{draw(note)}"]
        for key in ("type", "base_url", "model", "extra"):
            lines += [
                *draw(own_line),
                f"{inner}    {key}: {yaml.dump(draw(WORDS), width=9999, default_style=chr(34)).strip()}{draw(note)}",
            ]
    lines += draw(own_line)
    lines += draw(st.sampled_from([[], [f"{' ' * step}mode: direct"], ["other:", "- 1"]]))
    return newline.join(lines) + draw(st.sampled_from(["", newline]))


@given(users_files(), ROUTES, ROUTES)
@example(USERS, [route()], [])
def test_the_bytes_of_the_user_survive_any_sequence(before: str, first: list[Route], second: list[Route]) -> None:
    try:
        one = edit_text(before, first)
        two = edit_text(one, second)
        none = edit_text(two, [])
    except NotEditable:
        return  # refused: the file stays as it was
    users = [entry.route for entry in read_entries(before)]
    for after, routes in ((one, first), (two, second), (none, [])):
        entries = [entry.route for entry in read_entries(after)]
        assert [entry for entry in entries if entry and not entry.managed] == users
        names = {entry.name for entry in users if entry}
        assert {entry for entry in entries if entry and entry.managed} == {r for r in routes if r.name not in names}
        left = iter(after.splitlines())
        assert all(any(line in (other, other.replace(" []", "", 1)) for other in left) for line in before.splitlines())
    if users:
        assert none in (before, before + ("\r\n" if "\r\n" in before else "\n"))
    assert MARK not in none or MARK in before
