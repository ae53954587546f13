"""After a change of the mappings: the documents that it concerns go on by themselves, and what is still missing."""

import json
from collections.abc import Iterable, Sequence
from typing import Final

from canonical.landscape import EVERY_SHOP
from canonical.mapping.coverage import Missing, coverage
from canonical.mapping.kinds import MappingKind
from canonical.mapping.usage import REASON_KINDS, reasons_of
from canonical.order import Order
from canonical.ports import Mappings, StateStore
from canonical.records import Batch, Case, CaseClosing, Cursor, OrderRecord
from canonical.rules.checks import mapped
from canonical.rules.checks.context import Check, Context
from flows.handling.rechecks import recheck_delivery
from flows.runtime import Runtime

MAPPINGS_CURSOR = "mappings.fingerprint"
MOST_CASES = 100_000
AT_ONCE = 500
_CHECKS: Final[dict[str, Check]] = {
    "item_unmapped": mapped.items,
    "tax_unknown": mapped.taxes,
    "shipping_method_unmapped": mapped.shipping_method,
    "location_unmapped": mapped.locations,
    "payment_method_unmapped": mapped.payment_methods,
    "account_item_unmapped": mapped.account_items,
}


async def release_mapped(rt: Runtime) -> int:
    """After the mappings changed: have every document decided again that a change concerns. Returns how many.

    One cursor read when nothing changed. Cases of kinds that did not change are not looked at; an order is asked
    again only when what it lacks is another thing now. The cursor moves last: a worker that dies in between only
    repeats the asking.
    """
    await rt.renew_mappings()
    seen, prints = await rt.store.cursor(EVERY_SHOP, MAPPINGS_CURSOR), rt.mappings.fingerprints()
    before = _prints(seen)
    if before == prints:
        return 0
    changed = prints.keys() | {kind.value for kind in MappingKind} if before is None else _moved(before, prints)
    waiting: dict[str, list[Case]] = {}
    for case in await rt.store.cases(limit=MOST_CASES):
        if case.reason_code in reasons_of(changed):
            waiting.setdefault(case.aggregate_key, []).append(case)
    asked = 0
    keys = list(waiting)
    for start in range(0, len(keys), AT_ONCE):
        asked += await _ask(rt, {key: waiting[key] for key in keys[start : start + AT_ONCE]})
    value = json.dumps(prints, sort_keys=True)
    await rt.store.set_cursor(Cursor(scope=EVERY_SHOP, name=MAPPINGS_CURSOR, value=value, updated_at=rt.now()))
    return asked


def _prints(cursor: Cursor | None) -> dict[str, str] | None:
    try:
        found = json.loads(cursor.value) if cursor else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _moved(before: dict[str, str], now: dict[str, str]) -> set[str]:
    return {kind for kind in before.keys() | now.keys() if before.get(kind) != now.get(kind)}


async def _ask(rt: Runtime, waiting: dict[str, list[Case]]) -> int:
    """Orders get a message to be decided again; messages of other documents are ready again for their own flow."""
    records = await rt.store.orders(list(waiting))
    concerned = [key for key, cases in waiting.items() if key not in records or _concerns(rt, records[key], cases)]
    asked = tuple(
        recheck_delivery(records[key], rt.now(), actor="crossdock", why="a mapping changed")
        for key in concerned
        if key in records
    )
    await rt.store.commit(Batch(close_cases=tuple(_stay_open(key) for key in concerned), deliveries=asked))
    return len(concerned)


def _concerns(rt: Runtime, record: OrderRecord, cases: Sequence[Case]) -> bool:
    """Whether an order lacks something else by now than its cases say, or nothing any more."""
    try:
        order = Order.model_validate_json(record.document)
    except ValueError:
        return True
    context = Context(mappings=rt.mappings, shop=rt.landscape.shop(order.shop), now=rt.now())
    for case in cases:
        verdict = _CHECKS[case.reason_code](order, context) if case.reason_code in _CHECKS else None
        if verdict is None or verdict.words != case.words:
            return True
    return False


def _stay_open(key: str) -> CaseClosing:
    """Makes the messages that wait with the case ready again; the case itself is closed by the decision, not here."""
    return CaseClosing(
        aggregate_key=key, reason_codes=(), closed_by="crossdock", note="a mapping changed", release_messages=True
    )


async def missing(store: StateStore, mappings: Mappings) -> list[Missing]:
    """What is used and not mapped, by the open cases and the orders behind them."""
    cases = [case for case in await store.cases(limit=MOST_CASES) if case.reason_code in REASON_KINDS]
    return coverage(cases, await _orders(store, {case.aggregate_key for case in cases}), mappings)


async def _orders(store: StateStore, keys: Iterable[str]) -> dict[str, Order]:
    wanted, found = sorted(keys), dict[str, Order]()
    for start in range(0, len(wanted), AT_ONCE):
        for key, record in (await store.orders(wanted[start : start + AT_ONCE])).items():
            found[key] = Order.model_validate_json(record.document)
    return found
