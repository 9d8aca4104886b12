from __future__ import annotations

import os
from pathlib import Path

import platformdirs
import pytest

from modelscan.errors import ConfigInvalid, Usage
from modelscan.settings.reading import load_settings, setting_for
from modelscan.storage.paths import user_paths


def settings_file(home: Path, text: str) -> Path:
    path = home / "config" / "config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_flag_before_environment_before_file_before_default(home: Path) -> None:
    path = settings_file(home, "offline = false\n[deploy]\nfirst_port = 9000\nstop_grace = 3\n")
    environ = {"MODELSCAN_HOME": str(home), "MODELSCAN_FIRST_PORT": "9100", "MODELSCAN_OFFLINE": "no"}
    settings = load_settings(environ, flags={"offline": True})
    deploy = settings.deploy
    assert (settings.offline, deploy.first_port, deploy.stop_grace, deploy.restart) == (True, 9100, 3.0, "no")
    assert settings.origins == {
        "offline": "flag",
        "deploy.first_port": "env MODELSCAN_FIRST_PORT",
        "deploy.stop_grace": f"file {path}",
    }


def test_everything_is_below_modelscan_home(home: Path) -> None:
    paths = load_settings({"MODELSCAN_HOME": str(home)}).paths
    places = [paths.config_file, paths.index_file, paths.database_file, paths.environments_folder, paths.routing_file]
    assert all(place.is_relative_to(home) for place in places)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("offline = maybe", "cannot be read"),
        ("[deploy]\nfirst_port = 0", "`deploy.first_port` must be a port, 1 to 65535, not `0`"),
        ("[deploy]\nfirst_prt = 1", "unknown setting `deploy.first_prt`"),
        ("\x00", "cannot be read"),
    ],
)
def test_a_bad_file_is_named_and_left_alone(home: Path, text: str, message: str) -> None:
    path = settings_file(home, text)
    with pytest.raises(ConfigInvalid) as caught:
        load_settings({"MODELSCAN_HOME": str(home)})
    assert message in caught.value.message
    assert str(path) in caught.value.message + " ".join(caught.value.cause)
    assert path.read_text() == text


def test_a_bad_variable_is_named(home: Path) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        load_settings({"MODELSCAN_HOME": str(home), "MODELSCAN_STALL_TIMEOUT": "soon"})
    assert caught.value.cause == ("set by the environment variable MODELSCAN_STALL_TIMEOUT",)


def test_an_unknown_key_is_suggested() -> None:
    with pytest.raises(Usage) as caught:
        setting_for("deploy.first_prt")
    assert caught.value.hints == ("did you mean `deploy.first_port`?",)


@pytest.mark.parametrize("variable", [None, "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"])
def test_the_users_folders_are_those_of_platformdirs(
    variable: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    if variable is not None:
        monkeypatch.setenv(variable, str(tmp_path / "elsewhere"))
    dirs = platformdirs.PlatformDirs("modelscan", appauthor=False)
    paths = user_paths(dict(os.environ))
    assert (paths.config, paths.cache, paths.state, paths.data) == (
        dirs.user_config_path,
        dirs.user_cache_path,
        dirs.user_state_path,
        dirs.user_data_path,
    )
