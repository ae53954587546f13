"""Amending sales that Tryton processes: what an edit changed of an order, or the rest of it that is cancelled.

    draft of the sale as it is to be -> compared with the sale -> new lines join it, of no pieces -> amendment

Tryton changes a sale in processing by an amendment only, which sets pieces and prices of lines that are there, and
drafts open shipments and invoices anew. It adds no line. So the new lines are made in a draft beside the sale, which
also computes the total and the cents before anything is changed, and join the sale with no pieces; the amendment gives
them their pieces. Validating it is the one moment at which the sale changes: a crash before it leaves a sale that is
worth what it was, and the next attempt goes on. The key and the digest of the content are the amendment's description.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from canonical.booking import SalesOrderDocument
from canonical.errors import CrossdockError, HeldError, RejectedError
from canonical.ids import digest
from canonical.money import Money, quantum
from canonical.settlement import SaleAmendment
from connectors.exact import exact
from connectors.tryton.client import TrytonClient
from connectors.tryton.comment import digest_in, with_digest
from connectors.tryton.directory import Directory
from connectors.tryton.mapper import ROUNDING_DESCRIPTION, rounding_values, sale_values
from connectors.tryton.sales import Sales
from connectors.tryton.schemas import References
from connectors.tryton.settings import TrytonSettings
from connectors.tryton.sold import SALE, Sold, SoldLine, SoldSales
from connectors.tryton.work import Work, conflict

MODEL = "sale.amendment"
SHIPMENT, INVOICE = "stock.shipment.out", "account.invoice"
_BY_HAND = "Change the sale by hand in Tryton, or take the change back in the shop."


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of a line of the sale."""

    line: SoldLine
    wanted: SoldLine
    quantity: Decimal

    @property
    def dearer(self) -> bool:
        """Whether it has another price; the cents of a rounding are a matter of the last invoice."""
        return self.wanted.price != self.line.price and self.line.key is not None


