"""`crossdock holds`: what waits and why, and letting it go on."""

import asyncio

from canonical.errors import RejectedError
from canonical.records import AuditEntry, Batch, Case, CaseClosing, CaseKind, OrderRecord
from deployments.cli.context import actor, age, console, now, opened_store, show
from flows.handling.rechecks import recheck_delivery

COLUMNS = ("case", "kind", "shop", "document", "reason", "in words", "way out", "owner", "age")


def show_open(*, kind: CaseKind | None = None, shop: str | None = None, limit: int = 200) -> int:
    """List documents that wait, oldest first.

    Parameters
    ----------
    kind
        held, quarantined or dead_lettered; all when left out.
    shop
        Only this shop.
    limit
        At most so many rows.
    """
    cases = asyncio.run(_open_cases(kind, shop, limit))
    rows = [
        (c.id, c.kind, c.scope, c.document, c.reason_code, c.words, c.way_out, c.owner, age(c.opened_at)) for c in cases
    ]
    show("Waiting documents", COLUMNS, rows)
    return 0


async def _open_cases(kind: CaseKind | None, shop: str | None, limit: int) -> list[Case]:
    async with opened_store() as store:
        return await store.cases(kind=kind, scope=shop, limit=limit)


def release(document: str, *, because: str, shop: str | None = None, reason: str | None = None) -> int:
    """Let a held order go on. It is decided again: a rule you may overrule is waived, wrong data still stops it.

    Parameters
    ----------
    document
        The order: #1001, its Shopify id, or any id `crossdock trace` knows.
    because
        Why, for the audit.
    shop
        The shop, where two shops use the same name.
    reason
        Waive only this reason code; all open ones when left out.
    """
    record, waived = asyncio.run(_release(document, because, shop, reason))
    console.print(f"{record.name} of {record.scope} will be decided again; waived: {', '.join(waived) or 'nothing'}.")
    return 0


async def _release(document: str, because: str, shop: str | None, reason: str | None) -> tuple[OrderRecord, list[str]]:
    async with opened_store() as store:
        found = await store.find_orders(document, shop)
        if len(found) != 1:
            names = ", ".join(f"{r.name} of {r.scope}" for r in found) or "none"
            raise RejectedError(
                f"found {len(found)} orders: {names}",
                code="order_not_unique",
                document=document,
                way_out="Give --shop, or the Shopify id.",
            )
        record = found[0]
        cases = [c for c in await store.cases(scope=record.scope) if c.aggregate_key == record.aggregate_key]
        waived = [c.reason_code for c in cases if reason is None or c.reason_code == reason]
        entry = AuditEntry(
            at=now(),
            actor=actor(),
            action="order.released",
            scope=record.scope,
            aggregate_key=record.aggregate_key,
            correlation_id=record.correlation_id,
            detail={"document": record.name, "waived": waived, "because": because},
        )
        delivery = recheck_delivery(record, now(), waive=waived, actor=actor(), why=because)
        closing = CaseClosing(
            aggregate_key=record.aggregate_key,
            reason_codes=tuple(waived),
            closed_by=actor(),
            note=because,
            release_messages=True,
        )
        await store.commit(Batch(close_cases=(closing,), audit=(entry,), deliveries=(delivery,)))
    return record, waived
