"""A dry run shows field by field what would change, and writes nothing anywhere."""

from canonical.product import ProductStatus
from flows.handling.products.arrivals import PRODUCTS, publish_kind
from flows.handling.products.comparing import FieldChange, trial
from tests.fakes.products import made
from tests.flows.products.conftest import ProductHouse


async def test_a_dry_run_names_every_field_that_would_change_and_writes_nothing(goods: ProductHouse) -> None:
    goods.sell(made("LAMP", "LAMP-S", "LAMP-M"), made("MUG"), made("OLD"))
    await goods.run()
    writes, effects = list(goods.shop.writes), goods.effects()
    rows = goods.sql("SELECT count(*) FROM inbox") + goods.sql("SELECT count(*) FROM audit")
    goods.sell(
        made("LAMP", "LAMP-S", "LAMP-L", title="Bright lamp", price="12.00"),
        made("NEW"),
        made("OLD", price="0.00"),
        made("NEVER", status=ProductStatus.ARCHIVED),
    )
    found = {one.product: one for one in await trial(goods.rt, ["north"])}
    assert {key: one.verdict for key, one in found.items()} == {
        "LAMP": "would be changed",
        "MUG": "unchanged",
        "NEVER": "not for sale",
        "NEW": "would be made",
        "OLD": "would be changed",
    }
    assert found["LAMP"].changes == (
        FieldChange("north", "LAMP", "options", "Size: LAMP-S, LAMP-M", "Size: LAMP-S, LAMP-L"),
        FieldChange("north", "LAMP", "title", "Lamp", "Bright lamp"),
        FieldChange("north", "LAMP", "variants[LAMP-S].price", "10.00 USD", "12.00 USD"),
        FieldChange("north", "LAMP", "variants[LAMP-L]", "", "LAMP-L 12.00 USD"),
    )
    assert (goods.shop.writes, goods.effects()) == (writes, effects)
    assert goods.sql("SELECT count(*) FROM inbox") + goods.sql("SELECT count(*) FROM audit") == rows
    assert await goods.store.pending(PRODUCTS) == await goods.store.pending(publish_kind("north")) == 0
    assert (await goods.book.sources(["LAMP"]))[0].product.title == "Lamp"


async def test_a_dry_run_shows_what_somebody_changed_in_the_shop(goods: ProductHouse) -> None:
    goods.sell(made("LAMP"))
    await goods.run()
    product_id = goods.shop.own["LAMP"]
    goods.shop.products[product_id] = goods.shop.products[product_id].model_copy(update={"title": "Sale!"})
    (one,) = await trial(goods.rt, ["north"], ["LAMP"])
    assert one.verdict == "unchanged"
    assert one.reasons == ("nothing new from the sources; the shop was changed by somebody else",)
    assert one.changes == (FieldChange("north", "LAMP", "title", "Sale!", "Lamp"),)


async def test_a_dry_run_says_why_a_product_would_be_stopped(goods: ProductHouse) -> None:
    goods.shop.add(made("a", "LAMP"))
    goods.shop.add(made("b", "LAMP"))
    goods.sell(made("LAMP"), made("TEE", unit="pallet"))
    found = {one.product: one for one in await trial(goods.rt, ["north"])}
    assert {one.verdict for one in found.values()} == {"would be stopped"}
    assert "nobody can tell which product of the shop it is" in found["LAMP"].reasons[0]
    assert "unit_unmapped" in found["TEE"].reasons[0]
