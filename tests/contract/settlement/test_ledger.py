"""The witness reads from the ERP's own database what an order came to: goods, invoice, payment, memo, refund, stock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest

from canonical.ids import effect_key
from deployments.stack.ledgers import Ledgers, lambda_ledgers, tryton_ledgers
from tests.contract.erp.conftest import booked
from tests.contract.erp.documents import document
from tests.contract.settlement.counterpart import Counterpart, LambdaBooks, TrytonBooks
from tests.contract.settlement.postings import (
    authorisation,
    credit,
    invoice,
    movement,
    payment,
    posted,
    receipt,
    shipment,
)
from tests.counterparts import TRYTON_DATABASE, lambda_erp, tryton

pytestmark = pytest.mark.counterpart
TEE = "TEE-WHI-S"


Read = Callable[[], Ledgers]


@pytest.fixture(scope="module", params=["tryton", "lambda"])
def books(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Counterpart, Read]]:
    workspace = tmp_path_factory.mktemp(request.param)
    if request.param == "tryton":
        with tryton(workspace) as process:
            file = workspace / f"{TRYTON_DATABASE}.sqlite"
            yield TrytonBooks(process, TRYTON_DATABASE), lambda: tryton_ledgers(file)
    else:
        with lambda_erp(workspace) as process:
            yield LambdaBooks(process), lambda: lambda_ledgers(workspace / "lambda.db")


async def test_an_orders_whole_life_stands_in_the_books_once(books: tuple[Counterpart, Read]) -> None:
    counterpart, read = books
    erp, settle = counterpart.connect(), counterpart.settle()
    order = document()
    await booked(erp, order)

    def key(operation: str) -> str:
        return effect_key("north", operation, order.source_id, "1")

    await posted(settle.post_shipments([shipment(order, 2, key=key("shipment.post"))]))
    await posted(settle.post_invoices([invoice(order, key=key("invoice.post"))]))
    await posted(settle.post_payments([payment(order, key=key("payment.post"))]))
    announced = authorisation(order, 1, key=key("return.authorise"))
    await posted(settle.authorise_returns([announced]))
    await posted(settle.receive_returns([receipt(order, announced, 1, key=key("return.receive"))]))
    memo = credit(order, key=key("credit.post"))
    await posted(settle.post_credits([memo]))
    await posted(settle.post_movements([movement("-2", item=TEE, key=effect_key("north", "movement.post", "17"))]))
    back = payment(order, str(-memo.total.amount), key=key("refund.post"))
    await posted(settle.post_payments([back]))

    ledgers = read()
    page = ledgers["north", order.source_id]
    assert (page.ordered, page.shipped, page.restocked, page.cancelled) == ({TEE: 2}, {TEE: 2}, {TEE: 1}, False)
    assert (page.total, page.invoiced, page.paid) == (order.total.amount,) * 3
    assert (page.credited, page.refunded) == (memo.total.amount, memo.total.amount)
    assert [(move.quantity, move.place) for move in page.moves] == [(-2, "DC-EAST"), (1, "DC-WEST")]
    announcements = 1 if isinstance(counterpart, TrytonBooks) else 0  # a draft in Lambda ERP, no sale
    assert len(page.documents) == len(set(page.documents)) == 7 + announcements
    assert ledgers.orphans == []
    assert [(move.sku, move.quantity) for move in ledgers.movements] == [(TEE, -2)]
    assert ledgers["north", "404"].total == Decimal(0)
    await erp.aclose()
    await settle.aclose()
