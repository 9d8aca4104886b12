"""One stream of everything that happens, which is taken up again where it broke off."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from inline_snapshot import snapshot
from tests.api.api_house import Listener, client_of, context_of
from tests.cli.conftest import Modelscan

from modelscan.api.feed import Feed, Numbered
from modelscan.jobs.job import Job
from modelscan.jobs.store import JobStore
from modelscan.selecting.context import Context


def write_job(context: Context, job_id: str, *, status: str = "done") -> None:
    job = Job(
        id=job_id,
        kind="stop",
        subject="demo",
        argv=("stop", "demo"),
        status=status,  # type: ignore[arg-type]
        created_at="2026-11-30T12:00:00Z",
    )
    with JobStore(context.settings.paths) as store:
        assert store.create(job)


def test_what_happens_reaches_everybody_and_is_taken_up_again(home: Path, modelscan: Modelscan) -> None:
    context = context_of(home)
    app = client_of(context).app
    write_job(context, "job-00001")
    both = [Listener(app, "/api/v1/events", enough=lambda text: text.count("\ndata:") == 2) for _ in range(2)]

    async def listening() -> None:
        tasks = [asyncio.create_task(one.listen()) for one in both]
        for one in both:
            await one.hears.wait()
        await asyncio.to_thread(write_job, context, "job-00002")
        await asyncio.to_thread(write_job, context, "job-00003", status="running")  # nobody runs it
        await asyncio.gather(*tasks)

    asyncio.run(listening())
    for one in both:
        assert one.text.startswith("id: 0.1\n\n")
        assert [(number, kind, event["job"], event["kind"]) for number, kind, event in one.events] == snapshot(
            [
                ("0.2", "job", "job-00002", "done"),
                ("0.3", "job", "job-00003", "running"),
                ("0.4", "job", "job-00003", "failed"),
            ]
        )
        assert one.headers["cache-control"] == "no-store"
        assert one.headers["x-accel-buffering"] == "no"
        assert {(event["job_kind"], event["subject"]) for _, _, event in one.events} == {("stop", "demo")}
    again = Listener(app, "/api/v1/events", enough=lambda text: "job-00003" in text, **{"last-event-id": "0.1"})
    asyncio.run(again.listen())
    assert [event["job"] for _, _, event in again.events][:2] == ["job-00002", "job-00003"]
    beyond = Listener(app, "/api/v1/events", enough=bool, **{"last-event-id": "999.999"})
    asyncio.run(beyond.listen())
    assert beyond.text == "id: 0.4\n\n"


def test_an_id_of_ours_is_two_numbers(home: Path) -> None:
    refused = client_of(context_of(home)).get("/api/v1/events", headers={"last-event-id": "1; drop"})
    assert refused.status_code == 400


def test_events_of_deployments_come_with_their_names(home: Path, vllm: Path, modelscan: Modelscan) -> None:
    app = client_of(context_of(home)).app
    modelscan("deploy", "demo", "--no-wait")
    heard = Listener(app, "/api/v1/events", enough=lambda text: "event: deployment" in text, **{"last-event-id": "0.0"})
    asyncio.run(heard.listen())
    first = heard.events[0]
    assert (first[0], first[1], first[2]["name"]) == ("1.0", "deployment", "demo")


class Counting:
    """A source that is asked, and says so."""

    kind = "count"

    def __init__(self) -> None:
        self.asked = 0
        self.numbers: list[int] = []

    def last(self) -> int:
        return max(self.numbers, default=0)

    def after(self, number: int) -> Sequence[Numbered]:
        self.asked += 1
        return [Numbered(one, {"number": one}) for one in self.numbers if one > number]


@pytest.mark.slow
def test_one_poll_serves_all_and_none_is_made_for_nobody() -> None:
    source = Counting()

    async def heard(feed: Feed) -> list[str]:
        async def never() -> bool:
            return False

        found = []
        async for text in feed.listen(None, never):
            found.append(text)
            if len(found) == 3:
                return found
        raise AssertionError("the feed ended")

    async def all_hear() -> list[list[str]]:
        feed = Feed([source])
        tasks = [asyncio.create_task(heard(feed)) for _ in range(50)]
        await asyncio.sleep(0.1)
        source.numbers += [7, 9]
        found = await asyncio.gather(*tasks)
        await asyncio.sleep(1.2)
        asked = source.asked
        await asyncio.sleep(1.2)
        assert source.asked == asked
        return found

    found = asyncio.run(all_hear())
    assert {tuple(one) for one in found} == {
        ("id: 0\n\n", 'id: 7\nevent: count\ndata: {"number": 7}\n\n', 'id: 9\nevent: count\ndata: {"number": 9}\n\n')
    }
    assert source.asked < 60  # one for what each missed, and the polls of all together
