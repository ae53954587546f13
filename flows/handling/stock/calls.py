"""One call to the channel as an effect: intent committed, sent, settled. Its key is made of what is written.

A call whose outcome is not known is never repeated blindly: its figures are due again, and the channel refuses what it
already has. So what a dead worker left behind as `sent` is closed by the sweep, in words.
"""

from dataclasses import dataclass
from datetime import datetime

from canonical.errors import ConflictError, CrossdockError, RetryableError
from canonical.ids import aggregate_key, correlation_id, digest, effect_key
from canonical.inventory import Place, StockWrite
from canonical.outcomes import Failed, Outcome
from canonical.records import AuditEntry, Batch, EffectIntent, EffectUpdate
from canonical.states import EffectState
from flows.runtime import Runtime

OPERATION, ACTIVATION = "stock.set-available", "stock.activate"
OURS = (OPERATION, ACTIVATION)


@dataclass(frozen=True, slots=True)
class Call:
    """What is written, and the version of each figure: the same business change has the same key."""

    writes: tuple[StockWrite, ...]
    versions: tuple[int, ...]

    @property
    def content(self) -> list[list[object]]:
        return sorted(
            [w.place.item_id, w.place.location_id, version, w.quantity, w.expected]
            for w, version in zip(self.writes, self.versions, strict=True)
        )


async def set_figures(rt: Runtime, shop: str, call: Call) -> list[Outcome[int]]:
    """Write figures in one call. Raises what made the whole call fail."""
    key = effect_key(shop, OPERATION, digest(call.content)[:40])
    if not await _begin(rt, shop, OPERATION, key, call):
        written = ConflictError("this very write was made before", code="stale_compare", document=shop)
        return [Failed(written) for _ in call.writes]
    try:
        outcomes = await rt.stock_channels[shop].set_available(call.writes, key)
    except CrossdockError as error:
        await _failed(rt, key, error)
        raise
    refused = sum(isinstance(outcome, Failed) for outcome in outcomes)
    await _settled(rt, shop, OPERATION, key, {"figures": len(outcomes), "refused": refused})
    return outcomes


async def activate_one(rt: Runtime, shop: str, place: Place, quantity: int, version: int) -> Outcome[int]:
    """Stock an item at a location. Raises what made the call fail."""
    call = Call((StockWrite(place=place, quantity=quantity),), (version,))
    key = effect_key(shop, ACTIVATION, digest(call.content)[:40])
    if not await _begin(rt, shop, ACTIVATION, key, call):
        return Failed(ConflictError("this very write was made before", code="stale_compare", document=shop))
    try:
        outcome = await rt.stock_channels[shop].activate(place, quantity, key)
    except CrossdockError as error:
        await _failed(rt, key, error)
        raise
    await _settled(rt, shop, ACTIVATION, key, {"item": place.item_id, "location": place.location_id})
    return outcome


async def close_forgotten(rt: Runtime, shop: str, older_than: datetime) -> int:
    """Close calls whose worker died: their figures were due again and have been compared since. Returns how many."""
    system = rt.landscape.shop(shop).channel
    left = [e for e in await rt.store.unsettled(system, shop, older_than) if e.operation in OURS]
    words = "the worker died before the answer; the figures were due again, compared and written anew"
    if left:
        await rt.store.mark(
            [EffectUpdate(key=e.key, state=EffectState.FAILED, error_code="superseded", error=words) for e in left]
        )
    return len(left)


async def _begin(rt: Runtime, shop: str, operation: str, key: str, call: Call) -> bool:
    """Commit the intent and that it leaves; false when this write is settled already."""
    subject = (shop, "stock-call", key.rpartition(":")[2])
    intent = EffectIntent(
        key=key,
        system=rt.landscape.shop(shop).channel,
        operation=operation,
        scope=shop,
        aggregate_key=aggregate_key(*subject),
        correlation_id=correlation_id(*subject),
        request_digest=digest(call.content),
    )
    (effect,) = await rt.store.intend([intent])
    if effect.state is EffectState.SETTLED:
        return False
    again = [EffectUpdate(key=key, state=EffectState.INTENDED)] if effect.state is EffectState.FAILED else []
    await rt.store.mark([*again, EffectUpdate(key=key, state=EffectState.SENT)])
    return True


async def _failed(rt: Runtime, key: str, error: CrossdockError) -> None:
    """A call that may have taken effect stays `sent`: the same key may be sent again, the channel knows it."""
    if not (isinstance(error, RetryableError) and error.maybe_applied):
        update = EffectUpdate(key=key, state=EffectState.FAILED, error_code=error.code, error=error.words)
        await rt.store.mark([update])


async def _settled(rt: Runtime, shop: str, operation: str, key: str, detail: dict[str, object]) -> None:
    subject = (shop, "stock-call", key.rpartition(":")[2])
    entry = AuditEntry(
        at=rt.now(),
        actor="crossdock",
        action=operation,
        scope=shop,
        aggregate_key=aggregate_key(*subject),
        correlation_id=correlation_id(*subject),
        detail=detail,
    )
    settled = EffectUpdate(key=key, state=EffectState.SETTLED, external_id=key)
    await rt.store.commit(Batch(effects=(settled,), audit=(entry,)))