class Amendments:
    """Amends sales of one company."""

    def __init__(
        self, client: TrytonClient, directory: Directory, sold: SoldSales, sales: Sales, settings: TrytonSettings
    ) -> None:
        self._client, self._directory, self._sold, self._sales = client, directory, sold, sales
        self._settings = settings

    async def post(self, works: Sequence[Work[SaleAmendment]]) -> None:
        """Each of them, amended or with its error."""
        for work in works:
            try:
                await self._one(work)
            except CrossdockError as error:
                work.error = error

    async def _one(self, work: Work[SaleAmendment]) -> None:
        if not await self._meet(work):
            await self._amend(work)
        await self._discard_draft(work)
        await self._finish(work)

    async def _meet(self, work: Work[SaleAmendment]) -> bool:
        """Whether it stands under its key. What an attempt left of it is deleted; other content is a conflict."""
        domain = [("sale", "=", work.sale.id), ("description", "like", f"{work.posting.key} %")]
        rows = await self._client.read(f"model.{MODEL}.search_read", domain, 0, None, None, ["description", "state"])
        for row in rows:
            if row["state"] == "validated":
                if digest_in(row["description"]) != _digest(work.posting):
                    raise conflict(work.posting.key, f"sale {work.sale.name} was amended otherwise under this key")
                work.id, work.row = row["id"], row
                return True
        if rows:
            await self._client.call(f"model.{MODEL}.delete", [row["id"] for row in rows])
        return False

    async def _amend(self, work: Work[SaleAmendment]) -> None:
        await self._free(work)
        await self._discard_draft(work)
        try:
            draft, lines = await self._draft(work)
            changes, joining = _compared(work.sale, lines, work.posting.key)
            await self._check(work, changes)
            if joining:
                await self._join(work, joining)
                changes += [Change(line, line, line.quantity) for line in joining]
            if changes:
                await self._validate(work, changes)
        except (RejectedError, HeldError):
            await self._discard_draft(work)
            raise
        work.id = work.id or draft

    async def _free(self, work: Work[SaleAmendment]) -> None:
        """Nothing of ours is half done on the sale; goods that Tryton put aside for it are free to be counted anew."""
        domain = [("id", "in", list(work.sale.shipments)), ("state", "not in", ["done", "cancelled"])]
        rows = await self._client.read(f"model.{SHIPMENT}.search_read", domain, 0, None, None, ["reference", "state"])
        if any(row["reference"] for row in rows):
            raise _unfinished(work, "shipment")
        domain = [("id", "in", list(work.sale.invoices)), ("state", "in", ["draft", "validated"])]
        drafts = await self._client.read(f"model.{INVOICE}.search_read", domain, 0, None, None, ["reference"])
        if any(row["reference"] for row in drafts):
            raise _unfinished(work, "invoice")
        if assigned := [row["id"] for row in rows if row["state"] == "assigned"]:
            await self._client.call(f"model.{SHIPMENT}.wait", assigned, document=work.sale.number)

    async def _draft(self, work: Work[SaleAmendment]) -> tuple[int, tuple[SoldLine, ...]]:
        """A draft sale as it is to be, to the cent, and its lines."""
        document = work.posting.document.model_copy(update={"key": work.posting.key})
        known = await self._directory.references([document], self._settings.rounding_item)
        (draft,) = await self._client.call(f"{SALE}.create", [_draft_values(document, known, work.sale)])
        total = (await self._sales.read([draft]))[draft].total
        off = document.total - Money(amount=total, currency=document.currency)
        if abs(off.amount) > quantum(document.currency) * max(1, len(document.lines)):
            raise _total_differs(work, total)
        rounded = any(line.key is None and line.description == ROUNDING_DESCRIPTION for line in work.sale.lines)
        if not off.is_zero or rounded:
            item = known.items.get(self._settings.rounding_item)
            if item is None:
                raise _refused(work, f"Tryton has no item {self._settings.rounding_item} for roundings", "item_unknown")
            await self._client.call(f"{SALE}.write", [draft], {"lines": [("create", [rounding_values(item, off)])]})
        return draft, (await self._sold.lines([draft])).get(draft, ())

    async def _check(self, work: Work[SaleAmendment], changes: Sequence[Change]) -> None:
        """Raises `HeldError` where more has left or is invoiced than the line would have, or at another price."""
        origins = {f"sale.line,{change.line.id}": change for change in changes}
        gone = await self._counted("stock.move", origins, ("state", "in", ["assigned", "done"]))
        billed = await self._counted("account.invoice.line", origins, ("invoice.state", "in", ["posted", "paid"]))
        for origin, change in origins.items():
            if change.quantity < gone[origin]:
                raise _too_late(work, change, f"{gone[origin]:f} have left")
            if change.quantity < billed[origin]:
                raise _too_late(work, change, f"{billed[origin]:f} are invoiced")
            if change.dearer and billed[origin]:
                raise _too_late(work, change, f"it is invoiced at {change.line.price:f}, not {change.wanted.price:f}")

    async def _counted(self, model: str, origins: Mapping[str, Any], when: tuple[Any, ...]) -> Counter[str]:
        counted: Counter[str] = Counter()
        domain = [("origin", "in", sorted(origins)), when]
        if origins:
            rows = await self._client.read(f"model.{model}.search_read", domain, 0, None, None, ["origin", "quantity"])
            for row in rows:
                counted[row["origin"]] += int(exact(row["quantity"]))
        return counted

    async def _join(self, work: Work[SaleAmendment], joining: Sequence[SoldLine]) -> None:
        """New lines become lines of the sale, of no pieces yet."""
        values = {"sale": work.sale.id, "quantity": 0.0}
        await self._client.call("model.sale.line.write", [line.id for line in joining], values)

    async def _validate(self, work: Work[SaleAmendment], changes: Sequence[Change]) -> None:
        rows = [
            {
                "action": "line",
                "line": change.line.id,
                "product": change.wanted.product,
                "unit": change.wanted.unit,
                "quantity": float(change.quantity),
                "unit_price": change.wanted.price,
                "description": change.wanted.description,
            }
            for change in changes
        ]
        values = {"sale": work.sale.id, "description": _described(work.posting), "lines": [("create", rows)]}
        (work.id,) = await self._client.call(f"model.{MODEL}.create", [values])
        await self._client.call(f"model.{MODEL}.validate_amendment", [work.id], document=work.sale.number)
        work.created = True

    async def _finish(self, work: Work[SaleAmendment]) -> None:
        """The sale's comment tells the content that it has now."""
        sale = (await self._sales.read([work.sale.id]))[work.sale.id]
        comment = with_digest(sale.comment, work.posting.document.digest)
        if comment != sale.comment:
            await self._client.call(f"{SALE}.write", [sale.id], {"comment": comment})
        work.row = {"number": sale.number, "state": sale.state}
        work.finish(total=work.money(sale.total))

    async def _discard_draft(self, work: Work[SaleAmendment]) -> None:
        standing = await self._sales.by_key([work.posting.key])
        await self._sales.discard([sale for sale in standing.values() if sale.unfinished])


