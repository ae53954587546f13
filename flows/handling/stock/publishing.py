"""Publication: claimed figures -> what the policy allows now -> the channel, by compare-and-set.

    look -> gate "before publishing" -> guard -> write -> read what was stale and write it once more -> settle

How no write goes above the policy's figure: `expected` is what we published less what orders have taken since. The
channel refuses the write when it shows something else; then an order came that nobody has read yet. What the channel
shows and has committed is read, of one moment; what it has committed and we do not know, is taken off like any order.
Decision 0012 has the proof.
"""

from collections.abc import Sequence
from datetime import timedelta

from canonical.errors import ConflictError, CrossdockError, MisconfiguredError, RetryableError
from canonical.inventory import Figure, FigureResult, FigureState, StockWrite
from canonical.outcomes import Failed, Outcome, Settled
from canonical.quality.stock_frames import write_row
from flows.handling.stock.calls import Call, activate_one, set_figures
from flows.handling.stock.drafts import Draft, drafts_from_memory, drafts_from_reading
from flows.handling.stock.gates import stopped
from flows.handling.stock.guard import withhold
from flows.handling.stock.papers import PublishBatch
from flows.runtime import Runtime

STALE, NOT_STOCKED = "stale_compare", "not_stocked"
_NO_ANSWER = RetryableError("not answered yet", code="no_answer", maybe_applied=True)
SOON = timedelta(seconds=1)
"""When a figure comes again that moved faster than two attempts."""


async def publish(rt: Runtime, batch: PublishBatch) -> int:
    """Publish the claimed figures; every one ends in `batch.results`. Returns how many the channel acknowledged.

    Raises `RetryableError` or `MisconfiguredError` when the channel cannot be reached; what was answered stays settled,
    the rest is due again.
    """
    try:
        known, unsure = await drafts_from_memory(rt, batch)
        stale = await _write(rt, batch, known)
        if read := [*unsure, *stale]:
            await _settle(rt, batch, [_later(f) for f in await _write(rt, batch, await _read(rt, batch, read))])
    except (RetryableError, MisconfiguredError) as error:
        await put_off(rt, batch, error)
        raise
    return sum(r.state is FigureState.PUBLISHED for r in batch.results)


async def _read(rt: Runtime, batch: PublishBatch, figures: Sequence[Figure]) -> list[Draft]:
    drafts, refused = await drafts_from_reading(rt, batch, figures)
    await _settle(rt, batch, refused)
    return drafts


async def put_off(rt: Runtime, batch: PublishBatch, error: CrossdockError) -> None:
    """Make due again what has no ending yet: the channel is away, nothing is lost."""
    ended = {r.place for r in batch.results}
    pause = rt.now() + timedelta(seconds=rt.settings.park_seconds)
    left = [f for f in batch.figures if f.place not in ended]
    why = {"reason": error.words, "not_before": pause}
    await _settle(rt, batch, [_result(f, FigureState.DUE, unsure=f.place in batch.unsure, **why) for f in left])


async def _write(rt: Runtime, batch: PublishBatch, drafts: Sequence[Draft]) -> list[Figure]:
    """Gate, guard and write. Returns the figures whose compare was stale."""
    passed = await _gate(rt, batch, drafts)
    quiet = [d for d in passed if d.quantity == d.expected]
    await _settle(rt, batch, [_published(d, d.quantity) for d in quiet])
    moving = [d for d in passed if d.quantity != d.expected]
    withheld = await withhold(rt, batch.shop, moving)
    await _settle(rt, batch, withheld)
    stopped_places = {r.place for r in withheld}
    stale: list[Figure] = []
    open_ = [d for d in moving if d.figure.place not in stopped_places]
    stocked = [d for d in open_ if d.stocked]
    size = rt.stock_channels[batch.shop].best_batch
    for start in range(0, len(stocked), size):
        stale += await _call(rt, batch, stocked[start : start + size])
    for draft in open_:
        if not draft.stocked:
            await _settle(rt, batch, [await _activate(rt, batch, draft)])
    return stale


