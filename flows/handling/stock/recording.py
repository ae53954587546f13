"""Ending a batch of stock messages: verdicts and cases in one fenced transaction."""

from collections.abc import Iterable
from datetime import timedelta

from canonical.errors import CrossdockError, HeldError
from canonical.ids import aggregate_key, correlation_id
from canonical.records import Batch, Case, CaseClosing, CaseKind, MessageVerdict
from canonical.states import MessageState
from flows.handling.stock.native import LOCATION_UNMAPPED
from flows.handling.stock.papers import Refused, Report, StockBatch
from flows.runtime import Runtime

MOST_CASES = 10_000


async def finish(rt: Runtime, batch: StockBatch) -> None:
    """Write how the messages ended, open a case for each row that was stopped, close those that came right.

    Raises `ConflictError` when the lease was lost; the positions and targets stand, another worker repeats the rest.
    """
    cases = [_case(rt, batch.company, refused) for refused in batch.refused]
    cases += [case for report in batch.reports for case in _unmapped(rt, batch.company, report)]
    cases += [_unreadable(rt, batch, message.delivery_key, error) for message, error in batch.unreadable]
    aside = {message.seq: error for message, error in batch.unreadable}
    later = rt.now() + timedelta(seconds=rt.settings.park_seconds)
    put_back = {message.seq: error for message, error in batch.put_back}
    if batch.away is not None:  # a shop has to be asked for its items: all of it is computed once more then
        put_back = {m.seq: batch.away for m in batch.messages if m.seq not in aside} | put_back
    verdicts = []
    for message in batch.messages:
        if message.seq in put_back:
            reason = put_back[message.seq].code
            verdicts.append(
                MessageVerdict(
                    seq=message.seq, state=MessageState.READY, reason=reason, not_before=later, count_attempt=False
                )
            )
        elif message.seq in aside:
            verdicts.append(
                MessageVerdict(seq=message.seq, state=MessageState.QUARANTINED, reason=aside[message.seq].code)
            )
        else:
            verdicts.append(MessageVerdict(seq=message.seq, state=MessageState.DONE))
    closings = await _closings(rt, batch, {case.aggregate_key for case in cases})
    await rt.store.commit(
        Batch(owner=batch.owner, messages=tuple(verdicts), close_cases=tuple(closings), open_cases=tuple(_once(cases)))
    )


def stock_key(scope: str, subject: str) -> str:
    """The aggregate of a position or figure, for its case."""
    return aggregate_key(scope, "stock", subject)


async def _closings(rt: Runtime, batch: StockBatch, still: set[str]) -> list[CaseClosing]:
    """Cases of positions and figures that passed this time."""
    scopes = [batch.company, *(shop.name for shop in rt.landscape.shops_of(batch.company))]
    passed = {stock_key(scope, subject) for scope in set(scopes) for subject in batch.settled} - still
    if not passed:
        return []
    open_ = [case for scope in set(scopes) for case in await rt.store.cases(scope=scope, limit=MOST_CASES)]
    right = {case.aggregate_key for case in open_} & passed
    return [CaseClosing(aggregate_key=key, closed_by="crossdock", note="came right") for key in sorted(right)]


def _case(rt: Runtime, company: str, refused: Refused) -> Case:
    return make_case(rt, refused.scope, refused.subject, refused.document, refused.error)


def make_case(
    rt: Runtime, scope: str, subject: str, document: str, error: CrossdockError, owner: str = "operations"
) -> Case:
    """A case of stock, in the words of the error: held when a rule says wait, else quarantined."""
    return Case(
        kind=CaseKind.HELD if isinstance(error, HeldError) else CaseKind.QUARANTINED,
        scope=scope,
        aggregate_key=stock_key(scope, subject),
        correlation_id=correlation_id(scope, "stock", subject),
        document=document,
        reason_code=error.code,
        words=error.words,
        way_out=error.way_out,
        owner=owner,
        opened_at=rt.now(),
    )


def _unmapped(rt: Runtime, company: str, report: Report) -> Iterable[Case]:
    source = report.report.source
    for native, count in report.unmapped.items():
        error = HeldError(
            f"location {native} of {source} is not mapped: {count} positions there wait and are sold nowhere",
            code=LOCATION_UNMAPPED,
            way_out="Add a row to the mapping `stock_locations`: the positions are read again by themselves.",
        )
        yield make_case(rt, company, f"{source}/{native}", f"stock of {native}", error)


def _unreadable(rt: Runtime, batch: StockBatch, key: str, error: CrossdockError) -> Case:
    return make_case(rt, batch.company, key, f"stock message {key}"[:200], error, "integration")


def _once(cases: Iterable[Case]) -> Iterable[Case]:
    return {(case.aggregate_key, case.reason_code): case for case in cases}.values()
