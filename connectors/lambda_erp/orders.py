"""One sales order: create the draft, balance it, submit it.

    create -> (exists already: look) -> balance the cents -> submit

Lambda ERP keeps the pair of source and reference unique, so creating comes first and looking second. Every step can be
the last before a crash; the next attempt finds the draft and goes on. A draft of other content was never booked and is
overwritten; a submitted order of other content is a conflict.
"""

from canonical.booking import BookedDocument, SalesOrderDocument
from canonical.errors import ConflictError, HeldError, RejectedError, RetryableError
from canonical.money import Money, quantum, total
from connectors.lambda_erp.client import LambdaErpClient
from connectors.lambda_erp.mapper import order_values
from connectors.lambda_erp.schemas import StandingOrder
from connectors.lambda_erp.settings import LambdaErpSettings

ORDERS = "documents/sales-order"
ATTEMPTS = 3


class Orders:
    """The sales orders of one company."""

    def __init__(self, client: LambdaErpClient, settings: LambdaErpSettings) -> None:
        self._client, self._settings = client, settings

    async def find(self, key: str) -> StandingOrder | None:
        """The order under a key, whatever its state."""
        found = await self._client.rows(
            ORDERS,
            external_source=self._settings.source,
            external_reference=key,
            company=self._settings.company,
            fields="name",
            include_discarded="true",
        )
        record = await self._client.record(f"{ORDERS}/{found[0]['name']}") if found else None
        return self._standing(record) if record is not None else None

    async def book(self, document: SalesOrderDocument, customer: str) -> BookedDocument:
        """Book it once. Raises `ConflictError` for other content, `RejectedError` for content that is refused."""
        lines = total((line.gross for line in document.lines), document.currency)
        if not _tolerable(document, lines):
            raise _total_differs(document, lines)
        order, created = await self._placed(document, customer)
        if order.is_draft:
            order = await self._balanced(document, customer, order)
            order = await self._submitted(document, order)
        return order.told(created=created)

    async def cancel(self, key: str) -> BookedDocument:
        """Cancel it. Raises `HeldError` when something was delivered or billed."""
        order = await self.find(key)
        if order is None:
            raise RejectedError("there is no order under this key", code="document_unknown", document=key)
        if order.docstatus != 2:
            if order.is_draft:
                order = await self._press("submit", order)  # a draft cannot be cancelled, only discarded
            order = await self._press("cancel", order)
        return order.told()

    async def _placed(self, document: SalesOrderDocument, customer: str) -> tuple[StandingOrder, bool]:
        """The order under the document's key, and whether this call created it.

        After a restart Lambda ERP may give two orders that come at once the same number, and refuses one of them as it
        refuses a key that is taken. Nothing stands under the key then, and the order is sent again.
        """
        values = self._values(document, customer)
        for _ in range(ATTEMPTS):
            try:
                return self._standing(await self._client.write(ORDERS, values, document=document.name)), True
            except ConflictError:
                if order := await self.find(document.key):
                    return await self._same(document, customer, order), False
        raise RetryableError("its number was taken each time", code="raced", document=document.name)

    async def _same(self, document: SalesOrderDocument, customer: str, order: StandingOrder) -> StandingOrder:
        """The order that stands under the key, when it is this document's; a draft of other content is overwritten."""
        if order.digest == document.digest or (order.digest is None and order.total == document.total):
            return order
        if order.is_draft:
            return await self._overwritten(document, customer, order)
        raise ConflictError(
            f"order {order.name} stands under this key with other content",
            code="booked_with_other_content",
            document=document.name,
            way_out="Compare the order in Lambda ERP with this one; correct it there.",
        )

    async def _balanced(self, document: SalesOrderDocument, customer: str, order: StandingOrder) -> StandingOrder:
        """The draft with the order's total: cents go to the rounding account, more than that is refused."""
        difference = document.total - order.total
        if difference.is_zero:
            return order
        if _tolerable(document, order.total):
            order = await self._overwritten(document, customer, order, difference)
        if order.total != document.total:
            raise _total_differs(document, order.total)
        return order

    async def _overwritten(
        self, document: SalesOrderDocument, customer: str, order: StandingOrder, rounding: Money | None = None
    ) -> StandingOrder:
        values = self._values(document, customer, rounding)
        return self._standing(await self._client.change(f"{ORDERS}/{order.name}", values, document=document.name))

    async def _submitted(self, document: SalesOrderDocument, order: StandingOrder) -> StandingOrder:
        try:
            return await self._press("submit", order)
        except HeldError as error:  # its state has moved on: another worker submitted it
            found = await self.find(document.key)
            if found is None or found.is_draft:
                raise RetryableError("it could not be submitted yet", code="raced", document=document.name) from error
            return found

    async def _press(self, button: str, order: StandingOrder) -> StandingOrder:
        try:
            return self._standing(await self._client.write(f"{ORDERS}/{order.name}/{button}", document=order.name))
        except (ConflictError, RejectedError) as error:
            raise HeldError(
                f"Lambda ERP does not {button} it any more: {error.words}",
                code="too_late_to_cancel" if button == "cancel" else "state_moved_on",
                document=order.name,
                way_out="Look at the order in Lambda ERP; take back what was delivered or billed first.",
            ) from error

    def _values(self, document: SalesOrderDocument, customer: str, rounding: Money | None = None) -> dict[str, object]:
        return order_values(document, self._settings, customer, rounding)

    def _standing(self, record: dict[str, object]) -> StandingOrder:
        return StandingOrder.of(record)


def _tolerable(document: SalesOrderDocument, computed: Money) -> bool:
    """Whether the difference is what rounding line by line can come to: a minor unit a line."""
    return abs((document.total - computed).amount) <= quantum(document.currency) * len(document.lines)


def _total_differs(document: SalesOrderDocument, computed: Money) -> RejectedError:
    off = document.total - computed
    return RejectedError(
        f"its lines come to {computed}, the order to {document.total}: {off} is more than rounding",
        code="total_differs",
        document=document.name,
        field="total",
        way_out="Compare taxes and prices of the order with its lines, correct them, then replay the order.",
    )
