"""The demo's judge: what the books of one order say differently."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from deployments.stack.ledger_pages import OrderLedger
from deployments.stack.life_scene import HOUSES, unequal

Pages = dict[str, OrderLedger]


def agreed() -> Pages:
    """Three pieces for 36.00 left one warehouse; one came back and 12.00 were paid back."""
    pages = {name: OrderLedger(name) for name in ("shopify", "erp", *HOUSES)}
    shop, erp, wms = pages["shopify"], pages["erp"], pages["wms"]
    shop.ordered, shop.shipped, erp.shipped, wms.shipped = ({"TEE": 2, "MUG": 1} for _ in range(4))
    erp.restocked, wms.returned, wms.restocked = ({"TEE": 1} for _ in range(3))
    shop.total, erp.invoiced = Decimal(24), Decimal(36)
    shop.paid = erp.paid = Decimal(36)
    shop.refunded = erp.credited = erp.refunded = Decimal(12)
    return pages


def test_books_that_agree_have_no_fault() -> None:
    assert unequal(agreed(), 1) == []


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (lambda p: p["wms"].shipped.update(TEE=1), "shipped"),
        (lambda p: p["harbour"].shipped.update(TEE=2), "shipped"),
        (lambda p: p["erp"].shipped.pop("MUG"), "shipped"),
        (lambda p: p["erp"].restocked.update(TEE=2), "returned"),
        (lambda p: p["stores"].returned.update(TEE=1), "returned"),
        (lambda p: p["shopify"].open.update(TEE=1), "still open"),
        (lambda p: setattr(p["erp"], "paid", Decimal(72)), "paid"),
        (lambda p: setattr(p["erp"], "invoiced", Decimal(72)), "invoiced and not credited"),
        (lambda p: setattr(p["erp"], "refunded", Decimal(0)), "given back"),
        (lambda p: setattr(p["shopify"], "refunded", Decimal(24)), "given back"),
    ],
)
def test_one_thing_that_is_doubled_or_lost_is_named(wrong: Callable[[Pages], object], named: str) -> None:
    pages = agreed()
    wrong(pages)
    assert named in [fault.partition(":")[0] for fault in unequal(pages, 1)]


def test_a_piece_that_came_back_though_none_was_to_is_named() -> None:
    assert [fault.partition(":")[0] for fault in unequal(agreed(), 0)] == ["returned"]
