"""Placing orders: which location ships which lines, decided for many at once and kept with each life.

A life begins here, before the ERP books the order, so that the sale is booked at the warehouse that ships.
"""

from collections.abc import Sequence

from canonical.errors import RetryableError
from canonical.life import OrderLife
from canonical.records import AuditEntry, Batch, OrderRecord
from canonical.routing import RoutingDecision, RoutingRequest
from canonical.rules.lifecycle import take_decisions, to_route
from canonical.rules.routing import routable
from flows.handling.documents import Chunk, Posting
from flows.handling.lives.facts import facts_of
from flows.handling.lives.keeping import life_record
from flows.handling.lives.papers import LifePaper
from flows.runtime import Runtime

NOBODY = "nobody"


async def place(rt: Runtime, company: str, requests: Sequence[RoutingRequest]) -> list[RoutingDecision]:
    """A decision each. An engine that does not answer holds its orders, unless the rules say otherwise."""
    if not requests:
        return []
    try:
        return await rt.house.router(company).route(requests)
    except RetryableError as error:
        return [_held(request, error) for request in requests]


def _held(request: RoutingRequest, error: RetryableError) -> RoutingDecision:
    lines = {line.line_id: line.quantity for line in request.lines}
    return RoutingDecision(
        order_id=request.order_id, assignments=(), unplaced=lines, decided_by=NOBODY, held=error.words
    )


async def begin_lives(rt: Runtime, chunk: Chunk) -> dict[str, str]:
    """Decide where the orders of a chunk leave from, and keep it. Returns the warehouse of each, by aggregate key.

    An order whose life has begun keeps its decision: a retry books it at the same warehouse.
    """
    postings = [p for p in chunk.postings if p.record is not None and p.order is not None]
    if not postings or not rt.ships(chunk.company):
        return {}
    rt.house.renew()
    known = await rt.store.lives([p.record.aggregate_key for p in postings if p.record is not None])
    papers = [_paper(p) for p in postings]
    fresh: list[LifePaper] = []
    for paper in papers:
        if paper.aggregate_key in known:
            paper.life = OrderLife.model_validate_json(known[paper.aggregate_key].document)
        else:
            fresh.append(paper)
    await _decide(rt, chunk.company, fresh)
    if fresh:
        lives = tuple(life_record(_first(p), p, rt) for p in fresh)
        await rt.store.commit(Batch(lives=lives, audit=tuple(_entry(rt, paper) for paper in fresh)))
    return {p.aggregate_key: where for p in papers if p.life is not None and (where := main_location(p.life))}


def _paper(posting: Posting) -> LifePaper:
    assert posting.record is not None
    paper = LifePaper(posting.record.aggregate_key, [posting.message])
    paper.scope, paper.correlation_id = posting.record.scope, posting.record.correlation_id
    paper.record, paper.order = posting.record, posting.order
    return paper


def _first(paper: LifePaper) -> OrderLife:
    assert paper.life is not None
    return paper.life.model_copy(update={"version": 1})


def new_life(rt: Runtime, record: OrderRecord) -> OrderLife:
    """Nothing has happened yet."""
    now, company = rt.now(), rt.landscape.shop(record.scope).company
    return OrderLife(
        shop=record.scope,
        order_id=record.order_id,
        order_name=record.name,
        company=company,
        started_at=now,
        updated_at=now,
    )


async def _decide(rt: Runtime, company: str, papers: Sequence[LifePaper]) -> None:
    asked: list[tuple[LifePaper, RoutingRequest]] = []
    for paper in papers:
        assert paper.record is not None
        assert paper.order is not None
        paper.life = new_life(rt, paper.record)
        asked += [(paper, request) for request in routable(paper.order, rt.mappings).requests]
    await _take(rt, company, asked)


async def place_again(rt: Runtime, company: str, papers: Sequence[LifePaper]) -> int:
    """Decide again what nobody ships (yet): after a rejection, a short pick, an edit, a delivery. Returns how many."""
    asked = [(paper, request) for paper in papers for request in to_route(facts_of(rt, paper))]
    await _take(rt, company, asked)
    return len(asked)


async def _take(rt: Runtime, company: str, asked: Sequence[tuple[LifePaper, RoutingRequest]]) -> None:
    decisions = await place(rt, company, [request for _, request in asked])
    by_paper: dict[int, list[RoutingDecision]] = {}
    for (paper, _), decision in zip(asked, decisions, strict=True):
        by_paper.setdefault(id(paper), []).append(decision)
    for paper in {id(paper): paper for paper, _ in asked}.values():
        paper.take(take_decisions(facts_of(rt, paper), by_paper[id(paper)]))


def main_location(life: OrderLife) -> str | None:
    """Where most units of an order leave from: where its sale is booked. None when nobody ships it."""
    units: dict[str, int] = {}
    for task in life.tasks:
        units[task.location] = units.get(task.location, 0) + sum(task.lines.values())
    return max(sorted(units), key=lambda code: units[code]) if units else None


def _entry(rt: Runtime, paper: LifePaper) -> AuditEntry:
    assert paper.life is not None
    decided = [
        {
            "by": decision.decided_by,
            "from": {a.location: sum(a.lines.values()) for a in decision.assignments},
            "unplaced": sum(decision.unplaced.values()),
            "why": list(decision.words[:3]),
        }
        for decision in paper.life.decisions
    ]
    return AuditEntry(
        at=rt.now(),
        actor="crossdock",
        action="order.placed",
        scope=paper.scope,
        aggregate_key=paper.aggregate_key,
        correlation_id=paper.correlation_id,
        detail={"document": paper.label, "decisions": decided},
    )
