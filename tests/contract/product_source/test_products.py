"""What any product source tells: whole products, what changed since, and what went out of sale."""

from __future__ import annotations

import pytest

from canonical.errors import MisconfiguredError, RetryableError
from canonical.ports import ProductSource
from canonical.product import ProductStatus
from canonical.product_fields import product_fields
from tests.contract.product_source.conftest import Counterpart, changes

pytestmark = pytest.mark.counterpart


async def test_everything_is_told_once_with_what_the_source_knows(
    source: ProductSource, counterpart: Counterpart
) -> None:
    report = await changes(source, None)
    assert report.errors == ()
    assert len({product.key for product in report.products}) == len(report.products) == counterpart.products
    for product in report.products:
        assert product.source == source.system
        assert product.company == ("north" if counterpart.name != "feed" else None)
        assert product.given <= set(product_fields())
        assert {"title", "variants"} <= product.given
        assert product.product.title
        assert product.product.variants
        skus = [variant.sku for variant in product.product.variants]
        assert len(set(skus)) == len(skus)
        assert product.updated_at.utcoffset() is not None
    codes = {variant.sku for product in report.products for variant in product.product.variants}
    assert "MUG-WHT" in codes
    assert not codes & {"SHIPPING", "TIP", "DUTY", "ROUNDING"}


async def test_products_are_found_by_key_as_they_were_told(source: ProductSource, counterpart: Counterpart) -> None:
    told = {product.key: product for product in (await changes(source, None)).products}
    asked = await source.products(["MUG-WHT", "TEE-WHI-S", "NO-SUCH-KEY"])
    assert {product.key: product for product in asked.products} == {key: told[key] for key in ("MUG-WHT", "TEE-WHI-S")}
    tee = told["TEE-WHI-S"].product
    assert len(tee.variants) == (6 if counterpart.templates else 1)


async def test_after_the_cursor_only_what_changed_is_sure_to_be_told(
    source: ProductSource, counterpart: Counterpart
) -> None:
    start = await changes(source, None)
    counterpart.desk.reprice("NOTE-DOT", "9.50")
    report = await changes(source, start.cursor)
    changed = next(p for p in report.products if p.key == "NOTE-DOT")
    price = next(variant.price for variant in changed.product.variants if variant.sku == "NOTE-DOT")
    assert price is not None
    assert str(price) == "9.50 USD"
    assert "variants.price" in changed.given
    before = next(p for p in start.products if p.key == "NOTE-DOT")
    assert changed.updated_at > before.updated_at


async def test_a_product_that_went_out_of_sale_is_archived_not_left_out(
    source: ProductSource, counterpart: Counterpart
) -> None:
    start = await changes(source, None)
    counterpart.desk.deactivate("MUG-BLU" if not counterpart.templates else "MUG-WHT")
    key = "MUG-WHT" if counterpart.templates else "MUG-BLU"
    report = await changes(source, start.cursor)
    gone = next(product for product in report.products if product.key == key)
    assert gone.product.status is ProductStatus.ARCHIVED
    assert "status" in gone.given
    assert gone.product.variants
    assert key in {product.key for product in (await changes(source, None)).products}


async def test_a_cursor_that_is_none_is_refused_with_the_way_out(source: ProductSource) -> None:
    with pytest.raises(MisconfiguredError, match="Delete the cursor"):
        await anext(aiter(source.changes("yesterday")))


async def test_a_source_that_is_away_is_to_be_tried_again(counterpart: Counterpart) -> None:
    source = counterpart.away()
    with pytest.raises(RetryableError):
        await source.check()
    with pytest.raises(RetryableError):
        await anext(aiter(source.changes(None)))
    await source.aclose()


async def test_a_check_passes(source: ProductSource) -> None:
    await source.check()
