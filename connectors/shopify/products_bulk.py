"""Writing many products by one bulk operation: a file of lines, a mutation run for each, a result for each.

Lines find their product as single calls do: by id, or by our own key. So an operation that was started twice, or broke
in the middle, may be repeated.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from canonical.errors import CrossdockError, RetryableError
from canonical.ids import chunk_key
from canonical.outcomes import Failed, Outcome, Settled
from canonical.ports.budget import Lane
from canonical.product import ProductChange, ProductRef
from connectors.shopify.bulk import Bulk, Ended
from connectors.shopify.client import ShopifyClient
from connectors.shopify.documents import bulk_text
from connectors.shopify.errors import graphql_error
from connectors.shopify.products_after import Written
from connectors.shopify.products_state import ProductState
from connectors.shopify.products_writing import ProductWriter, refuse
from connectors.shopify.uploads import BULK, upload

LARGEST_FILE: Final = 90 * 1024 * 1024
"""Bytes of one file; Shopify takes 100 MB."""


@dataclass(slots=True)
class _Line:
    """A change on its way: its place in the call, what is sent, what became of it."""

    place: int
    change: ProductChange
    state: ProductState | None
    given: Mapping[str, Any]
    text: bytes = field(repr=False, default=b"")


class ProductBulk:
    """Bulk writing of one shop."""

    def __init__(self, client: ShopifyClient, writer: ProductWriter) -> None:
        self._client, self._writer = client, writer
        self._bulk = Bulk(client, Lane.CATALOGUE)

    async def publish(self, changes: Sequence[ProductChange]) -> list[Outcome[ProductRef]]:
        """As `ProductChannel.publish_many`."""
        outcomes: dict[int, Outcome[ProductRef]] = {}
        lines: list[_Line] = []
        states = await self._writer.states(changes)
        if any(change.product_id is None for change in changes):
            await self._writer.define_key()
        for place, change in enumerate(changes):
            state = states.get(change.product_id or "")
            try:
                given = await self._writer.input_of(change, state)
            except CrossdockError as error:
                outcomes[place] = Failed(error)
                continue
            lines.append(_Line(place, change, state, given, orjson.dumps(given)))
        for part in _files(lines):
            outcomes |= await self._run(part)
        return [outcomes[place] for place in range(len(changes))]

    async def _run(self, lines: Sequence[_Line]) -> dict[int, Outcome[ProductRef]]:
        """One file. What its result does not tell of is in doubt."""
        try:
            ended = await self._start(lines)
            results = {int(row["__lineNumber"]): row async for row in self._bulk.rows(ended.url)}
        except CrossdockError as error:
            return {line.place: Failed(error) for line in lines}
        silent = ended.error or RetryableError(
            "the bulk operation told nothing of this product", code="bulk_silent", maybe_applied=True
        )
        outcomes: dict[int, Outcome[ProductRef]] = {}
        for number, line in enumerate(lines):
            row = results.get(number)
            outcomes[line.place] = await self._outcome(line, row) if row is not None else Failed(silent)
        return outcomes

    async def _start(self, lines: Sequence[_Line]) -> Ended:
        name = f"products-{chunk_key([line.change.key for line in lines])[:16]}.jsonl"
        content = b"\n".join(line.text for line in lines) + b"\n"
        path = await upload(self._client, name, content, mime_type="text/jsonl", resource=BULK)
        variables = {"mutation": bulk_text("set_product"), "path": path}
        return await self._bulk.run("start_bulk_mutation", variables, "bulkOperationRunMutation")

    async def _outcome(self, line: _Line, row: Mapping[str, Any]) -> Outcome[ProductRef]:
        change = line.change
        try:
            payload = (row.get("data") or {}).get("productSet")
            if not payload:
                raise graphql_error(row.get("errors") or ["no result"], {}, change.product.id, None)
            refuse(payload.get("userErrors"), {}, change, line.given["input"].get("variants") or ())
            ref = await self._writer.ref_of(payload.get("product"), change)
            return Settled(await self._writer.follow(Written(change, line.state, ref)))
        except CrossdockError as error:
            return Failed(error)


def _files(lines: Sequence[_Line]) -> Iterator[list[_Line]]:
    """The lines in files that are small enough."""
    part: list[_Line] = []
    size = 0
    for line in lines:
        if part and size + len(line.text) >= LARGEST_FILE:
            yield part
            part, size = [], 0
        part.append(line)
        size += len(line.text) + 1
    if part:
        yield part
