"""What is remembered of products: the newest word of each source, what was published, what is withheld."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from canonical.errors import ConflictError
from canonical.ports import ProductBook
from canonical.ports.products import PublishedProduct, WithheldProduct
from canonical.product import Product, ProductRef, ProductStatus, SourceProduct, Variant
from canonical.product_content import source_digest
from connectors.registry import product_book
from connectors.statestore.store import SqlStateStore

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture
def book(store: SqlStateStore) -> ProductBook:
    opened = product_book(store)
    assert isinstance(opened, ProductBook)
    return opened


def record(key: str, *skus: str, source: str = "erp", after: int = 0, **more: Any) -> SourceProduct:
    """A record, `after` minutes past noon."""
    company = more.pop("company", None)
    product = Product(
        id=key, title=more.pop("title", key), variants=tuple(Variant(id=sku, sku=sku) for sku in skus), **more
    )
    given = frozenset({"title", "variants"})
    at = NOON + timedelta(minutes=after)
    return SourceProduct(source=source, company=company, key=key, product=product, given=given, updated_at=at)


def published(key: str, product_id: str, version: int = 1, shop: str = "north", **more: Any) -> PublishedProduct:
    ref = ProductRef(product_id=product_id, variants={f"{key}-S": "7"}, inventory_items={f"{key}-S": "9"})
    return PublishedProduct(
        shop, key, f"digest {version}", ref, {f"{key}-S": "12.50"}, more.get("status", "active"), version, NOON
    )


async def test_the_newest_word_of_a_source_stands_and_twice_is_once(book: ProductBook) -> None:
    assert await book.save_sources([record("LAMP", "LAMP-S"), record("MUG", "MUG-1")]) == {"LAMP", "MUG"}
    assert await book.save_sources([record("LAMP", "LAMP-S")]) == frozenset()
    assert await book.save_sources([record("LAMP", "LAMP-S", title="Old", after=-1)]) == frozenset()
    newer = record("LAMP", "LAMP-S", title="Lamp", after=1)
    assert await book.save_sources([newer]) == {"LAMP"}
    assert await book.sources(["LAMP"]) == [newer]
    assert await book.source_digests("erp", None, ["LAMP", "NONE"]) == {"LAMP": source_digest(newer)}
    assert await book.all_keys() == ["LAMP", "MUG"]


async def test_each_source_and_company_has_its_own_word(book: ProductBook) -> None:
    rows = [record("LAMP", "LAMP-S", company=name) for name in ("north", "south", None)]
    await book.save_sources(rows)
    found = await book.sources(["LAMP"])
    assert {row.company for row in found} == {"north", "south", None}


async def test_records_that_share_skus_are_found_together_and_others_are_not(book: ProductBook) -> None:
    items = [record("TEE-S", "TEE-S"), record("TEE-M", "TEE-M"), record("MUG", "MUG")]
    await book.save_sources([*items, record("TEE", "TEE-S", "TEE-M", source="pim")])
    assert {row.key for row in await book.related(["TEE-S"])} == {"TEE", "TEE-S", "TEE-M"}
    await book.save_sources([record("TEE", "TEE-S", source="pim", after=1)])
    assert {row.key for row in await book.related(["TEE"])} == {"TEE", "TEE-S"}


async def test_who_names_a_sku_is_told_and_archived_records_do_not_count(book: ProductBook) -> None:
    await book.save_sources(
        [record("A", "S1"), record("B", "S1", "S2"), record("C", "S2", status=ProductStatus.ARCHIVED)]
    )
    assert await book.keys_with_skus("erp", None, ["S1", "S2", "S3"]) == {"S1": {"A", "B"}, "S2": {"B"}}


async def test_what_was_published_is_kept_by_version(book: ProductBook) -> None:
    await book.save_published([published("LAMP", "11"), published("MUG", "12", status="archived")])
    await book.save_published([published("LAMP", "11", version=3)])
    await book.save_published([published("LAMP", "11", version=2)])
    assert (await book.published("north"))["LAMP"] == published("LAMP", "11", version=3)
    assert await book.published("south") == {}
    assert await book.by_channel_ids("north", ["11", "12", "13"]) == {"11": "LAMP", "12": "MUG"}
    assert await book.status_counts("north") == {"active": 1, "archived": 1}


async def test_a_product_of_the_shop_is_linked_to_one_of_ours_only(book: ProductBook) -> None:
    await book.save_published([published("LAMP", "11")])
    with pytest.raises(ConflictError, match="linked to LAMP already"):
        await book.save_published([published("MUG", "12"), published("OTHER", "11")])
    assert set(await book.published("north")) == {"LAMP"}


async def test_what_is_withheld_is_remembered_with_its_approval_until_let_go(book: ProductBook) -> None:
    held = WithheldProduct("north", "LAMP", "d1", "price_jump", 4)
    await book.withhold([held, WithheldProduct("north", "MUG", "d2", "mass_archive", 5)])
    later = WithheldProduct("north", "LAMP", "d3", "price_jump", 6)
    await book.withhold([later])
    assert await book.withheld("north", ["LAMP"]) == [later]
    await book.let_go("north", ["LAMP"])
    assert [one.key for one in await book.withheld("north")] == ["MUG"]
