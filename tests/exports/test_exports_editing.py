"""Our entries in the files of others: put in, put in again, taken back, and every other byte stays."""

from __future__ import annotations

import json
import textwrap
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from modelscan.exports.editing.edits import EditRefused, applied, reverted
from modelscan.exports.editing.jsonc import scan
from modelscan.exports.editing.put_json import put_element, put_values
from modelscan.exports.editing.put_yaml import put_entry, put_scalars
from modelscan.exports.editing.take_json import taken_out

OURS = {("tools", "ours", "deep"): {"url": "http://127.0.0.1:8080/v1", "sizes": [1, 2]}, ("model",): "ours/demo"}


def text(block: str) -> str:
    return textwrap.dedent(block).lstrip("\n")


def value_of(document: str) -> object:
    node = scan(document)
    return None if node is None else node.value


SETTINGS = text(
    """
    // mine
    {
        "theme": "dark", // at night
        "tools": {
            "theirs": {"url": "x"}, /* keep */
        },
        // the last word
    }
    """
)


def test_beside_comments_and_trailing_commas() -> None:
    assert applied(SETTINGS, put_values(SETTINGS, OURS)) == text(
        """
        // mine
        {
            "theme": "dark", // at night
            "tools": {
                "theirs": {"url": "x"}, /* keep */
                "ours": {
                    "deep": {
                        "url": "http://127.0.0.1:8080/v1",
                        "sizes": [
                            1,
                            2
                        ]
                    }
                },
            },
            // the last word
            "model": "ours/demo",
        }
        """
    )


def test_within_a_line_and_in_the_place_of_another_value() -> None:
    before = '{"model": "big", "tools": {"a": 1 } }'
    after = '{"model": "ours/demo", "tools": {"a": 1, "ours": {"deep": 2} } }'
    assert applied(before, put_values(before, {("tools", "ours", "deep"): 2, ("model",): "ours/demo"})) == after
    assert put_values(after, {("model",): "ours/demo"}) == []


def test_a_comma_goes_before_the_comment_of_the_last_part() -> None:
    before = '{\n  "a": 1 // one\n}\n'
    assert applied(before, put_values(before, {("b",): 2})) == '{\n  "a": 1, // one\n  "b": 2\n}\n'


@pytest.mark.parametrize(
    "before", ["", "\n", "// only a comment", "{}", "{\n}\n", "{ /* c */ }", "\ufeff{}", "{\r\n}\r\n"]
)
def test_where_there_is_nothing_yet(before: str) -> None:
    edits = put_values(before, OURS)
    after = applied(before, edits)
    assert value_of(after) == {"tools": {"ours": {"deep": OURS["tools", "ours", "deep"]}}, "model": "ours/demo"}
    assert put_values(after, OURS) == []
    assert reverted(before, edits, after) == before


def test_elements_of_a_list() -> None:
    before = '[\n  {"name": "a"}\n]\n'
    after = applied(before, put_element(before, "name", {"name": "ours", "n": 1}))
    assert value_of(after) == [{"name": "a"}, {"name": "ours", "n": 1}]
    assert put_element(after, "name", {"name": "ours", "n": 1}) == []
    again = applied(after, put_element(after, "name", {"name": "ours", "n": 2}))
    assert value_of(again) == [{"name": "a"}, {"name": "ours", "n": 2}]


@pytest.mark.parametrize(
    "before",
    [
        "[]",
        "1",
        '{"tools": []}',
        '{"tools": 1}',
        "{",
        '{"a" 1}',
        '{"a": }',
        "{a: 1}",
        '{"a": 1 "b": 2}',
        "{} {}",
        "[" * 300,
    ],
)
def test_json_that_cannot_be_edited_is_refused(before: str) -> None:
    with pytest.raises(EditRefused):
        put_values(before, OURS)


def test_what_was_changed_elsewhere_since_stays() -> None:
    edits = put_values(SETTINGS, OURS)
    now = applied(SETTINGS, edits).replace('"dark"', '"light"').replace("// mine\n", "// mine\n// and more\n")
    assert reverted(SETTINGS, edits, now) == SETTINGS.replace('"dark"', '"light"').replace(
        "// mine\n", "// mine\n// and more\n"
    )


def test_a_member_added_after_ours_keeps_its_comma() -> None:
    before = '{\n  "a": 1\n}\n'
    edits = put_values(before, {("b",): 2})
    now = applied(before, edits).replace('"b": 2\n', '"b": 2,\n  "c": 3\n')
    assert reverted(before, edits, now) == '{\n  "a": 1,\n  "c": 3\n}\n'


