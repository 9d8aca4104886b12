"""Placing a deployment on this machine: its port, and a fresh measurement of the memory that it claims."""

from __future__ import annotations

from modelscan.deployments.again import again
from modelscan.deployments.claims import claimed_of, memory_left, sleeping_bytes, with_memory_back
from modelscan.deployments.document import deployment_of
from modelscan.deployments.record import Record
from modelscan.deployments.transitions.replanning import moved_to_port
from modelscan.errors import Conflict
from modelscan.system.processes.identity import tagged_as
from modelscan.system.processes.ports import another_port, next_free, require_free
from modelscan.targets.local.claims import held_on_gpu
from modelscan.targets.target import Placement
from modelscan.units import format_bytes


def placed(record: Record, among: Placement) -> Record:
    """The record on its port, once there is the memory that it claims. Raises Conflict.

    A record that has a port keeps it; `start` handles a port that is taken by then.
    """
    listens = record.pinned.port is not None or record.pinned.socket is not None
    port = None if listens else _port(among)
    if among.needs_memory:
        _require_memory(record, among)
    return record if port is None else moved_to_port(record, port)


def _port(among: Placement) -> int:
    """The requested port, that of the deployment being replaced, or the next free one."""
    own = among.replacing.pinned.port if among.replacing is not None else None
    wanted = among.port
    if wanted is None:
        return own or next_free(among.first_port, among.ports)
    if wanted in among.ports:
        raise Conflict(
            f"port `{wanted}` belongs to the deployment `{among.ports[wanted]}`",
            hints=[another_port(wanted, among.ports), f"or give up that one: modelscan remove {among.ports[wanted]}"],
            details={"port": wanted},
        )
    if wanted != own:
        require_free(wanted, among.ports)
    return wanted


def _require_memory(record: Record, among: Placement) -> None:
    claimed = claimed_of(record)
    if not claimed:
        return
    hardware = among.hardware()
    if among.replacing is not None:
        hardware = with_memory_back(hardware, among.replacing)
    claims = among.claims(hardware)
    wanted = dict(claimed)
    if not record.is_asleep and (host := sleeping_bytes(record)) is not None:
        wanted[None] = host
    kept = {process.pid for process in tagged_as(record.id)} if record.is_asleep else set()
    for index, each in wanted.items():
        left = memory_left(hardware, claims, index)
        if left is not None and index is not None:
            left += held_on_gpu(index, kept, hardware) or 0  # what sleeps takes again what it gave back
        if left is not None and left < each:
            where = "this machine" if index is None else f"GPU {index}"
            others = [claim for claim in claims if claim.gpu_index == index and claim.outstanding_bytes]
            promised = sum(claim.outstanding_bytes for claim in others)
            raise Conflict(
                f"`{record.name}` needs {format_bytes(each)} on {where}, but only {format_bytes(left)} is free",
                cause=[f"{format_bytes(promised)} is reserved for deployments that are starting"] if others else [],
                hints=[
                    "modelscan gpu",
                    "modelscan ps",
                    again(deployment_of(record), replace=True),
                ],
                details={"taken": "memory", "needed_bytes": each, "free_bytes": left, "gpu_index": index},
            )
