"""The supervisor's hand on its record while the disk takes nothing."""

from __future__ import annotations

from pathlib import Path

from hostile_house import CLOCK

from modelscan.deployments.record import DeploymentSpec, PinnedPlan, Record
from modelscan.deployments.store import Store
from modelscan.deployments.transitions.ending import stopped
from modelscan.deployments.transitions.serving import became_ready, became_unhealthy, recovered
from modelscan.deployments.transitions.starting import reached, starting
from modelscan.errors import StorageFailed
from modelscan.model import Measured, Progress
from modelscan.storage.paths import paths_below
from modelscan.targets.local.supervisor.writer import RecordWriter

AT = "2026-11-21T08:00:00Z"


class FullDisk(Store):
    full = False

    def write(self, record: Record) -> Record:
        if self.full:
            raise StorageFailed("no space left on device")
        return super().write(record)


def test_what_waits_is_written_later_by_a_way_that_the_statuses_allow(tmp_path: Path) -> None:
    with FullDisk(paths_below(tmp_path)) as store:
        made = store.create(
            Record(spec=DeploymentSpec(id="1", name="demo", model="lab/demo"), pinned=PinnedPlan(backend="vllm"))
        )
        writer = RecordWriter(store, store.write(starting(made, AT)), CLOCK)
        store.full = True
        writer.become(reached(writer.value, "warming up", Progress()))
        writer.become(became_ready(writer.value, AT, measured=Measured(ttft_ms=4.0), measured_bytes=None))
        for _ in range(100):
            writer.become(became_unhealthy(writer.value, "3 consecutive probes failed"))
            writer.become(recovered(writer.value))
        writer.become(became_unhealthy(writer.value, "3 consecutive probes failed"))
        assert store.by_id("1").status.current == "starting"
        assert not writer.flush()

        store.full = False
        writer.finish()
        assert store.by_id("1") == writer.value
        assert (writer.value.status.current, writer.value.status.measured.ttft_ms) == ("unhealthy", 4.0)
        kinds = [event.kind for event in store.events("1")]
        assert kinds == ["pending", "starting", "phase", "ready", "unhealthy"]

        writer.become(stopped(writer.value, AT))
        assert store.by_id("1").status.current == "stopped"
