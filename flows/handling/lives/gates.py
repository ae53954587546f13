"""The quality gates of fulfillment and returns: one Great Expectations run per batch and stage, in a thread."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from canonical.errors import CrossdockError, RejectedError
from canonical.life import OrderLife
from canonical.quality.gate import Failure
from canonical.quality.life_frames import (
    arrived_row,
    crediting_row,
    fulfilling_row,
    fulfillment_row,
    movement_row,
    refunding_row,
    returns_row,
)
from canonical.quality.life_stages import LIFE_STAGES, life_gate
from canonical.records import Message
from canonical.settlement import MovementPosting
from canonical.steps import Operation
from canonical.warehouse import WarehouseEvent
from flows.handling.gating import Row, quarantined
from flows.handling.lives.events import event_in
from flows.handling.lives.messages import RETURNS, WAREHOUSE
from flows.handling.lives.papers import LifeBatch, LifePaper, Sending, Wave
from flows.handling.own_messages import CHANNEL
from flows.runtime import Runtime

AT_ONCE: Final = 5_000
_AT_SOURCE: Final = "Repair it at the system that sent it, then replay the message."
_AT_ORDER: Final = "Look at `crossdock lives show`, repair what is wrong in the system that owns it, then release."
_WAY_OUT: Final = {
    "fulfillment_received": _AT_SOURCE,
    "returns_received": _AT_SOURCE,
    "movements_received": _AT_SOURCE,
    "fulfillment_canonical": "Ask the warehouse what really left. Release it when more left than was asked for.",
    "returns_canonical": "Ask the warehouse what really came back. Release it when more came back than was sold.",
}


def build_life_gates() -> None:
    """Build every gate now: a worker does so at its start, so that the first event does not wait for it."""
    for stage in LIFE_STAGES:
        life_gate(stage)


async def gate_received(rt: Runtime, batch: LifeBatch) -> int:
    """The messages as they came from outside; a bad one is set aside alone. Returns how many.

    One that cannot be read at all is left to whoever reads it: there it gets the words of its defect.
    """
    arrived = [(p, m) for p in batch.papers if p.error is None for m in p.messages if m.channel != CHANNEL]
    rows: list[tuple[LifePaper, Message, Row]] = []
    for paper, message in arrived:
        try:
            event = event_in(rt, message) if _of_warehouse(message) else None
        except (CrossdockError, ValueError, LookupError):
            continue
        rows.append((paper, message, _arrived(rt, message, event)))
    stage = "returns_received" if batch.kind == RETURNS else "fulfillment_received"
    bad = await _stopped(stage, [row for *_, row in rows], [message.delivery_key for _, message, _ in rows])
    for index, error in bad.items():
        paper, message, _ = rows[index]
        paper.unreadable.append((message, error))
    return len(bad)


def _of_warehouse(message: Message) -> bool:
    return message.kind == WAREHOUSE or message.topic.startswith("warehouse.")


def _arrived(rt: Runtime, message: Message, event: WarehouseEvent | None) -> Row:
    shops = {shop.name: shop.company for shop in rt.landscape.shops}
    company = shops.get(message.scope, message.scope)
    known = company in {one.name for one in rt.landscape.companies}
    systems = {system.name for system in rt.landscape.systems}
    place = None
    if event is not None and known:
        place = event.location if rt.landscape.warehouse_at(company, event.location) is not None else None
    return arrived_row(
        message,
        event,
        message.channel if message.channel in systems else None,
        message.scope if known else None,
        place,
        rt.now(),
    )


async def gate_canonical(rt: Runtime, papers: Sequence[LifePaper]) -> int:
    """The lives as folded. Returns how many were stopped.

    What broke a life is set aside with the words, and the life is again as it is kept; where no message from outside
    did it, the order itself stops.
    """
    known = [(paper, paper.life) for paper in papers if paper.life is not None]
    labels = [f"order {paper.label}" for paper, _ in known]
    rows = {
        "fulfillment_canonical": [fulfillment_row(life, paper.order) for paper, life in known],
        "returns_canonical": [returns_row(life, paper.order) for paper, life in known if life.returns],
    }
    owners = {
        "fulfillment_canonical": [paper for paper, _ in known],
        "returns_canonical": [paper for paper, life in known if life.returns],
    }
    stopped: dict[str, tuple[LifePaper, RejectedError]] = {}
    for stage, stage_rows in rows.items():
        names = labels if stage == "fulfillment_canonical" else [f"order {p.label}" for p in owners[stage]]
        for index, error in (await _stopped(stage, stage_rows, names)).items():
            paper = owners[stage][index]
            stopped.setdefault(paper.aggregate_key, (paper, error))
    for paper, error in stopped.values():
        _set_aside(paper, error)
    return len(stopped)


def _set_aside(paper: LifePaper, error: RejectedError) -> None:
    aside = {message.seq for message, _ in paper.unreadable}
    back = {message.seq for message, _ in paper.put_back}
    culprits = [m for m in paper.messages if m.channel != CHANNEL and m.seq not in aside | back]
    if not culprits or paper.kept is None:
        paper.error = error
        return
    paper.unreadable += [(message, error) for message in culprits]
    paper.life, paper.dirty = OrderLife.model_validate_json(paper.kept.document), False


def _fulfilling(rt: Runtime, wave: Wave, sending: Sending) -> Row:
    return fulfilling_row(sending.step.request)


def _crediting(rt: Runtime, wave: Wave, sending: Sending) -> Row:
    currencies = {company.name: company.currency for company in rt.landscape.companies}
    return crediting_row(sending.step.request, currencies.get(wave.scope))


def _refunding(rt: Runtime, wave: Wave, sending: Sending) -> Row:
    return refunding_row(sending.step.request, sending.paper.order)


_SENDINGS: Final[Mapping[Operation, tuple[str, Callable[[Runtime, Wave, Sending], Row]]]] = {
    Operation.FULFILL: ("before_fulfilling", _fulfilling),
    Operation.CREDIT: ("before_crediting", _crediting),
    Operation.REFUND: ("before_refunding", _refunding),
}


async def gate_sendings(rt: Runtime, wave: Wave) -> int:
    """What is about to be written; one that fails is not sent. Returns how many. Operations without a gate pass."""
    gate = _SENDINGS.get(wave.operation)
    if gate is None:
        return 0
    stage, row_of = gate
    sendings = [sending for sending in wave.sendings if sending.result is None and sending.error is None]
    labels = [f"order {sending.paper.label}, {sending.step.subject}" for sending in sendings]
    bad = await _stopped(stage, [row_of(rt, wave, sending) for sending in sendings], labels)
    for index, error in bad.items():
        sendings[index].error = error
    return len(bad)


async def stopped_movements(rt: Runtime, company: str, postings: Sequence[MovementPosting]) -> dict[int, RejectedError]:
    """Stock movements of warehouses about to be booked: index -> why one is not."""
    rows = [movement_row(posting, rt.now()) for posting in postings]
    labels = [f"stock movement of {posting.item} at {posting.location}" for posting in postings]
    return await _stopped("movements_received", rows, labels)


async def _stopped(stage: str, rows: Sequence[Row], labels: Sequence[str]) -> dict[int, RejectedError]:
    """Row index -> why the gate stopped it, in words.

    Raises `MisconfiguredError` when the batch as a whole was refused: that is no document's fault, the stage stops.
    """
    code = f"gate_{stage}_stopped"
    found = await quarantined(lambda: life_gate(stage), rows, code=code, what="rows", at_once=AT_ONCE)
    return {index: _rejected(stage, labels[index], failures) for index, failures in found.items()}


def _rejected(stage: str, label: str, failures: Sequence[Failure]) -> RejectedError:
    return RejectedError(
        "; ".join(failure.words for failure in failures)[:2000],
        code=failures[0].code,
        document=label,
        field=_column(stage, failures[0].code),
        way_out=_WAY_OUT.get(stage, _AT_ORDER),
    )


def _column(stage: str, code: str) -> str | None:
    """The field that a rule looks at: what its expectation would be made for."""
    rule = next((rule for rule in LIFE_STAGES[stage].rules if rule.code == code), None)
    asked: dict[str, str] = rule.expect(_Asked()) if rule is not None else {}
    return asked.get("column") or asked.get("column_A")


class _Asked:
    """Stands where Great Expectations does, and gives back what a rule asks it for."""

    def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]:
        return dict
