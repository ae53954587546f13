"""Ways of products into the inbox: what a poll found, products asked for by key, what is to be published again.

A message is what a source says of one product; one it said before is no new message. Products that a source could not
tell (a bad row of a feed) become cases that name the place, and end when the place is read without fault.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Final

import orjson

from canonical.errors import RejectedError
from canonical.ids import aggregate_key, correlation_id, delivery_key
from canonical.landscape import EVERY_SHOP
from canonical.ports.products import ProductReport, ProductSource
from canonical.product import SourceProduct
from canonical.product_content import source_digest
from canonical.records import AuditEntry, Batch, Case, CaseClosing, CaseKind, Cursor, Delivery
from flows.handling.own_messages import CHANNEL
from flows.runtime import Runtime

PRODUCTS: Final = "products"
"""The inbox kind of what sources say of products."""
TOLD, PUBLISH = "product/told", "product/publish"
RECORD, ROW = "product-record", "product-row"
"""What a source says of a product, and a row that nobody can read: aggregates of their own, so that a shop called like
its company does not wait for itself."""
MOST_CASES: Final = 5_000


def publish_kind(shop: str) -> str:
    """The inbox kind of products to be published in a shop."""
    return f"products.{shop}"


def product_key(shop: str, key: str) -> str:
    """The aggregate of a product in a shop: handled by one worker at a time."""
    return aggregate_key(shop, "product", key)


def told(record: SourceProduct) -> Delivery:
    """What a source says of a product, as a message. The same content of the same moment is the same message."""
    scope = record.company or EVERY_SHOP
    subject = (scope, RECORD, record.key)
    name = f"{record.key}/{source_digest(record)[:32]}/{record.updated_at.isoformat()}"
    return Delivery(
        delivery_key=delivery_key(record.source, scope, name),
        channel=record.source,
        scope=scope,
        topic=TOLD,
        kind=PRODUCTS,
        aggregate_key=aggregate_key(*subject),
        correlation_id=correlation_id(*subject),
        occurred_at=record.updated_at,
        body=record.model_dump_json().encode(),
    )


def to_publish(shop: str, key: str, cause: str, since: datetime, *, by_name: bool = False) -> Delivery:
    """A product to be looked at for a shop. `since`: when the change arrived; `by_name`: a person asked."""
    subject = (shop, "product", key)
    return Delivery(
        delivery_key=delivery_key(CHANNEL, shop, f"{PUBLISH}/{key}/{cause}"),
        channel=CHANNEL,
        scope=shop,
        topic=PUBLISH,
        kind=publish_kind(shop),
        aggregate_key=aggregate_key(*subject),
        correlation_id=correlation_id(*subject),
        occurred_at=since,
        body=orjson.dumps({"key": key, "since": since.isoformat(), "by_name": by_name}),
    )


def cursor_name(source: ProductSource) -> str:
    """The name of a source's cursor."""
    return f"products.{source.system}"


async def poll_source(rt: Runtime, scope: str, source: ProductSource, *, full: bool = False) -> tuple[int, int]:
    """Ask a source what changed since the last poll (it overlaps by itself); `full` reads everything.

    Returns the new messages and the rows that could not be read. The cursor moves after the inbox has what was told.
    """
    name = cursor_name(source)
    kept = await rt.store.cursor(scope, name)
    new = faults = 0
    async for report in source.changes(None if full or kept is None else kept.value):
        new += await take_in(rt, scope, source, report)
        faults += len(report.errors)
        if report.cursor is not None and (kept is None or kept.value != report.cursor):
            kept = Cursor(scope=scope, name=name, value=report.cursor, updated_at=rt.now())
            await rt.store.set_cursor(kept)
    return new, faults


