"""What counts as progress, what a start will take, and what is work: the pure parts of watching."""

from __future__ import annotations

from modelscan import dataclasses
from modelscan.backends.base import Activity
from modelscan.backends.registry import BACKENDS
from modelscan.settings.reading import Settings, load_settings
from modelscan.targets.local.health.health import Health
from modelscan.targets.local.health.pulse import Pulse
from modelscan.targets.local.supervisor.phases import Phases
from modelscan.targets.pace import Pace, pace_of


def test_only_what_was_never_reached_is_progress() -> None:
    phases = Phases("launching", 0.0)
    assert phases.reach("loading weights", 0.3, 1.0)
    assert not phases.reach("loading weights", 0.3, 2.0)
    assert phases.progress_at == 1.0
    assert not phases.reach("loading weights", 0.4, 3.0)
    assert phases.progress_at == 3.0
    assert phases.reach("compiling", None, 4.0)
    assert not phases.reach("loading weights", 0.4, 5.0)  # back again: it goes in circles
    assert not phases.reach("compiling", None, 6.0)
    assert phases.progress_at == 4.0


def test_a_bar_of_another_kind_moves_on_too() -> None:
    phases = Phases("launching", 0.0)
    phases.read_bar("DeepGEMM warmup:  10%|#   | 1/10 [00:09<01:21]", 1.0)
    phases.read_bar("DeepGEMM warmup:  10%|#   | 1/10 [00:10<01:30]", 2.0)
    assert phases.progress_at == 1.0
    phases.read_bar("DeepGEMM warmup:  20%|##  | 2/10 [00:18<01:12]", 3.0)
    phases.read_bar("INFO 100% sure that this is no bar", 4.0)
    assert phases.progress_at == 3.0


def test_a_flood_of_bars_is_bounded() -> None:
    phases = Phases("launching", 0.0)
    for number in range(1, 1000):
        phases.read_bar(f"layer {number}: 5%|#", float(number))
    assert phases.progress_at == 64.0


def test_what_a_start_will_take_is_the_median_of_earlier_ones() -> None:
    earlier = [[("launching", 5.0), ("loading weights", 10.0 * slow), ("compiling", 20.0)] for slow in (1, 2, 9)]
    phases = Phases("launching", 100.0, earlier)
    assert phases.seconds_left(100.0) == 45.0
    assert phases.seconds_left(102.0) == 43.0
    phases.reach("compiling", None, 110.0)
    assert phases.seconds_left(111.0) == 19.0
    assert phases.seconds_left(500.0) == 0.0
    phases.reach("never seen before", None, 112.0)
    assert phases.seconds_left(113.0) is None
    assert phases.durations(115.0) == [("launching", 10.0), ("compiling", 2.0), ("never seen before", 3.0)]


def test_work_is_told_from_standing_still() -> None:
    pulse = Pulse()
    assert pulse.stalled_for(10.0) == 0.0
    pulse.update(Activity(0, 5.0), 10.0)
    assert pulse.stalled_for(99.0) == 0.0  # idle
    pulse.update(Activity(2, 5.0), 100.0)
    assert pulse.stalled_for(130.0) == 30.0
    pulse.update(Activity(2, 6.0), 140.0)  # slow, but it works
    assert pulse.stalled_for(150.0) == 10.0
    pulse.update(Activity(3, 0.0), 160.0)  # it was restarted by itself: counts begin anew
    assert pulse.stalled_for(161.0) == 1.0


def test_work_between_two_readings_was_somebody_s_request() -> None:
    pulse = Pulse()
    readings = [Activity(0, 5.0), Activity(0, 5.0), Activity(0, 9.0), Activity(1, 9.0), Activity(0, 9.0)]
    worked = []
    for number, reading in enumerate(readings):
        pulse.update(reading, float(number))
        worked.append(pulse.worked)
    assert worked == [False, False, True, True, False]  # the first has what the readiness probe did


# What a running vLLM 0.32.0 answered, shortened.
VLLM = """# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="demo"} 1.0
vllm:num_requests_running{engine="1",model_name="demo"} 2.0
vllm:num_requests_waiting{engine="0",model_name="demo"} 1.0
vllm:num_requests_waiting_by_reason{engine="0",model_name="demo",reason="capacity"} 1.0
vllm:prompt_tokens_total{engine="0",model_name="demo"} 42.0
vllm:generation_tokens_total{engine="0",model_name="demo"} 8.0
vllm:iteration_tokens_total_bucket{engine="0",le="1.0",model_name="demo"} 7.0
vllm:iteration_tokens_total_count{engine="0",model_name="demo"} 9.0
"""
SGLANG = """sglang:num_running_reqs{engine_type="unified",model_name="demo",tp_rank="0"} 1.0
sglang:num_queue_reqs{engine_type="unified",model_name="demo",tp_rank="0"} 0.0
sglang:generation_tokens_total{model_name="demo"} 7.0
sglang:realtime_tokens_total{mode="decode",model_name="demo",tp_rank="0"} 40.0 1700000000000
sglang:realtime_tokens_total{mode="prefill_compute",model_name="demo",tp_rank="0"} 2.0
"""


def test_the_metrics_of_each_backend_are_read() -> None:
    vllm, sglang = BACKENDS["vllm"].explains, BACKENDS["sglang"].explains
    assert vllm.read_metrics(VLLM) == Activity(4, 59.0)
    assert sglang.read_metrics(SGLANG) == Activity(1, 42.0)
    assert vllm.read_metrics(SGLANG) is None
    assert sglang.read_metrics("not metrics at all {") is None
    assert vllm.read_metrics("vllm:num_requests_running\nvllm:generation_tokens_total{} many\n") == Activity(0, 0.0)


def test_the_pace_is_what_the_settings_say_and_survives_the_way_to_the_supervisor() -> None:
    environ = {"MODELSCAN_WEDGED_AFTER": "40", "MODELSCAN_UNHEALTHY_AFTER": "2", "MODELSCAN_HOME": "/nowhere"}
    pace = pace_of(load_settings(environ))
    assert (pace.wedged_after, pace.between_metrics, pace.unhealthy_after, pace.when_ready) == (40.0, 5.0, 2, 5.0)
    assert Pace.read(pace.written()) == pace


def test_trouble_is_told_once_and_counts_from_its_beginning() -> None:
    health = Health(dataclasses.replace(pace_of(Settings()), unhealthy_after=2, wedged_after=10, restart_after=30))
    health.update(answered=False, activity=None, now=1.0)
    assert health.trouble is None
    health.update(answered=False, activity=None, now=2.0)
    health.update(answered=False, activity=None, now=20.0)
    assert (health.trouble, health.overdue(31.0)) == ("2 consecutive probes failed", None)
    assert health.overdue(32.0) == 30.0
    health.update(answered=True, activity=Activity(3, 7.0), now=33.0)
    assert (health.trouble, health.overdue(99.0)) == (None, None)
    health.update(answered=True, activity=Activity(3, 7.0), now=42.0)
    assert health.trouble is None
    health.update(answered=True, activity=Activity(3, 7.0), now=44.0)
    assert health.trouble == "wedged: 3 requests in flight and no token for 11 s"
    health.update(answered=True, activity=Activity(3, 7.5), now=45.0)
    assert health.trouble is None
