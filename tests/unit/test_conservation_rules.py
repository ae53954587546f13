"""What books of one order must agree on: a right set of books says nothing, each wrong figure is named."""

from decimal import Decimal

import pytest

from deployments.stack.conservation import Books, Told, Trace, differences, orphans
from deployments.stack.ledger_pages import OrderLedger, StockMove

SALE, PARCEL = "north:sales-order.create:5123", "north:shipment.post:5123:e1"


def books() -> Books:
    """Three ordered, one taken out by a refund, two shipped, one of them back on its shelf and paid back."""
    left, back = StockMove("wms", "S1", "TEE", -2, "DC-EAST"), StockMove("wms", "R1", "TEE", 1, "DC-EAST")
    shop = OrderLedger(
        "shopify",
        ordered={"TEE": 3},
        shipped={"TEE": 2},
        taken_out={"TEE": 1},
        total=Decimal(20),
        paid=Decimal(60),
        refunded=Decimal(40),
    )
    erp = OrderLedger(
        "erp",
        ordered={"TEE": 3},
        shipped={"TEE": 2},
        restocked={"TEE": 1},
        total=Decimal(60),
        invoiced=Decimal(40),
        credited=Decimal(20),
        paid=Decimal(60),
        refunded=Decimal(40),
        documents=[SALE, PARCEL],
        moves=[left, back],
    )
    wms = OrderLedger("wms", ordered={"TEE": 3}, shipped={"TEE": 2}, returned={"TEE": 1}, restocked={"TEE": 1})
    wms.moves = [left, back]
    return {"shopify": shop, "erp": erp, "wms": wms}


def test_right_books_have_no_differences() -> None:
    assert differences("#1001", books()) == []


@pytest.mark.parametrize(
    ("system", "field", "value", "words"),
    [
        ("shopify", "open", {"TEE": 1}, []),
        ("shopify", "open", {"TEE": 2}, ["shopify: ordered TEE: 3 ordered, 2 shipped, 2 open, at most 1 cancelled"]),
        ("shopify", "taken_out", {}, ["shopify: ordered TEE: 3 ordered, 2 shipped, 0 open, at most 0 cancelled"]),
        ("erp", "invoiced", Decimal(61), ["erp: invoiced: 61, the order comes to 60"]),
        ("erp", "refunded", Decimal(0), ["erp: paid less refunded: 60 (60 - 0), shopify says 20"]),
        ("erp", "credited", Decimal(0), ["erp: invoiced less credited: 40 (40 - 0), the order comes to 20 in shopify"]),
        ("erp", "documents", [SALE, SALE], [f"erp: document {SALE}: 2 times"]),
        ("erp", "restocked", {}, ["erp: restocked TEE: 0, the warehouses say 1", "erp: moved TEE: -1, -2 by its"]),
        ("shopify", "refunded", Decimal(61), ["shopify: refunded: 61, paid were 60"]),
        ("wms", "returned", {"TEE": 3}, ["the warehouses: returned TEE: 3, shipped were 2"]),
        ("wms", "shipped", {"TEE": 1}, ["erp: shipped TEE: 2, the warehouses say 1"]),
        ("wms", "ordered", {"TEE": 1}, ["wms: shipped TEE: 2, ordered were 1"]),
        ("erp", "moves", [], ["erp: moved TEE at DC-EAST: 0, wms says -2"]),
    ],
)
def test_a_wrong_figure_is_named_with_order_system_and_field(
    system: str, field: str, value: object, words: list[str]
) -> None:
    wrong = books()
    setattr(wrong[system], field, value)
    found = differences("#1001", wrong)
    assert all(any(line.startswith(f"#1001: {one}") for line in found) for one in words)
    assert bool(found) == bool(words)


def test_what_the_staff_shipped_leaves_no_warehouse() -> None:
    found = {**books(), "wms": OrderLedger("wms")}
    found["erp"].restocked, found["erp"].moves = {}, [StockMove("erp", PARCEL, "TEE", -2, "DC-EAST")]
    assert differences("#1001", found) == ["#1001: erp: shipped TEE: 2, the warehouses say 0"]
    assert differences("#1001", found, Told(by_hand=True)) == []


def test_money_that_somebody_has_to_decide_about_may_stand_differently_but_goods_may_not() -> None:
    found = books()
    found["erp"].refunded, found["wms"].shipped = Decimal(0), {"TEE": 1}
    assert differences("#1001", found, Told(waits=True)) == ["#1001: erp: shipped TEE: 2, the warehouses say 1"]


def test_orphans_are_documents_without_effect_effects_without_document_and_effects_nobody_asked_for() -> None:
    sale, parcel = Trace(SALE, "north:order:5123", ("7",)), Trace(PARCEL, "north:order:5123", ("8",))
    asked = {"north:order:5123"}
    assert orphans({"erp": [SALE, PARCEL], "shopify": []}, [sale, parcel], asked) == []
    assert orphans({"erp": ["7"]}, [sale], asked) == []
    assert orphans({"erp": [SALE, PARCEL]}, [sale], asked) == [f"erp: {PARCEL}: no settled effect made it"]
    assert orphans({"erp": [SALE]}, [sale, parcel], asked) == [f"effect {PARCEL}: no system has its document"]
    assert orphans({"erp": [SALE], "shopify": ["R9"]}, [sale], asked, others=["R9"]) == []
    assert orphans({"erp": [SALE]}, [sale], []) == [f"effect {SALE}: no message is about north:order:5123"]