async def ask_by_key(rt: Runtime, keys: Sequence[str], shops: Sequence[str]) -> list[str]:
    """Read products by key from every source into the inbox, and have them looked at in these shops.

    Returns the keys that nobody knows. What is published as it should be is written by nothing of this.
    """
    known: set[str] = set()
    async for scope, source, report in read_by_key(rt, keys):
        await take_in(rt, scope, source, report)
        known |= {record.key for record in report.products} & set(keys)
    known |= {record.key for record in await rt.goods.book.sources(keys)}
    now = rt.now()
    wanted = [to_publish(shop, key, f"by-name/{now.isoformat()}", now, by_name=True) for shop in shops for key in known]
    if wanted:
        await rt.store.put(wanted)
    return [key for key in keys if key not in known]


async def read_by_key(rt: Runtime, keys: Sequence[str]) -> AsyncIterator[tuple[str, ProductSource, ProductReport]]:
    """What every source says of these products now, and of the items they are made of: an ERP may know only those."""
    asked: set[str] = set()
    wanted = set(keys)
    while wanted:
        asked |= wanted
        found: set[str] = set()
        for scope, source in rt.goods.all_sources():
            report = await source.products(sorted(wanted))
            found |= {v.sku for record in report.products for v in record.product.variants if v.sku}
            yield scope, source, report
        wanted = found - asked


async def take_in(rt: Runtime, scope: str, source: ProductSource, report: ProductReport) -> int:
    """Put what is new of a report into the inbox, and open and close the cases of its rows. Returns the new."""
    await _settle_rows(rt, scope, source, report)
    fresh: list[SourceProduct] = []
    for company in sorted({record.company or "" for record in report.products}):
        records = [record for record in report.products if (record.company or "") == company]
        standing = await rt.goods.book.source_digests(source.system, company or None, [r.key for r in records])
        fresh += [record for record in records if standing.get(record.key) != source_digest(record)]
    return sum(await rt.store.put([told(record) for record in fresh])) if fresh else 0


async def _settle_rows(rt: Runtime, scope: str, source: ProductSource, report: ProductReport) -> None:
    opened = [_row_case(rt, scope, source, error) for error in report.errors]
    still = {case.aggregate_key for case in opened}
    closings = []
    if report.read:
        prefixes = tuple(_row_key(scope, source, document) for document in report.read)
        standing = await rt.store.cases(kind=CaseKind.QUARANTINED, scope=scope, limit=MOST_CASES)
        over = {c.aggregate_key for c in standing if c.aggregate_key.startswith(prefixes)} - still
        closings = [
            CaseClosing(aggregate_key=key, closed_by=CHANNEL, note="read without fault") for key in sorted(over)
        ]
    if opened or closings:
        audit = tuple(_row_audit(rt, case) for case in opened)
        await rt.store.commit(Batch(close_cases=tuple(closings), open_cases=tuple(opened), audit=audit))


def _row_key(scope: str, source: ProductSource, document: str, place: str = "") -> str:
    return aggregate_key(scope, ROW, f"{source.system}/{document}/{place}")


def _row_case(rt: Runtime, scope: str, source: ProductSource, error: RejectedError) -> Case:
    document = error.document or "unnamed"
    key = _row_key(scope, source, document, error.words[:120])
    return Case(
        kind=CaseKind.QUARANTINED,
        scope=scope,
        aggregate_key=key,
        correlation_id=correlation_id(scope, ROW, key),
        document=f"{source.system} {document}"[:200],
        reason_code=error.code,
        words=f"{document}, {error.words}" if error.field is None or error.field in error.words else str(error),
        way_out=error.way_out,
        owner="integration",
        opened_at=rt.now(),
    )


def _row_audit(rt: Runtime, case: Case) -> AuditEntry:
    return AuditEntry(
        at=rt.now(),
        actor=CHANNEL,
        action="product.row-quarantined",
        scope=case.scope,
        aggregate_key=case.aggregate_key,
        correlation_id=case.correlation_id,
        detail={"document": case.document, "reason": case.reason_code},
    )


def publish_again(rt: Runtime, shop: str, keys: Iterable[str], cause: str, *, by_name: bool = False) -> list[Delivery]:
    """Messages that have products looked at again."""
    return [to_publish(shop, key, cause, rt.now(), by_name=by_name) for key in sorted(set(keys))]