def _compared(sale: Sold, wanted: Sequence[SoldLine], key: str) -> tuple[list[Change], list[SoldLine]]:
    """(lines of the sale that change, lines that it lacks). Raises `HeldError` for what no amendment can change."""
    there = {_name(line): line for line in sale.lines}
    changes: list[Change] = []
    joining: list[SoldLine] = []
    for line in wanted:
        known = there.pop(_name(line), None)
        if known is None:
            joining.append(line)
        elif known.quantity and set(known.taxes) != set(line.taxes):
            raise _held(key, f"line {line.key}: an amendment changes no tax", line.key)
        elif (known.product, known.quantity, known.price) != (line.product, line.quantity, line.price):
            changes.append(Change(known, line, line.quantity))
    changes += [Change(line, line, Decimal(0)) for line in there.values() if line.key is not None and line.quantity]
    return changes, joining


def _name(line: SoldLine) -> str:
    return line.key or (ROUNDING_DESCRIPTION if line.description == ROUNDING_DESCRIPTION else f"line/{line.id}")


def _draft_values(document: SalesOrderDocument, known: References, sale: Sold) -> dict[str, Any]:
    """The draft. A line keeps the price it has in the sale where a minor unit is all that rounding makes of it."""
    values = sale_values(
        document,
        known,
        party=sale.party,
        invoice_address=sale.invoice_address,
        shipment_address=sale.shipment_address,
        invoice_method="order",
    )
    there = {line.key: line for line in sale.lines if line.key}
    for line in values["lines"][0][1]:
        before = there.get(line["note"])
        if line.pop("gift_cards", None) and (before is None or before.quantity != line["quantity"]):
            raise _held(document.key, f"line {line['note']}: cards are issued with the order only", line["note"])
        if before is not None and abs(before.price - line["unit_price"]) * line["quantity"] <= quantum(
            document.currency
        ):
            line["unit_price"] = before.price
    return values | {
        "origin": f"sale.sale,{sale.id}",
        "description": f"Change of {sale.name}",
        "warehouse": sale.warehouse,
    }


def _described(posting: SaleAmendment) -> str:
    return f"{posting.key} [content {_digest(posting)}]"


def _digest(posting: SaleAmendment) -> str:
    return digest([posting.sale_key, posting.document.model_dump(mode="json", include={"lines", "total"})])


def _held(document: str, words: str, line: str | None) -> HeldError:
    return HeldError(
        words, code="sale_not_amended", document=document, field=f"line {line}" if line else None, way_out=_BY_HAND
    )


def _too_late(work: Work[SaleAmendment], change: Change, why: str) -> HeldError:
    what = change.line.item or change.line.description
    words = f"{what} cannot be {change.quantity:f} in sale {work.sale.name} any more: {why}"
    return _held(work.posting.key, words, change.line.key)


def _unfinished(work: Work[SaleAmendment], what: str) -> HeldError:
    return HeldError(
        f"a {what} of sale {work.sale.name} is being posted",
        code=f"{what}_unfinished",
        document=work.posting.key,
        way_out=f"It goes on by itself once the {what} is posted.",
    )


def _refused(work: Work[SaleAmendment], words: str, code: str) -> RejectedError:
    return RejectedError(words, code=code, document=work.posting.key, way_out="Add it in Tryton, then release this.")


def _total_differs(work: Work[SaleAmendment], total: Decimal) -> RejectedError:
    wanted = work.posting.document.total
    return RejectedError(
        f"Tryton computes {total} {wanted.currency} for the sale as it is to be, the order comes to {wanted}: that is "
        "more than rounding",
        code="total_differs",
        document=work.posting.key,
        field="total",
        way_out="Compare taxes and prices of the order with Tryton's, correct them, then release this.",
    )
