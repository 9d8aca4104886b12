"""routing.yaml on the disk, and what clients read."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path

import pytest

from modelscan.errors import ConfigInvalid
from modelscan.exports.clients.endpoint import endpoint_to
from modelscan.exports.clients.env import env_lines, env_variables
from modelscan.model import Deployment, Route
from modelscan.routing.file import read_routes, write_routes
from modelscan.routing.table import Changes, changes, route_to, routes_to


def route(name: str = "demo", *, port: int = 8080, managed: bool = True) -> Route:
    return Route(name=name, type="local", base_url=f"http://127.0.0.1:{port}", model="lab/demo", managed=managed)


def deployment(name: str = "demo", **changes: object) -> Deployment:
    values: dict[str, object] = {"status": "ready", "served_model_names": (name, "lab/demo"), "port": 8080, **changes}
    return Deployment(id=name, name=name, model="lab/demo", backend="vllm", **values)  # type: ignore[arg-type]


def test_written_read_and_the_last_version_kept(tmp_path: Path) -> None:
    path = tmp_path / "config" / "routing.yaml"
    assert read_routes(path) == ()
    write_routes(path, [])
    assert not path.parent.exists()
    write_routes(path, [route()])
    first = path.read_bytes()
    assert read_routes(path) == (route(),)
    write_routes(path, [route(port=9000)])
    assert read_routes(path) == (route(port=9000),)
    assert path.with_name("routing.yaml.bak").read_bytes() == first
    changed = path.stat().st_mtime_ns
    write_routes(path, [route(port=9000)])
    assert path.stat().st_mtime_ns == changed


def test_a_link_stays_a_link_and_the_mode_stays(tmp_path: Path) -> None:
    real = tmp_path / "real.yaml"
    real.write_text("# mine\n")
    real.chmod(0o644)
    link = tmp_path / "routing.yaml"
    link.symlink_to(real)
    write_routes(link, [route()])
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o644
    assert real.read_text().startswith("# mine\nrouting:\n")


@pytest.mark.parametrize("content", [b"routing: [\n", b"\xff\xfe", b"- a\n"])
def test_a_damaged_file_is_refused_and_stays(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "routing.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigInvalid, match="is damaged"):
        write_routes(path, [route()])
    with pytest.raises(ConfigInvalid, match="is damaged"):
        read_routes(path)
    assert path.read_bytes() == content
    assert list(tmp_path.glob("*.bak")) == []


def test_a_file_that_cannot_be_edited_says_what_to_add(tmp_path: Path) -> None:
    path = tmp_path / "routing.yaml"
    path.write_text("routing: {direct: {providers: [{name: a}]}}\n")
    with pytest.raises(ConfigInvalid) as refused:
        write_routes(path, [route()])
    assert refused.value.hints == (
        "add these lines by hand below `routing.direct.providers`:",
        "- name: demo  # managed by modelscan",
        "  type: local",
        "  base_url: http://127.0.0.1:8080",
        "  model: lab/demo",
    )


def test_the_user_s_entry_of_the_same_name_wins_and_is_told(tmp_path: Path) -> None:
    path = tmp_path / "routing.yaml"
    path.write_text("routing:\n  direct:\n    providers:\n      - name: demo\n        type: mine\n")
    before = path.read_bytes()
    assert write_routes(path, [route()]) == (route(),)
    assert path.read_bytes() == before


def test_writers_at_once_do_not_lose_one_another(tmp_path: Path) -> None:
    path = tmp_path / "routing.yaml"
    path.write_text("# mine\n")
    state: list[Route] = []
    guard = threading.Lock()

    def add(number: int) -> None:
        with guard:
            state.append(route(f"d{number}", port=8000 + number))
        write_routes(path, lambda: sorted(state, key=lambda item: item.name))

    threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {item.name for item in read_routes(path)} == {f"d{number}" for number in range(8)}
    assert path.read_text().startswith("# mine\n")


def test_only_what_is_ready_gets_a_route() -> None:
    several = [deployment("b"), deployment("a"), deployment("c", status="stopped"), deployment("d", removed_at="x")]
    assert [item.name for item in routes_to(several)] == ["a", "b"]
    assert route_to(deployment()) == route()


def test_what_has_to_change() -> None:
    present = [route("mine", managed=False), route("same"), route("moved"), route("gone")]
    wanted = [route("mine"), route("same"), route("moved", port=9), route("new")]
    assert changes(present, wanted) == Changes(
        add=(route("new"),), change=(route("moved", port=9),), drop=("gone",), shadowed=(route("mine"),)
    )


def test_the_environment_of_a_client() -> None:
    assert env_lines(endpoint_to(deployment())) == (
        "export OPENAI_BASE_URL=http://127.0.0.1:8080/v1",
        "export OPENAI_API_KEY=none",
        "export MODEL_API_URL=http://127.0.0.1:8080/v1",
        "export MODEL_NAME=demo",
    )


def test_a_key_is_named_and_a_shell_fills_it_in() -> None:
    made = deployment(api_key_env="MY_KEY", served_model_names=("it's odd $HOME",))
    script = "\n".join([*env_lines(endpoint_to(made)), 'printf "%s|%s" "$OPENAI_API_KEY" "$MODEL_NAME"'])
    done = subprocess.run(
        ["/bin/sh", "-c", script], env={"MY_KEY": "sk x"}, capture_output=True, text=True, check=True, timeout=10
    )
    assert done.stdout == "sk x|it's odd $HOME"
    assert env_variables(endpoint_to(made))["OPENAI_API_KEY"] == "$MY_KEY"
