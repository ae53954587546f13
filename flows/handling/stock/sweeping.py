"""What a sweep wakes: new rules, reservations that ran out, approvals, calls of dead workers, figures that are late."""

from datetime import datetime, timedelta

from canonical.errors import HeldError
from canonical.ids import digest
from canonical.landscape import EVERY_SHOP
from canonical.mapping.kinds import MappingKind
from canonical.records import Batch, CaseClosing, Cursor
from flows.handling.stock.arrivals import snapshot_source
from flows.handling.stock.calls import close_forgotten
from flows.handling.stock.guard import release_decided
from flows.handling.stock.messages import demand_changed
from flows.handling.stock.native import STOCK_MAPPING_REASONS
from flows.handling.stock.recording import MOST_CASES, make_case, stock_key
from flows.runtime import Runtime

RULES_CURSOR, EXPIRY_CURSOR = "stock.rules", "stock.expiry"
STALE_CALL = timedelta(minutes=3)
LATE = "stock_late"
_KINDS = (
    MappingKind.ITEMS,
    MappingKind.KITS,
    MappingKind.UNITS,
    MappingKind.LOCATIONS,
    MappingKind.STOCK_LOCATIONS,
)


async def sweep_stock(rt: Runtime) -> int:
    """Wake what time has come for. Returns how many SKUs are computed again."""
    await rt.renew_mappings()
    if rt.policy_file is not None:
        rt.policy_file.renew()
    woken = await _new_rules(rt) + await _expired(rt)
    for shop in rt.stock_channels:
        await release_decided(rt, shop)
        await close_forgotten(rt, shop, rt.now() - STALE_CALL)
        await _watch_lag(rt, shop)
    return woken


async def _new_rules(rt: Runtime) -> int:
    """After mappings or policies changed: all figures are computed again, and positions that waited are read again.

    One cursor read when nothing changed. The cursor moves last: a worker that dies in between only repeats the asking.
    """
    kinds = rt.mappings.fingerprints()
    rules = digest([{kind.value: kinds.get(kind.value) for kind in _KINDS}, rt.policy_fingerprint, _turns(rt)])
    seen = await rt.store.cursor(EVERY_SHOP, RULES_CURSOR)
    if seen is not None and seen.value == rules:
        return 0
    woken = 0
    for company, sources in rt.stock_sources.items():
        woken += await recompute_all(rt, company, f"rules/{rules[:16]}")
        if seen is None:
            continue
        waiting = [c for c in await rt.store.cases(scope=company, limit=MOST_CASES) if c.reason_code in _WAITING]
        if waiting:
            for source in sources:
                await snapshot_source(rt, source)
            await rt.store.commit(Batch(close_cases=tuple(_closed(c.aggregate_key) for c in waiting)))
    await rt.store.set_cursor(Cursor(scope=EVERY_SHOP, name=RULES_CURSOR, value=rules, updated_at=rt.now()))
    return woken


_WAITING = frozenset(STOCK_MAPPING_REASONS)


def _closed(key: str) -> CaseClosing:
    return CaseClosing(aggregate_key=key, reason_codes=STOCK_MAPPING_REASONS, closed_by="crossdock", note="read again")


def _turns(rt: Runtime) -> list[list[bool]]:
    """Which windows of the policies are open by now: they begin and end without any event."""
    now = rt.now()
    return [
        [
            row.sell_from is None or row.sell_from <= now,
            row.sell_until is None or now < row.sell_until,
            row.backorder_until is None or now.date() <= row.backorder_until,
        ]
        for row in rt.policies.rows
        if row.sell_from or row.sell_until or row.backorder_until
    ]


async def recompute_all(rt: Runtime, company: str, cause: str) -> int:
    """Have every figure of a company computed again. Returns the SKUs."""
    columns = await rt.stock_book.level_columns(company)
    skus = {str(sku) for sku in columns.get("sku", ())}
    if skus:
        await rt.store.put(demand_changed(company, skus, rt.now(), cause))
    return len(skus)


async def _expired(rt: Runtime) -> int:
    """Reservations whose time ran out since the last sweep take nothing any more: their figures may rise."""
    now = rt.now()
    seen = await rt.store.cursor(EVERY_SHOP, EXPIRY_CURSOR)
    since = datetime.fromisoformat(seen.value) if seen else now - timedelta(days=1)
    if seen is not None and now - since < timedelta(seconds=30):
        return 0
    by_company: dict[str, set[str]] = {}
    for shop, sku in await rt.stock_book.run_out(list(rt.stock_channels), since, now):
        by_company.setdefault(rt.landscape.shop(shop).company, set()).add(sku)
    for company, skus in by_company.items():
        await rt.store.put(demand_changed(company, skus, now, "reservation ran out"))
    await rt.store.set_cursor(Cursor(scope=EVERY_SHOP, name=EXPIRY_CURSOR, value=now.isoformat(), updated_at=now))
    return sum(len(skus) for skus in by_company.values())


async def _watch_lag(rt: Runtime, shop: str) -> None:
    """A case while figures are late beyond the goal; closed when they have caught up."""
    oldest = await rt.stock_book.oldest_due(shop)
    late = None if oldest is None else (rt.now() - oldest).total_seconds()
    open_ = [c for c in await rt.store.cases(scope=shop, limit=MOST_CASES) if c.reason_code == LATE]
    if late is not None and late > rt.settings.stock_goal_seconds:
        error = HeldError(
            f"stock figures of shop {shop} are late: a change of {late / 60:.0f} minutes ago is not shown yet",
            code=LATE,
            way_out="See `crossdock stock status`: is a lane parked, the shop away, or a figure refused?",
        )
        if not open_:
            await rt.store.commit(Batch(open_cases=(make_case(rt, shop, "lag", f"stock of {shop}", error),)))
    elif open_:
        key = stock_key(shop, "lag")
        closing = CaseClosing(aggregate_key=key, reason_codes=(LATE,), closed_by="crossdock", note="caught up")
        await rt.store.commit(Batch(close_cases=(closing,)))
