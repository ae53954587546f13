"""Somebody in a store: reads the board, and tells what was done by signed events from the till.

Events are signed by the Standard Webhooks scheme. The id of an event is the same when the same thing is done again.
What the gateway has taken stands in the till's own journal, one event a line.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from deployments.sandbox.catalogue import load_catalogue
from deployments.sandbox.live.jobs import (
    NEW,
    PACKED,
    PICKED,
    READY,
    SHIPPED,
    Box,
    Found,
    Goods,
    Job,
    NotPossibleError,
)

PATIENCE, PAUSE = 60, 0.5
"""How often an event is told again while nobody answers, and after how many seconds."""


@dataclass(frozen=True)
class Pinned:
    """A request as the board shows it. `lines`: line, SKU, and what is asked less what came short."""

    key: str
    company: str
    place: str
    state: str
    lines: Sequence[tuple[str, str, int]]
    pickup: bool


Board = Callable[[], Awaitable[Sequence[Pinned]]]
_STATES = {"requested": NEW, "accepted": NEW, "allocated": NEW, "ready_for_pickup": READY, "short": SHIPPED,
           "partly_shipped": SHIPPED}  # fmt: skip


class StoreWorker:
    """Implements `Worker` and `Counter`."""

    def __init__(self, gateway: str, secret: str, board: Board, journal: Path, name: str = "stores") -> None:
        self.name, self._board, self._journal = name, board, journal
        self.places = tuple(place.code for place in load_catalogue().locations if place.kind == "store")
        self._secret = base64.b64decode(secret.removeprefix("whsec_"))
        self._http = httpx.AsyncClient(base_url=gateway, timeout=30, trust_env=False)
        self._boxes: dict[str, Sequence[Box]] = {}
        self._receipts: dict[str, tuple[Pinned | None, str, str]] = {}

    async def jobs(self, order_id: str | None = None) -> list[Job]:
        """See the protocol."""
        found = [self._job(row) for row in await self._board()]
        return [job for job in found if (job.open if order_id is None else job.about(order_id))]

    async def pick(self, job: Job, missing: Goods | None = None) -> None:
        """See the protocol."""
        row = await self._row(job, NEW)
        if missing:
            lines = [self._line(line, sku, n) for line, sku, n in _parts(row.lines, missing)]
            said = ",".join(f"{sku}-{n}" for sku, n in sorted(missing.items()))
            await self._tell("short", row, f"{row.key}:{said}", lines=lines, reason="not found")
        left = {sku: pieces - (missing or {}).get(sku, 0) for sku, pieces in job.goods.items()}
        await self._tell("picked", row, row.key, lines=self._lines(row, left))

    async def pack(self, job: Job, boxes: Sequence[Box]) -> None:
        """See the protocol."""
        row = await self._row(job, PICKED)
        self._boxes[job.key] = boxes
        await self._tell("packed", row, row.key, lines=self._lines(row, job.goods))

    async def hand_over(self, job: Job) -> None:
        """See the protocol."""
        row = await self._row(job, PACKED)
        await self._ship(row, job.goods, self._boxes.get(job.key, ()))

    async def reject(self, job: Job, reason: str) -> None:
        """See the protocol."""
        row = await self._row(job, NEW, PICKED)
        await self._tell("rejected", row, row.key, reason=reason)

    async def deliver(self, job: Job) -> bool:
        """See the protocol."""
        row = await self._row(job)
        await self._tell("delivered", row, row.key, lines=self._lines(row, job.goods))
        return True

    async def make_ready(self, job: Job) -> None:
        """See `Counter`."""
        row = await self._row(job, PICKED)
        await self._tell("ready_for_pickup", row, row.key, lines=self._lines(row, job.goods))

    async def collect(self, job: Job) -> None:
        """See `Counter`: the shopper carries it away, in a parcel without a label."""
        row = await self._row(job, READY)
        await self._ship(row, job.goods, ())

    async def expire(self, job: Job) -> None:
        """See `Counter`."""
        row = await self._row(job, READY)
        await self._tell("expired", row, row.key, reason="not collected")

    async def receive(self, job: Job | None, return_id: str, place: str, goods: Goods) -> str:
        """See the protocol."""
        row = await self._row(job) if job else None
        number = f"{place}-{return_id or 'blind'}-{len(self._receipts) + 1}"
        self._receipts[number] = (row, return_id, place)
        lines = [self._back(row, sku, pieces) for sku, pieces in goods.items()]
        await self._tell_return("return_received", number, lines)
        return number

    async def inspect(self, receipt: str, found: Found) -> None:
        """See the protocol."""
        row, _, _ = self._receipts[receipt]
        lines = [
            self._back(row, sku, pieces) | {"disposition": disposition}
            for sku, parts in found.items()
            for disposition, pieces in parts.items()
        ]
        await self._tell_return("return_inspected", receipt, lines)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    def _job(self, row: Pinned) -> Job:
        goods: dict[str, int] = {}
        for _, sku, pieces in row.lines:
            goods[sku] = goods.get(sku, 0) + pieces
        return Job(self.name, row.key, row.place, _STATES.get(row.state, row.state), goods, row.pickup)

    async def _row(self, job: Job, *states: str) -> Pinned:
        row = next((row for row in await self._board() if row.key == job.key), None)
        if row is None or (states and _STATES.get(row.state, row.state) not in states):
            raise NotPossibleError(f"{job.key} is {row.state if row else 'not on the board'}")
        return row

    async def _ship(self, row: Pinned, goods: Goods, boxes: Sequence[Box]) -> None:
        left = [(line, sku, pieces) for line, sku, pieces in row.lines if pieces]
        parcels: list[dict[str, Any]] = []
        for box in boxes:
            inside, left = _filled(left, box.goods)
            parcels.append(
                {"id": box.tracking, "carrier": box.carrier, "tracking_number": box.tracking, "lines": inside}
            )
        if not boxes:
            inside, left = _filled(left, goods)
            parcels.append({"id": f"{row.key}:counter"[-60:], "lines": inside})
        await self._tell("shipped", row, row.key, lines=self._lines(row, goods), parcels=parcels)

    def _lines(self, row: Pinned, goods: Goods) -> list[dict[str, Any]]:
        return [self._line(line, sku, pieces) for line, sku, pieces in _parts(row.lines, goods)]

    def _line(self, line: str, sku: str, pieces: int) -> dict[str, Any]:
        return {"line_id": line, "item": sku, "quantity": pieces}

    def _back(self, row: Pinned | None, sku: str, pieces: int) -> dict[str, Any]:
        line = next((line for line, found, _ in row.lines if found == sku), None) if row else None
        return {"line_id": line, "item": sku, "quantity": pieces}

    async def _tell(self, kind: str, row: Pinned, name: str, **data: Any) -> None:
        subject = {"kind": "request", "id": row.key}
        await self._send(kind, row.company, subject, {"location": row.place, **data}, f"{kind}:{name}")

    async def _tell_return(self, kind: str, receipt: str, lines: Sequence[Mapping[str, Any]]) -> None:
        row, return_id, place = self._receipts[receipt]
        subject = {"kind": "request", "id": row.key} if row else {"kind": "return", "id": return_id or receipt}
        named = {"return_id": return_id} if return_id else {}
        data = {"location": place, "external_id": receipt, "lines": list(lines), **named}
        await self._send(kind, row.company if row else "north", subject, data, f"{kind}:{receipt}")

    async def _send(
        self, kind: str, scope: str, subject: Mapping[str, str], data: Mapping[str, Any], number: str
    ) -> None:
        """A signed event. Raises `NotPossibleError` when the gateway refuses it."""
        at = datetime.now(UTC)
        event = {"type": f"warehouse.{kind}", "timestamp": at.isoformat(), "scope": scope, "subject": subject,
                 "data": data}  # fmt: skip
        body = json.dumps(event).encode()
        stamp = str(int(at.timestamp()))
        signed = hmac.new(self._secret, b".".join((number.encode(), stamp.encode(), body)), hashlib.sha256).digest()
        headers = {
            "content-type": "application/json",
            "webhook-id": number,
            "webhook-timestamp": stamp,
            "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
        }
        answer = await self._answered(body, headers)
        if answer.is_error:
            raise NotPossibleError(f"the gateway answers {answer.status_code}: {answer.text[:200]}")
        with self._journal.open("a") as kept:
            kept.write(json.dumps({"id": number, **event}) + "\n")

    async def _answered(self, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
        """A till tells the same event, under its number, until somebody answers."""
        for _ in range(PATIENCE):
            try:
                return await self._http.post(f"/events/{self.name}", content=body, headers=headers)
            except httpx.TransportError:
                await asyncio.sleep(PAUSE)
        return await self._http.post(f"/events/{self.name}", content=body, headers=headers)


def _parts(lines: Sequence[tuple[str, str, int]], goods: Goods) -> list[tuple[str, str, int]]:
    """Which lines goods are of.

    >>> _parts([("1", "TEE", 2), ("2", "TEE", 2)], {"TEE": 3})
    [('1', 'TEE', 2), ('2', 'TEE', 1)]
    """
    left, parts = dict(goods), []
    for line, sku, pieces in lines:
        part = min(pieces, left.get(sku, 0))
        if part:
            left[sku] -= part
            parts.append((line, sku, part))
    return parts


def _filled(
    lines: Sequence[tuple[str, str, int]], goods: Goods
) -> tuple[list[dict[str, Any]], list[tuple[str, str, int]]]:
    """A box filled from lines, and what is left of them."""
    inside = _parts(lines, goods)
    taken = {line: pieces for line, _, pieces in inside}
    left = [(line, sku, pieces - taken.get(line, 0)) for line, sku, pieces in lines]
    return [{"line_id": line, "quantity": pieces} for line, _, pieces in inside], [row for row in left if row[2]]