def test_what_was_written_and_then_changed_is_not_taken_back_blindly() -> None:
    edits = put_values(SETTINGS, OURS)
    with pytest.raises(EditRefused, match=r"what begins with .* was changed"):
        reverted(SETTINGS, edits, applied(SETTINGS, edits).replace("8080", "9000"))


GAPS = st.sampled_from(["", "", " ", "\n", "\n  ", "\n\t", " // note, with a comma\n", "/* } */", "\n// {\n"])
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=6), st.floats(allow_nan=False)).map(
    json.dumps
)
KEYS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=5) | st.sampled_from(
    ["tools", "model", "ours"]
)


@st.composite
def containers(draw: st.DrawFn, depth: int = 2) -> str:
    """Objects and lists as people write them, with comments anywhere and a comma after the last."""
    named = draw(st.booleans()) or depth == 2
    parts = []
    for key in draw(st.lists(KEYS, max_size=3, unique=True)):
        value = draw(SCALARS if depth == 0 or draw(st.booleans()) else containers(depth - 1))
        name = f"{json.dumps(key)}{draw(GAPS)}:{draw(GAPS)}" if named else ""
        parts.append(f"{draw(GAPS)}{name}{value}{draw(GAPS)}")
    last = draw(st.sampled_from(["", ","])) + draw(GAPS) if parts else draw(GAPS)
    return ("{" if named else "[") + ",".join(parts) + last + ("}" if named else "]")


@given(containers(), GAPS, st.sampled_from(["\n", "\r\n"]))
def test_json_survives(body: str, gap: str, newline: str) -> None:
    before = (gap + body + gap).replace("\n", newline)
    try:
        edits = put_values(before, OURS)
    except EditRefused:
        known = value_of(before)
        assert isinstance(known, dict)
        assert not isinstance(known.get("tools", {}), dict) or not isinstance(known["tools"].get("ours", {}), dict)
        return
    after = applied(before, edits)
    found, known = value_of(after), value_of(before)
    assert isinstance(found, dict)
    assert isinstance(known, dict)
    assert found["model"] == "ours/demo"
    assert found["tools"]["ours"]["deep"] == OURS["tools", "ours", "deep"]
    assert {key: item for key, item in found.items() if key not in {"model", "tools"}} == {
        key: item for key, item in known.items() if key not in {"model", "tools"}
    }
    assert put_values(after, OURS) == []
    assert reverted(before, edits, after) == before
    longer = "// ours, it says\n" + after + "\n// the end\n"
    assert reverted(before, edits, longer) == "// ours, it says\n" + before + "\n// the end\n"


ENTRY = {"name": "demo", "url": "http://127.0.0.1:8080/v1"}
USERS = text(
    """
    # mine
    name: me   # who
    models:
        # the big one
        - name: a
          url: 'x'   # dear

    other: [1, 2]
    """
)


def put(before: str) -> list:
    return put_entry(before, ENTRY, called="name", note="ours", under="models", head=("version: 1",))


def test_an_entry_of_a_yaml_list() -> None:
    assert applied(USERS, put(USERS)) == USERS.replace(
        "# dear\n",
        "# dear\n    # ours\n    - name: demo\n      url: http://127.0.0.1:8080/v1\n",
    )
    assert put(applied(USERS, put(USERS))) == []


@pytest.mark.parametrize(
    "before",
    [
        "",
        "# c",
        "---\n",
        "name: me\n",
        "models:\n",
        "models:\nlast: 1\n",
        "models: []\n",
        "models: null\nlast: 1",
        "a: 1\r\nmodels:\r\n- name: b\r\n",
        "models:\n- name: b\n# end",
    ],
)
def test_every_shape_of_a_place_for_an_entry(before: str) -> None:
    edits = put(before)
    after = applied(before, edits)
    assert yaml.safe_load(after)["models"][-1] == ENTRY
    assert put(after) == []
    assert reverted(before, edits, after) == before


@pytest.mark.parametrize(
    "before",
    [
        "models: [{name: a}]\n",
        "{models: []}\n",
        "models: {a: 1}\n",
        "- a\n",
        "models: 1\n",
        "a: [\n",
        "models:\n- name: demo\n  url: mine\n",
        "a: 1\n---\nb: 1\n",
        "models: [] # none\n",
    ],
)
def test_yaml_that_cannot_be_edited_is_refused(before: str) -> None:
    with pytest.raises(EditRefused):
        put(before)


