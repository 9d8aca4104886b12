"""What is promised and what is free: claims of those that start, packing, and waiting for memory to come back."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from hostile_house import CLOCK, Make, alter, eventually, processes_of, record, start, stop, wait
from tests.hardware.nvml import compile_nvml

from modelscan.dataclasses import replace
from modelscan.deployments import commanding
from modelscan.deployments.claims import claimed_of, memory_left, without_claimed
from modelscan.deployments.document import record_of
from modelscan.deployments.store import Store
from modelscan.errors import BackendFailed, Conflict
from modelscan.model import Claim, Cpu, Deployment, DeploymentMemory, Gpu, GpuProcess, Hardware
from modelscan.running.claim import claim_again, claim_record
from modelscan.selecting.context import Context
from modelscan.selecting.machine import machine
from modelscan.settings.deploy import DeploySettings
from modelscan.settings.reading import Settings
from modelscan.system.processes.identity import send
from modelscan.system.processes.run import Completed
from modelscan.targets.local.claims import claims_of
from modelscan.targets.local.supervisor.lease import GpuLease
from modelscan.units import GIB

TOTAL = 64 * GIB
_NODE = (
    "cpu_cores_count 0\nsimd_count 192\ngfx_target_version 90402\nlocation_id 768\n"
    "drm_render_minor 128\nunique_id 7\ndomain 0\n"
)


@pytest.fixture
def take(tmp_path: Path) -> Callable[[int], None]:
    """Say how much of the one AMD GPU is in use."""
    node = tmp_path / "sys/class/kfd/kfd/topology/nodes/1/properties"
    drm = tmp_path / "sys/class/drm/renderD128/device"
    node.parent.mkdir(parents=True)
    drm.mkdir(parents=True)
    node.write_text(_NODE)
    (drm / "mem_info_vram_total").write_text(f"{TOTAL}\n")

    def take(size: int) -> None:
        (drm / "mem_info_vram_used").write_text(f"{size}\n")

    take(0)
    return take


@pytest.fixture
def context(settings: Settings, tmp_path: Path, take: Callable[[int], None]) -> Context:
    del take
    return Context(settings=settings, sysfs=tmp_path / "sys", run=lambda *_, **__: Completed(None, problem="none here"))


def on_gpu(size: int, **changes: object) -> dict[str, object]:
    return {"gpu_indices": (0,), "memory": DeploymentMemory(estimated_bytes=size), **changes}


def test_what_lies_on_the_host_beside_a_gpu_is_promised_too(make: Make, context: Context) -> None:
    made = make("polite", **on_gpu(40 * GIB))
    item = record_of(made)
    plan = {**item.pinned.plan, "offload": {"gpu_layers": 62, "host_bytes": 3 * GIB}}
    item = replace(item, pinned=replace(item.pinned, plan=plan))
    assert dict(claimed_of(item)) == {0: 40 * GIB, None: 3 * GIB}
    live = replace(item, status=replace(item.status, current="starting"))
    found = claims_of([live], machine(context))
    assert [(claim.gpu_index, claim.claimed_bytes) for claim in found] == [(0, 40 * GIB), (None, 3 * GIB)]


def test_what_a_start_has_not_taken_yet_is_promised(make: Make, context: Context, take: Callable[[int], None]) -> None:
    made = make("polite", **on_gpu(40 * GIB))
    with commanding.command(made.id, context.settings.paths, clock=CLOCK):  # at work on it: pending
        hardware = machine(context)
        assert context.deployments.claims(hardware) == (
            Claim(deployment=made.name, gpu_index=0, claimed_bytes=40 * GIB, outstanding_bytes=40 * GIB),
        )
        left = memory_left(hardware, context.deployments.claims(hardware), 0)
        assert left == (hardware.devices[0].memory_free_bytes or 0) - 40 * GIB
        assert without_claimed(hardware, context.deployments.claims(hardware)).devices[0].memory_free_bytes == left
        assert context.deployments.claims(hardware, but=record_of(made)) == ()

        other = Deployment(id="o", name="other", model="m", backend="vllm", **on_gpu(30 * GIB))  # type: ignore[arg-type]
        with (
            pytest.raises(Conflict, match=r"`other` needs 30.00 GiB on GPU 0") as refused,
            claim_record(context, record_of(other), port=None, replacing=None),
        ):
            pytest.fail("the memory was given twice")
        assert refused.value.details["taken"] == "memory"
        assert refused.value.cause == ("40.00 GiB is reserved for deployments that are starting",)
    assert context.deployments.claims(machine(context)) == ()  # nobody is at work on it any more: interrupted
    take(50 * GIB)
    with pytest.raises(Conflict, match=r"needs 40.00 GiB on GPU 0"), claim_again(context, made.id):
        pytest.fail("it was started without its memory")
    assert record(context.settings, made).status == "pending"


def test_what_its_processes_hold_already_is_not_promised_again(make: Make, context: Context) -> None:
    ready = up(make("polite", **on_gpu(40 * GIB, gpu_indices=(0, 1))), context)
    [one, *_] = sorted(processes_of(ready))
    gpus = tuple(
        Gpu(index=index, processes=(GpuProcess(pid=one.pid, memory_bytes=size), GpuProcess(pid=1, memory_bytes=GIB)))
        for index, size in ((0, 15 * GIB), (1, 25 * GIB))
    )
    starting = make("polite", name="cpu", memory=DeploymentMemory(estimated_bytes=GIB))
    with commanding.command(starting.id, context.settings.paths, clock=CLOCK):
        found = claims_of([record_of(ready), record_of(starting)], Hardware(devices=gpus, cpu=Cpu()))
    assert [(claim.gpu_index, claim.claimed_bytes, claim.outstanding_bytes) for claim in found] == [
        (0, 20 * GIB, 5 * GIB),
        (1, 20 * GIB, 0),
        (None, GIB, GIB),
    ]


def up(deployment: Deployment, context: Context) -> Deployment:
    started = start(deployment, settings=context.settings, clock=CLOCK)
    return wait(started, settings=context.settings, clock=CLOCK, timeout=20)


def test_a_stop_waits_until_the_memory_is_back(make: Make, context: Context, take: Callable[[int], None]) -> None:
    ready = up(make("polite", **on_gpu(20 * GIB)), context)
    memory = DeploymentMemory(estimated_bytes=20 * GIB, measured_bytes=20 * GIB)
    with Store(context.settings.paths) as store:
        ready = alter(store, ready.id, memory=memory)
    take(20 * GIB)
    left: list[int] = []

    def hardware() -> Hardware:
        left.append(len(processes_of(ready)))
        if len(left) == 4:
            take(0)
        return machine(context)

    stopped = stop(ready, settings=context.settings, clock=CLOCK, hardware=hardware)
    assert (stopped.status, stopped.message) == ("stopped", None)
    assert left == [3, 0, 0, 0]  # it was asked before, and then until the memory was back


@pytest.mark.slow
def test_memory_that_does_not_come_back_is_told(make: Make, context: Context, take: Callable[[int], None]) -> None:
    ready = up(make("polite", **on_gpu(20 * GIB)), context)
    with Store(context.settings.paths) as store:
        alter(store, ready.id, memory=DeploymentMemory(estimated_bytes=20 * GIB, measured_bytes=20 * GIB))
    take(20 * GIB)
    quick = replace(context.settings, deploy=DeploySettings(release_timeout=0.3))
    stopped = stop(ready, settings=quick, clock=CLOCK, hardware=lambda: machine(context))
    assert (stopped.status, stopped.message) == ("stopped", "its GPU memory was not released within 0.3 s")


def test_one_at_a_time_starts_on_a_gpu(make: Make, settings: Settings) -> None:
    before = GpuLease(settings.paths, (1, 0))
    assert before.try_take("somebody")
    waiting = start(make("polite", **on_gpu(GIB)), settings=settings, clock=CLOCK)
    eventually(lambda: record(settings, waiting).phase == "waiting")
    progress = record(settings, waiting).progress
    assert progress is not None
    assert progress.detail == "another deployment is starting on GPU 0"
    elsewhere = GpuLease(settings.paths, (2,))
    assert elsewhere.try_take("somebody else")
    assert not GpuLease(settings.paths, (2, 3)).try_take("both or none")
    assert GpuLease(settings.paths, (3,)).try_take("so this one was let go")
    before.release()
    assert wait(waiting, settings=settings, clock=CLOCK, timeout=20).status == "ready"
    assert before.try_take("ready is no longer starting")
    before.release()
    for process in processes_of(waiting):
        send(process, signal.SIGKILL)


def test_one_that_waits_for_its_turn_can_be_stopped(make: Make, settings: Settings) -> None:
    turn = GpuLease(settings.paths, (0,))
    assert turn.try_take("somebody")
    waiting = start(make("polite", **on_gpu(GIB)), settings=settings, clock=CLOCK)
    eventually(lambda: record(settings, waiting).phase == "waiting")
    assert stop(waiting, settings=settings, clock=CLOCK).status == "stopped"


@pytest.mark.slow
def test_the_memory_is_measured_once_more_before_a_start(make: Make, settings: Settings, tmp_path: Path) -> None:
    nvml = tmp_path / "nvml"
    nvml.mkdir()
    if compile_nvml(nvml) is None:
        pytest.skip("no C compiler")

    def use(size: int) -> None:
        (nvml / "scenario").write_text(f"gpu\nname H100\ntotal {TOTAL}\nused {size}\n")

    environ = {**settings.environ, "LD_LIBRARY_PATH": str(nvml), "CUDA_FAKE_NVML": str(nvml / "scenario")}
    patient = Settings(paths=settings.paths, environ=environ, deploy=DeploySettings(release_timeout=20))
    use(50 * GIB)
    waiting = start(make("polite", **on_gpu(20 * GIB)), settings=patient, clock=CLOCK)

    def said() -> str | None:
        progress = record(settings, waiting).progress
        return progress.detail if progress else None

    eventually(lambda: said() == "it needs 20.00 GiB on GPU 0, but only 14.00 GiB is free")
    assert not processes_of(waiting)
    use(10 * GIB)
    assert wait(waiting, settings=settings, clock=CLOCK, timeout=20).status == "ready"

    use(50 * GIB)
    hasty = Settings(paths=settings.paths, environ=environ, deploy=DeploySettings(release_timeout=0.1))
    given_up = start(make("polite", name="other", **on_gpu(20 * GIB)), settings=hasty, clock=CLOCK)
    with pytest.raises(BackendFailed, match=r"it needs 20.00 GiB on GPU 0, but only 14.00 GiB is free"):
        wait(given_up, settings=settings, clock=CLOCK, timeout=20)
