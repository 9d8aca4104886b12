"""No test touches the user's home or the network: every one gets a home of its own, and nothing of ours outlives it."""

from __future__ import annotations

import gc
import shutil
import signal
import socket
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is not a failure: no property is timed. `make test-all` takes the profile "thorough".
settings.register_profile("modelscan", deadline=None, max_examples=25)
settings.register_profile("thorough", deadline=None, max_examples=500)
settings.load_profile("modelscan")

PRIVATE = (
    "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN",
    "MODELSCOPE_API_TOKEN",
    "VIRTUAL_ENV",
    "CUDA_VISIBLE_DEVICES",
    "HIP_VISIBLE_DEVICES",
)


ALLOWED_SKIPS = Path(__file__).with_name("allowed_skips.txt")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--strict-skips", action="store_true", help="fail a test that is skipped for a reason not in allowed_skips.txt"
    )


def allowed_skips(text: str) -> list[tuple[str, str]]:
    """What each line allows: the beginning of a test's id, and its reason, word for word."""
    lines = [line.strip() for line in text.splitlines()]
    return [(test, reason) for test, _, reason in (line.partition(": ") for line in lines if line and line[0] != "#")]


def _judge(config: pytest.Config, report: pytest.TestReport | pytest.CollectReport) -> None:
    """Under `--strict-skips` a skip that nobody wrote down is a failure."""
    if not (config.getoption("--strict-skips") and report.skipped and isinstance(report.longrepr, tuple)):
        return
    reason = report.longrepr[2].removeprefix("Skipped: ")
    allowed = allowed_skips(ALLOWED_SKIPS.read_text(encoding="utf-8"))
    if not any(report.nodeid.startswith(test) and reason.startswith(why) for test, why in allowed):
        report.outcome = "failed"
        report.longrepr = f"skipped, and not in {ALLOWED_SKIPS.name}: {report.nodeid}: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _judge(item.config, report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _judge(collector.config, report)
    return report


def pytest_configure() -> None:
    """Whoever starts the tests from a script's background, or under nohup, hands on ignored signals: Ctrl-C and a closed
    terminal would end no command here.
    """
    for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """All of `end_to_end` is slow: where no slow test is asked for, no worker imports the clients that it uses."""
    return True if collection_path.name == "end_to_end" and config.option.markexpr == "not slow" else None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays to the end: the garbage collector need not look through it, after every so many objects,
    in each worker. What the tests themselves leave is collected as ever.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(autouse=True)
def own_environment(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """MODELSCAN_HOME, HOME and the hubs' caches, all below the test's own folder. Most tests are of pure rooms: to make
    a folder would take longer than they, so one that asks for none has its home nowhere.
    """
    nowhere = root = tmp_path_factory.getbasetemp() / "nowhere"
    if "tmp_path" in request.fixturenames:
        root = request.getfixturevalue("tmp_path")
        (root / "home").mkdir()
    monkeypatch.setenv("MODELSCAN_HOME", str(root / "home"))
    monkeypatch.setenv("HOME", str(root))
    monkeypatch.setenv("HF_HOME", str(root / "hf"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    for name in PRIVATE:
        monkeypatch.delenv(name, raising=False)
    yield
    if nowhere.exists():
        shutil.rmtree(nowhere)
        pytest.fail("it wrote into its home and must ask for one: the fixture `home`")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture(autouse=True)
def loopback_only(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to anything but this machine is a failure of the test, at once and by name."""
    if request.node.get_closest_marker("slow"):
        return
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6} and isinstance(address, tuple):
            host = address[0]
            if not (host.startswith("127.") or host in {"localhost", "::1"}):
                raise AssertionError(f"a test tried to reach {host}")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)
