"""What a sweep of products wakes: decided approvals, new mappings, pictures, calls whose end nobody saw."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from urllib.parse import unquote

from canonical.approvals import Approval, ApprovalState
from canonical.errors import HeldError
from canonical.ids import digest
from canonical.mapping.kinds import MappingKind
from canonical.ports.products import WithheldProduct
from canonical.records import Batch, Case, CaseKind, Cursor, Delivery, Effect, EffectUpdate
from canonical.rules.product_units import UNIT_UNMAPPED
from canonical.states import EffectState
from flows.handling.products.arrivals import MOST_CASES, product_key, to_publish
from flows.handling.products.guard import GRANTED, GUARD_REASONS, waiting_words
from flows.handling.products.publishing import OPERATION
from flows.handling.products.recording import make_case, settling
from flows.runtime import Runtime

STALE_CALL: Final = timedelta(minutes=3)
RULES: Final = "products.rules"


async def sweep_products(rt: Runtime) -> int:
    """Wake what time has come for. Returns how many products are looked at again."""
    await rt.renew_mappings()
    woken = 0
    for shop in rt.goods.channels:
        woken += await _decided(rt, shop)
        woken += await _mapped(rt, shop)
        woken += await _pictures(rt, shop)
        woken += await _stale(rt, shop)
    return woken


async def _put(rt: Runtime, deliveries: Sequence[Delivery]) -> int:
    return sum(await rt.store.put(deliveries)) if deliveries else 0


async def _decided(rt: Runtime, shop: str) -> int:
    """Products whose approval was given are looked at again; those of a refused one say so."""
    if rt.approvals is None:
        return 0
    rows = await rt.goods.book.withheld(shop)
    woken = 0
    for number in sorted({row.approval_id for row in rows}):
        approval = await rt.approvals.approval(number)
        mine = [row for row in rows if row.approval_id == number]
        if approval is None:
            continue
        if approval.state in GRANTED:
            at = approval.decided_at or rt.now()
            cause = f"approval-{number}"
            woken += await _put(rt, [to_publish(shop, row.key, f"{cause}/{row.digest[:16]}", at) for row in mine])
        elif approval.state in (ApprovalState.REJECTED, ApprovalState.EXPIRED):
            await _reword(rt, shop, approval, mine)
    return woken


async def _reword(rt: Runtime, shop: str, approval: Approval, rows: Sequence[WithheldProduct]) -> None:
    words = waiting_words(approval)
    open_ = {case.aggregate_key: case for case in await _guarded(rt, shop)}
    keys = [row.key for row in rows if _differs(open_.get(product_key(shop, row.key)), words)]
    if keys:
        error = HeldError(words, code=approval.request.kind, way_out="Correct it in its source: new content is new.")
        cases = [make_case(rt, shop, key, CaseKind.HELD, error) for key in keys]
        await rt.store.commit(Batch(open_cases=tuple(cases)))


def _differs(case: Case | None, words: str) -> bool:
    return case is not None and case.words != words


async def _guarded(rt: Runtime, shop: str) -> list[Case]:
    cases = await rt.store.cases(kind=CaseKind.HELD, scope=shop, limit=MOST_CASES)
    return [case for case in cases if case.reason_code in GUARD_REASONS]


async def _mapped(rt: Runtime, shop: str) -> int:
    """After the units were mapped anew, products that waited for one are looked at again."""
    rules = digest(rt.mappings.fingerprints().get(MappingKind.UNITS.value))
    seen = await rt.store.cursor(shop, RULES)
    if seen is not None and seen.value == rules:
        return 0
    cases = await rt.store.cases(kind=CaseKind.HELD, scope=shop, limit=MOST_CASES)
    keys = [case.document.removeprefix("product ") for case in cases if case.reason_code == UNIT_UNMAPPED]
    woken = await _put(rt, [to_publish(shop, key, f"units-{rules[:16]}", rt.now()) for key in keys])
    await rt.store.set_cursor(Cursor(scope=shop, name=RULES, value=rules, updated_at=rt.now()))
    return woken


async def _pictures(rt: Runtime, shop: str) -> int:
    """Once an hour, products whose pictures could not be fetched are looked at again: a server may be back."""
    cases = await rt.store.cases(kind=CaseKind.QUARANTINED, scope=shop, limit=MOST_CASES)
    old, hour = rt.now() - timedelta(hours=1), f"pictures/{rt.now():%Y%m%d%H}"
    waiting = [case for case in cases if case.reason_code == "picture_unreachable" and case.opened_at < old]
    keys = [case.document.removeprefix("product ") for case in waiting]
    return await _put(rt, [to_publish(shop, key, hour, rt.now()) for key in keys])


async def _stale(rt: Runtime, shop: str) -> int:
    """Calls whose end nobody saw: settled where the book knows it, ended where newer content went out, else woken."""
    system = rt.landscape.shop(shop).channel
    found = await rt.store.unsettled(system, shop, rt.now() - STALE_CALL)
    mine = {effect.key: effect for effect in found if effect.operation == OPERATION}
    if not mine:
        return 0
    names = {key: _product_of(shop, effect) for key, effect in mine.items()}
    published = await rt.goods.book.published(shop, sorted(set(names.values())))
    updates: list[EffectUpdate] = []
    wake: list[Delivery] = []
    for key, effect in mine.items():
        row = published.get(names[key])
        if row is not None and row.digest == effect.request_digest:
            updates += settling(key, effect.state, row.ref.product_id)
        elif row is not None and effect.sent_at is not None and row.published_at > effect.sent_at:
            words = "newer content of the product went out"
            updates.append(EffectUpdate(key=key, state=EffectState.FAILED, error_code="superseded", error=words))
        else:
            wake.append(to_publish(shop, names[key], f"unsettled/{rt.now():%Y%m%d%H%M}", rt.now()))
    if updates:
        await rt.store.mark(updates)
    return await _put(rt, wake)


def _product_of(shop: str, effect: Effect) -> str:
    """The product's code out of its aggregate's key."""
    return unquote(effect.aggregate_key.removeprefix(product_key(shop, "x")[:-1]))
