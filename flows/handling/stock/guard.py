"""The mass-change guard of stock: what moves too much of a location at once is withheld until somebody approves it.

The whole change is one request: when a batch trips, all that is due at the location is withheld under one approval.
What changes there later goes its own way, or an item that sells out meanwhile would be shown for as long as nobody
decides. An approved figure keeps the number of its approval, and passes here.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import orjson

from canonical.approvals import Approval, ApprovalRequest, ApprovalState
from canonical.ids import correlation_id, effect_key
from canonical.inventory import FigureResult, FigureState
from canonical.ports.stock_views import PlaceTotals
from canonical.records import Cursor
from canonical.rules.guards import Finding, GuardLimits, Shown, StockMove, mass_change
from flows.handling.stock.drafts import Draft
from flows.runtime import Runtime

ROLE = "stock"
KIND = "mass_change"
ASKED_BY = "crossdock"
_DONE = (ApprovalState.APPROVED, ApprovalState.USED)


async def withhold(rt: Runtime, shop: str, drafts: Sequence[Draft]) -> list[FigureResult]:
    """The endings of those that may not go out now."""
    if rt.approvals is None:
        return []
    by_location: dict[str, list[Draft]] = {}
    for draft in drafts:
        if draft.figure.approval_id is None and _counts(draft):
            by_location.setdefault(draft.figure.place.location_id, []).append(draft)
    stopped: list[FigureResult] = []
    for location, here in by_location.items():
        stopped += await _at(rt, shop, location, here)
    return stopped


def _counts(draft: Draft) -> bool:
    """What is shown for the first time is no change; but what the shop shows and we would empty is one."""
    if draft.expected is None:
        return False
    return draft.figure.published is not None or draft.expected > 0 >= draft.quantity


async def _at(rt: Runtime, shop: str, location: str, drafts: Sequence[Draft]) -> list[FigureResult]:
    limits = limits_of(rt, shop)
    moves = [StockMove(d.figure.sku, d.expected or 0, d.quantity) for d in drafts]
    done = await _Window.read(rt, shop, location, limits)
    if len(moves) < limits.least and done.zeroed + sum(m.before > 0 >= m.after for m in moves) < limits.least:
        await done.add(moves, None)
        return []
    totals = (await rt.stock_book.place_totals(shop)).get(location, PlaceTotals())
    pending = await _pending(rt, shop, location)
    if pending is not None:
        old = [d for d in drafts if d.figure.changed_at <= pending.requested_at]
        return [_withheld(d, pending) for d in old] if len(old) >= limits.least else []
    finding = mass_change(location, moves, done.shown(totals, moves), limits)
    if finding is None:
        await done.add(moves, totals)
        return []
    approval = await _ask(rt, shop, location, finding)
    await rt.stock_book.withhold_due(shop, location, approval.id, _words(approval))
    return [_withheld(draft, approval) for draft in drafts]


def limits_of(rt: Runtime, shop: str) -> GuardLimits:
    """The shop's limits."""
    limits: GuardLimits = getattr(rt.landscape.shop(shop), "guards", GuardLimits())
    return limits


class _Window:
    """What went out at a location lately, so that a change in many small batches is seen as well."""

    def __init__(self, rt: Runtime, shop: str, name: str, since: datetime, content: dict[str, int]) -> None:
        self._rt, self._shop, self._name, self._since = rt, shop, name, since
        self.zeroed, self.moved = content.get("zeroed", 0), content.get("moved", 0)
        self.skus, self.units = content.get("skus", 0), content.get("units", 0)

    @classmethod
    async def read(cls, rt: Runtime, shop: str, location: str, limits: GuardLimits) -> "_Window":
        name = f"stock.guard.{location}"
        kept = await rt.store.cursor(shop, name)
        if kept is not None:
            content = orjson.loads(kept.value)
            since = datetime.fromisoformat(content.pop("since"))
            if rt.now() - since < timedelta(minutes=limits.window_minutes):
                return cls(rt, shop, name, since, content)
        return cls(rt, shop, name, rt.now(), {})

    def shown(self, totals: PlaceTotals, moves: Sequence[StockMove]) -> Shown:
        """The location before the window, and what was or is about to be done beside these moves."""
        emptied = sum(m.before > 0 >= m.after for m in moves)
        moved = sum(abs(m.after - m.before) for m in moves)
        return Shown(
            skus=max(self.skus, totals.skus),
            units=max(self.units, totals.units),
            zeroed=self.zeroed + max(0, totals.zeroing - emptied),
            moved=self.moved + max(0, totals.moving - moved),
        )

    async def add(self, moves: Sequence[StockMove], totals: PlaceTotals | None) -> None:
        """These go out."""
        zeroed = self.zeroed + sum(m.before > 0 >= m.after for m in moves)
        moved = self.moved + sum(abs(m.after - m.before) for m in moves)
        content = {
            "since": self._since.isoformat(),
            "zeroed": zeroed,
            "moved": moved,
            "skus": max(self.skus, totals.skus if totals else 0),
            "units": max(self.units, totals.units if totals else 0),
        }
        value = orjson.dumps(content).decode()
        await self._rt.store.set_cursor(
            Cursor(scope=self._shop, name=self._name, value=value, updated_at=self._rt.now())
        )


async def _pending(rt: Runtime, shop: str, location: str) -> Approval | None:
    if rt.approvals is None:
        return None
    waiting = await rt.approvals.approvals(scope=shop, state=ApprovalState.PENDING)
    return next((a for a in waiting if a.request.key == _key(shop, location)), None)


async def _ask(rt: Runtime, shop: str, location: str, finding: Finding) -> Approval:
    assert rt.approvals is not None
    subject = (shop, "stock-location", location)
    return await rt.approvals.request_approval(
        ApprovalRequest(
            key=_key(shop, location),
            scope=shop,
            kind=KIND,
            role=ROLE,
            subject=f"stock of {shop} at {location}",
            words=finding.words,
            detail=dict(finding.figures),
            digest=finding.digest,
            requested_by=ASKED_BY,
            correlation_id=correlation_id(*subject),
        )
    )


def _key(shop: str, location: str) -> str:
    return effect_key(shop, "stock.mass-change", location)


def _words(approval: Approval) -> str:
    return f"{approval.request.words} (waits for approval {approval.id})"


def _withheld(draft: Draft, approval: Approval) -> FigureResult:
    return FigureResult(
        place=draft.figure.place,
        sku=draft.figure.sku,
        version=draft.figure.version,
        state=FigureState.WITHHELD,
        reason=_words(approval),
        approval_id=approval.id,
    )


async def release_decided(rt: Runtime, shop: str) -> int:
    """Figures whose approval was given are due again; those of a rejected one say so. Returns the released."""
    if rt.approvals is None:
        return 0
    released = 0
    for number in await rt.stock_book.withheld_under(shop):
        approval = await rt.approvals.approval(number)
        if approval is None:
            continue
        if approval.state in _DONE and await rt.approvals.use(number, approval.request.digest):
            released += await rt.stock_book.release_figures(shop, approval_id=number)
        elif approval.state in (ApprovalState.REJECTED, ApprovalState.EXPIRED):
            who = f"{approval.decided_by} rejected it" if approval.decided_by else "nobody decided in time"
            note = f": {approval.note}" if approval.note else ""
            words = f"{approval.request.words} (approval {number}: {who}{note})"
            await rt.stock_book.reword_withheld(shop, number, words)
    return released