def test_scalars_of_a_yaml_file() -> None:
    before = "# a\nmodel: gpt  # best\nurl:\nlast: true"
    wanted = {"model": "openai/demo", "url": "http://x: 1", "new": "yes"}
    after = applied(before, put_scalars(before, wanted))
    assert after == "# a\nmodel: openai/demo  # best\nurl: 'http://x: 1'\nlast: true\nnew: 'yes'\n"
    assert put_scalars(after, wanted) == []
    assert reverted(before, put_scalars(before, wanted), after) == before


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=8)


@st.composite
def yaml_files(draw: st.DrawFn) -> str:
    step, newline = draw(st.integers(0, 3)), draw(st.sampled_from(["\n", "\r\n"]))
    note = st.one_of(st.just(""), WORDS.map(lambda words: f"  # {words}"))
    own_line = st.one_of(st.just([]), WORDS.map(lambda words: [f"  # {words}"]), st.just([""]))
    lines = [*draw(own_line), f"models:{draw(note)}"]
    for number in range(draw(st.integers(1, 3))):
        lines += [*draw(own_line), f"{' ' * step}-   name: '{number}'{draw(note)}"]
        lines += [
            f"{' ' * step}    url: {yaml.dump(draw(WORDS), width=9999, default_style=chr(34)).strip()}{draw(note)}"
        ]
    lines += [*draw(own_line), *draw(st.sampled_from([[], ["last: |", "  a", "  b"]])), *draw(own_line)]
    return newline.join(lines) + draw(st.sampled_from(["", newline]))


@given(yaml_files())
def test_yaml_survives(before: str) -> None:
    edits = put(before)
    after = applied(before, edits)
    known, found = yaml.safe_load(before), yaml.safe_load(after)
    assert found == {**known, "models": [*known["models"], ENTRY]}
    assert put(after) == []
    assert reverted(before, edits, after) == before
    assert reverted(before, edits, "# first\n" + after) == "# first\n" + before


def rewritten(document: object) -> str:
    """As programs write their settings: anew, without comments."""
    return json.dumps(document, indent=4, ensure_ascii=False)


@pytest.mark.parametrize(
    ("before", "change", "wanted"),
    [
        ("", {"$schema": "x"}, {"$schema": "x"}),
        ('{"model": "mine"}', {"theme": "a"}, {"theme": "a", "model": "mine"}),
        ('{"tools": {"b": 1}, "model": "mine"}', {}, {"tools": {"b": 1}, "model": "mine"}),
        ('{"tools": {}}', {"theme": "a"}, {"theme": "a", "tools": {}}),
    ],
)
def test_what_its_program_has_written_anew(before: str, change: dict[str, object], wanted: object) -> None:
    after = applied(before, put_values(before, OURS))
    now = rewritten({**change, **value_of(after)})  # type: ignore[dict-item]
    assert value_of(taken_out(before, after, now)) == wanted


def test_written_anew_with_more_beside_ours() -> None:
    after = applied(SETTINGS, put_values(SETTINGS, OURS))
    document: Any = value_of(after)
    document["tools"]["ours"]["theirs too"] = 1
    assert value_of(taken_out(SETTINGS, after, rewritten(document))) == {
        "theme": "dark", "tools": {"theirs": {"url": "x"}, "ours": {"theirs too": 1}}
    }  # fmt: skip
    document["model"] = "another"
    with pytest.raises(EditRefused, match="`model` was changed"):
        taken_out(SETTINGS, after, rewritten(document))


def test_a_list_that_was_written_anew() -> None:
    before = '[{"name": "a"}]'
    after = applied(before, put_element(before, "name", {"name": "ours", "n": 1}))
    for now, left in (
        ([{"name": "b"}, {"name": "ours", "n": 1}, {"name": "a"}], [{"name": "b"}, {"name": "a"}]),
        ([{"name": "a"}], [{"name": "a"}]),
    ):
        assert value_of(taken_out(before, after, rewritten(now))) == left
    with pytest.raises(EditRefused, match="the file` was changed"):
        taken_out(before, after, rewritten([{"name": "ours", "n": 2}]))
    made = applied("", put_element("", "name", {"name": "ours"}))
    assert taken_out("", made, rewritten(json.loads(made)) + "\n") == ""


@given(containers(), st.sampled_from([" ", "\n"]))
def test_json_that_was_written_anew_means_what_it_meant(body: str, gap: str) -> None:
    try:
        after = applied(body, put_values(body, OURS))
    except EditRefused:
        return
    again = rewritten(value_of(after)) + gap
    assert value_of(taken_out(body, after, again)) == value_of(body)
    with_more = "// theirs\n" + after
    assert value_of(taken_out(body, after, with_more)) == value_of(body)