async def _gate(rt: Runtime, batch: PublishBatch, drafts: Sequence[Draft]) -> list[Draft]:
    """The drafts that pass the gate before publishing; the others are withheld with the rule in words."""
    shops = {shop.name: shop.currency for shop in rt.landscape.shops}
    rows = [write_row(d.figure, d.quantity, d.ceiling, shops) for d in drafts]
    labels = [f"figure of {d.figure.sku}" for d in drafts]
    bad = await stopped("before_publishing", rows, labels)
    withheld = [_result(drafts[i].figure, FigureState.WITHHELD, reason=error.words) for i, error in bad.items()]
    await _settle(rt, batch, withheld)
    return [d for i, d in enumerate(drafts) if i not in bad]


async def _call(rt: Runtime, batch: PublishBatch, drafts: Sequence[Draft]) -> list[Figure]:
    writes = tuple(StockWrite(place=d.figure.place, quantity=d.quantity, expected=d.expected) for d in drafts)
    try:
        outcomes = await set_figures(rt, batch.shop, Call(writes, tuple(d.figure.version for d in drafts)))
    except RetryableError as error:
        batch.unsure |= {w.place for w in writes if error.maybe_applied}
        raise
    batch.calls += 1
    results: list[FigureResult] = []
    stale: list[Figure] = []
    for draft, outcome in zip(drafts, outcomes, strict=True):
        if isinstance(outcome, Failed) and isinstance(outcome.error, ConflictError) and outcome.error.code == STALE:
            stale.append(draft.figure)
        elif isinstance(outcome, Failed) and outcome.error.code == NOT_STOCKED:
            results.append(await _activate(rt, batch, draft))
        else:
            results.append(_ended(rt, batch, draft, outcome))
    await _settle(rt, batch, results)
    return stale


async def _activate(rt: Runtime, batch: PublishBatch, draft: Draft) -> FigureResult:
    figure = draft.figure
    batch.calls += 1
    try:
        outcome = await activate_one(rt, batch.shop, figure.place, draft.quantity, figure.version)
    except RetryableError as error:
        batch.unsure |= {figure.place} if error.maybe_applied else set()
        raise
    return _ended(rt, batch, draft, outcome)


def _ended(rt: Runtime, batch: PublishBatch, draft: Draft, outcome: Outcome[int]) -> FigureResult:
    """How one write ended. What the channel refuses waits for a person; what it cannot do now comes again."""
    if isinstance(outcome, Settled):
        return _published(draft, draft.quantity)
    error = outcome.error if isinstance(outcome, Failed) else _NO_ANSWER
    if isinstance(error, RetryableError | ConflictError):
        unsure = isinstance(error, RetryableError) and error.maybe_applied
        soon = rt.now() + SOON
        return _result(draft.figure, FigureState.DUE, reason=error.words, not_before=soon, unsure=unsure)
    rt.stock_items.forget(batch.shop, [draft.figure.sku])
    return _result(draft.figure, FigureState.FAILED, reason=f"{error.words} ({error.code})")


def _published(draft: Draft, quantity: int) -> FigureResult:
    return _result(draft.figure, FigureState.PUBLISHED).model_copy(
        update={"quantity": quantity, "taken": draft.counted}
    )


def _later(figure: Figure) -> FigureResult:
    return _result(figure, FigureState.DUE, reason="it moves faster than it can be compared", not_before=None)


def _result(figure: Figure, state: FigureState, **more: object) -> FigureResult:
    return FigureResult(place=figure.place, sku=figure.sku, version=figure.version, state=state, **more)  # type: ignore[arg-type]


async def _settle(rt: Runtime, batch: PublishBatch, results: Sequence[FigureResult]) -> None:
    """End the leases of these figures now: what the channel said must not be lost with this worker."""
    if results:
        await rt.stock_book.settle_figures(batch.shop, batch.owner, results)
        batch.results += results
