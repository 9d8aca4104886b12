"""Changing the configuration file: the one key, and nothing else that the user wrote."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelscan.errors import ConfigInvalid, Usage
from modelscan.settings.reading import SETTINGS, load_settings, value_of
from modelscan.verbs.maintain.configure import set_value, unset_value

WRITTEN = """\
# Ours, for the lab. Ask Ada before changing it.
offline = false   # the proxy is slow

[deploy]          # the port is open in the firewall
first_port = 9000 # since March

# Nobody needs to know.
  stop_grace = 3

[catalog]
dirs = [
    "/srv/models",  # shared
]
"""
VALUES = {
    "offline": ("true", "false"),
    "deploy.first_port": ("9001", "1"),
    "deploy.restart": ("always", "no"),
    "deploy.stop_grace": ("0.5", "30"),
    "catalog.dirs": ("/a:/b", "/c"),
    "weights.models": ("one,two", "three"),
    "routing.file": ("/r.yaml", '/a "quoted" path'),
}
FORMS = [
    "",
    WRITTEN,
    WRITTEN.replace("\n", "\r\n"),
    "[deploy]\nfirst_port = 9000",
    'deploy.first_port = 9000 # dotted\ndeploy.restart = "no"\n',
    'deploy = { first_port = 9000, restart = "no" } # inline\n',
    "[deploy]\n# only a comment\n",
    '[weights]\nmodels = ["a"]\n\n[deploy]\nfirst_port = 1\n\n[catalog]\n',
]


def config(home: Path, text: str) -> Path:
    path = home / "config" / "config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def test_set_keeps_comments_order_and_blanks(home: Path) -> None:
    path = config(home, WRITTEN)
    settings = load_settings({"MODELSCAN_HOME": str(home)})
    set_value(settings, "deploy.first_port", "9100")
    set_value(settings, "offline", "true")
    assert path.read_text() == WRITTEN.replace("9000", "9100").replace("= false", "= true")


def test_set_and_unset_leave_the_file_as_it_was(home: Path) -> None:
    path = config(home, WRITTEN)
    settings = load_settings({"MODELSCAN_HOME": str(home)})
    set_value(settings, "weights.models", "one,two")
    assert path.read_text().startswith(WRITTEN)
    unset = unset_value(settings, "weights.models")
    assert (unset.changed, unset.path) == (True, str(path))
    assert path.read_text().rstrip() == WRITTEN.rstrip()
    assert unset_value(settings, "weights.models").changed is False


def test_a_table_goes_with_its_last_key_unless_something_is_said_there(home: Path) -> None:
    path = config(home, "[deploy]\nfirst_port = 1\n\n[routing] # by hand\nfile = 'r.yaml'\n")
    settings = load_settings({"MODELSCAN_HOME": str(home)})
    unset_value(settings, "deploy.first_port")
    unset_value(settings, "routing.file")
    assert path.read_text().strip() == "[routing] # by hand"


@given(
    text=st.sampled_from(FORMS),
    changes=st.lists(st.sampled_from([(key, value) for key, values in VALUES.items() for value in (*values, None)])),
)
def test_whatever_is_changed_the_file_says_it_and_no_comment_is_lost(
    tmp_path_factory: pytest.TempPathFactory, text: str, changes: list[tuple[str, str | None]]
) -> None:
    home = tmp_path_factory.mktemp("home")
    path = config(home, text)
    expected = {key: value_of(load_settings({"MODELSCAN_HOME": str(home)}), key) for key in VALUES}
    for key, value in changes:
        settings = load_settings({"MODELSCAN_HOME": str(home)})
        if value is None:
            unset_value(settings, key)
        else:
            set_value(settings, key, value)
        expected[key] = SETTINGS[key].default if value is None else SETTINGS[key].read(value)
    now = load_settings({"MODELSCAN_HOME": str(home)})
    assert {key: value_of(now, key) for key in VALUES} == expected
    tomllib.loads(path.read_text())
    lines = [line.strip() for line in text.splitlines() if line.startswith("#")]
    assert [line.strip() for line in path.read_text().splitlines() if line.startswith("#")] == lines


def test_what_is_damaged_or_wrong_is_refused_and_left_alone(home: Path) -> None:
    path = config(home, WRITTEN)
    settings = load_settings({"MODELSCAN_HOME": str(home)})
    with pytest.raises(Usage):
        set_value(settings, "deploy.first_port", "0")
    with pytest.raises(Usage):
        set_value(settings, "deploy.first_prt", "1")
    with pytest.raises(Usage):
        unset_value(settings, "deploy.first_prt")
    assert path.read_text() == WRITTEN
    path.write_text("offline = = true")
    with pytest.raises(ConfigInvalid):
        set_value(settings, "offline", "true")
    assert path.read_text() == "offline = = true"
