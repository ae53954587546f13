"""Product sync with fakes and a real store: once, by owner, matched, kept apart, settled whatever dies."""

from dataclasses import replace

from canonical.errors import RejectedError
from canonical.product import ProductStatus, Variant
from canonical.product_fields import FieldOwnership
from flows.handling.products import planning, publishing, work
from flows.handling.products.arrivals import PRODUCTS
from flows.handling.products.papers import ProductBatch
from flows.runtime import Runtime
from tests.fakes.products import made
from tests.flows.products.conftest import ProductHouse


async def test_what_owners_say_is_published_once_and_nothing_new_costs_no_call(goods: ProductHouse) -> None:
    goods.sell(made("LAMP", "LAMP-S", "LAMP-L"), made("MUG"))
    goods.pim.set(made("LAMP", "LAMP-S", description_html="<p>Bright.</p>", title="Not the PIM's to say"))
    tally = await goods.run(("north", "south"))
    assert tally.counts["published"] == 4
    lamp = goods.shop.products[goods.shop.own["LAMP"]]
    assert (lamp.title, lamp.description_html) == ("Lamp", "<p>Bright.</p>")
    calls = len(goods.shop.calls)
    again = await goods.run(("north", "south"))
    assert not again.counts
    assert len(goods.shop.calls) == calls
    named = await goods.by_name("LAMP", "MUG")
    assert named.counts["unchanged"] == 2
    assert len(goods.shop.calls) == calls
    assert goods.effects() == {"settled": 4}


async def test_a_change_and_the_way_back_are_publications_of_their_own(goods: ProductHouse) -> None:
    for price in ("10.00", "11.00", "10.00", "11.00"):
        goods.sell(made("LAMP", price=price))
        await goods.run()
        shown = goods.shop.products[goods.shop.own["LAMP"]].variants[0].price
        assert shown is not None
        assert str(shown.amount) == price
    assert goods.shop.writes == ["LAMP"] * 4
    assert goods.effects() == {"settled": 4}


async def test_a_message_that_comes_late_or_twice_changes_nothing(goods: ProductHouse) -> None:
    old = goods.erp.set(made("LAMP", title="Old"))
    goods.sell(made("LAMP", title="New"))
    await goods.run()
    goods.erp.records["LAMP"] = old
    goods.erp.dirty.append("LAMP")
    tally = await goods.run()
    assert tally.counts["source known"] == 1
    assert goods.shop.products[goods.shop.own["LAMP"]].title == "New"


async def test_a_product_of_the_shop_is_found_by_sku_then_by_barcode_and_never_doubled(goods: ProductHouse) -> None:
    by_sku = goods.shop.add(made("old lamp", "LAMP", vendor="Theirs"))
    by_barcode = goods.shop.add(made("old mug", "their-mug", barcode="4006381333931"))
    goods.sell(made("LAMP"), made("MUG", barcode="4006381333931"), made("TEE"))
    await goods.run()
    assert goods.shop.own == {"LAMP": by_sku, "MUG": by_barcode, "TEE": goods.shop.own["TEE"]}
    assert len(goods.shop.products) == 3
    assert goods.shop.products[by_sku].vendor == "Theirs"  # not ours, left alone
    reference = await goods.store.reference("north", "product", "erp", "LAMP")
    assert reference is not None
    assert reference.right_id == by_sku


async def test_several_candidates_are_held_by_name_and_go_on_once_repaired(goods: ProductHouse) -> None:
    first, second = goods.shop.add(made("a", "LAMP")), goods.shop.add(made("b", "LAMP"))
    goods.sell(made("LAMP"))
    tally = await goods.run()
    (case,) = await goods.cases()
    assert tally.counts["held"] == 1
    assert case.reason_code == "product_ambiguous"
    assert f"products {first}, {second}" in case.words
    assert goods.shop.writes == []
    del goods.shop.products[second]
    await goods.by_name("LAMP")
    assert goods.shop.own == {"LAMP": first}
    assert await goods.cases() == []
    assert goods.sql("SELECT count(*) FROM inbox WHERE state IN ('held', 'quarantined')") == [(0,)]


async def test_two_of_ours_that_claim_one_of_the_shop_are_both_held(goods: ProductHouse) -> None:
    goods.shop.add(made("theirs", "A", "B"))
    goods.sell(made("A"), made("B"))
    await goods.run()
    assert await goods.reasons() == {"product A": "product_claimed", "product B": "product_claimed"}
    assert goods.shop.writes == []


async def test_one_refused_product_fails_alone_and_is_published_once_repaired(goods: ProductHouse) -> None:
    goods.shop.refuse = {"P7"}
    goods.sell(*(made(f"P{n}") for n in range(20)))
    tally = await goods.run()
    assert (tally.counts["published"], tally.counts["quarantined"]) == (19, 1)
    assert await goods.reasons() == {"product P7": "shop_refused"}
    goods.shop.refuse.clear()
    goods.sell(made("P7", title="Repaired"))
    await goods.run()
    assert len(goods.shop.products) == 20
    assert await goods.cases() == []
    assert goods.effects() == {"settled": 20, "failed": 1}


async def test_many_go_in_bulk_after_one_look_at_the_whole_shop(goods: ProductHouse) -> None:
    goods.shop.add(made("theirs", "P3"))
    goods.sell(*(made(f"P{n}") for n in range(150)))
    tally = await goods.run()
    assert tally.counts["published"] == 150
    assert goods.shop.calls == ["snapshot", "bulk"]
    assert len(goods.shop.products) == 150


async def test_a_lost_reply_makes_no_second_product(goods: ProductHouse) -> None:
    goods.sell(made("LAMP"), made("MUG"))
    goods.shop.lose_replies = 1
    tally = await goods.run()
    assert (tally.counts["published"], tally.counts["waiting"]) == (1, 1)
    assert goods.effects() == {"sent": 1, "settled": 1}
    goods.no_pauses()
    await goods.run()
    assert len(goods.shop.products) == 2
    assert goods.effects() == {"settled": 2}


async def test_a_worker_that_dies_after_writing_leaves_neither_gap_nor_double(goods: ProductHouse) -> None:
    goods.sell(*(made(f"P{n}") for n in range(8)))

    class Dying:
        take_in, plan = staticmethod(work.take_in), staticmethod(work.plan)

        @staticmethod
        async def publish(rt: Runtime, batch: ProductBatch) -> int:
            await publishing.publish(rt, batch)  # written and remembered, never recorded
            raise RuntimeError("the power went")

    try:
        await goods.run(steps=Dying())
    except* RuntimeError:
        pass
    assert goods.effects() == {"sent": 8}
    goods.no_pauses()
    tally = await goods.drain()
    assert tally.counts["unchanged"] == 8
    assert goods.effects() == {"settled": 8}
    assert goods.shop.writes == [f"P{n}" for n in range(8)]


async def test_while_the_shop_is_away_its_catalogue_waits_and_the_other_shop_goes_on(goods: ProductHouse) -> None:
    goods.sell(made("LAMP"))
    goods.shops["south"].down = True
    tally = await goods.run(("north", "south"))
    assert tally.counts["published"] == 1
    assert any("catalogue of south parked" in note for note in tally.notes)
    assert goods.sql("SELECT attempts FROM inbox WHERE kind = 'products.south'") == [(0,)]
    goods.shops["south"].down = False
    goods.no_pauses()
    await goods.run(("north", "south"))
    assert len(goods.shops["south"].products) == 1


async def test_a_source_that_went_out_of_sale_archives_and_one_never_shown_is_not_made(goods: ProductHouse) -> None:
    goods.sell(made("LAMP"), made("GONE", status=ProductStatus.ARCHIVED))
    tally = await goods.run()
    assert tally.counts["not for sale"] == 1
    goods.sell(made("LAMP", status=ProductStatus.ARCHIVED))
    await goods.run()
    assert [p.status for p in goods.shop.products.values()] == [ProductStatus.ARCHIVED]


async def test_a_deleted_product_is_held_and_made_anew_only_when_asked_by_name(goods: ProductHouse) -> None:
    goods.sell(made("LAMP"))
    await goods.run()
    goods.shop.products.clear()
    goods.shop.own.clear()
    goods.sell(made("LAMP", title="Lamp 2"))
    await goods.run()
    assert await goods.reasons() == {"product LAMP": "product_gone"}
    await goods.by_name("LAMP")
    assert [p.title for p in goods.shop.products.values()] == ["Lamp 2"]
    assert await goods.cases() == []


async def test_a_unit_is_converted_exactly_or_the_product_waits_for_the_mapping(goods: ProductHouse) -> None:
    goods.sell(
        made("MUG", unit="dozen", price="30.00"), made("CUP", unit="dozen", price="10.00"), made("TEE", unit="pallet")
    )
    await goods.run()
    shown = goods.shop.products[goods.shop.own["MUG"]].variants[0].price
    assert str(shown) == "2.50 USD"
    assert await goods.reasons() == {"product CUP": "unit_remainder", "product TEE": "unit_unmapped"}


async def test_rows_a_source_cannot_read_are_cases_by_place_until_the_place_is_read_without_fault(
    goods: ProductHouse,
) -> None:
    bad = RejectedError(
        "line 7: price is no number", code="feed_row", document="goods.csv", field="price", way_out="Fix it."
    )
    goods.pim.faults = [bad]
    await goods.run()
    (case,) = await goods.store.cases(scope="*")
    assert (case.document, case.words, case.way_out) == (
        "pim goods.csv",
        "goods.csv, line 7: price is no number",
        "Fix it.",
    )
    goods.pim.faults = []
    goods.pim.read = frozenset({"other.csv"})
    await goods.run()
    assert len(await goods.store.cases(scope="*")) == 1
    goods.pim.read = frozenset({"goods.csv"})
    await goods.run()
    assert await goods.store.cases(scope="*") == []


async def test_items_without_an_owner_of_their_variants_wait_and_are_no_error(goods: ProductHouse) -> None:
    goods.pim.set(made("LAMP", description_html="<p>Early.</p>"))
    tally = await goods.run()
    assert tally.counts["source waits"] == 1
    assert goods.shop.calls == []
    assert await goods.cases() == []
    goods.sell(made("LAMP"))
    await goods.run()
    assert goods.shop.products[goods.shop.own["LAMP"]].description_html == "<p>Early.</p>"


async def test_two_workers_never_publish_one_product(goods: ProductHouse) -> None:
    import asyncio

    goods.sell(*(made(f"P{n}") for n in range(40)))
    goods.rt = replace(goods.rt, settings=goods.rt.settings.model_copy(update={"product_wave": 5}))
    await goods.run(())
    await asyncio.gather(goods.drain(), goods.drain(), goods.drain())
    assert sorted(goods.shop.writes) == sorted(f"P{n}" for n in range(40))


async def test_variants_that_disappear_and_come_keep_their_ids(goods: ProductHouse) -> None:
    goods.sell(made("TEE", "TEE-S", "TEE-M"))
    await goods.run()
    goods.sell(made("TEE", "TEE-S", "TEE-M", "TEE-L"))
    seen: list[dict[str, str]] = []
    goods.shop.before_write = lambda change: seen.append(dict(change.variant_ids))
    await goods.run()
    assert seen == [{"TEE-S": "1-0", "TEE-M": "1-1"}]


async def test_planning_a_trial_writes_nothing(goods: ProductHouse) -> None:
    record = goods.erp.set(made("LAMP"))
    batch = ProductBatch("trial", "north", keys=["LAMP"])
    assert await planning.plan(goods.rt, batch, [record]) == 1
    assert await goods.book.sources() == []
    assert goods.effects() == {}
    assert await goods.store.pending(PRODUCTS) == 0
    assert batch.papers[0].taken.variants[0] == Variant(id="LAMP", sku="LAMP", price=record.product.variants[0].price)


async def test_a_product_asked_by_name_is_read_with_the_items_it_is_made_of(goods: ProductHouse) -> None:
    """An ERP without templates knows only items; the PIM says which belong together."""
    fields = (FieldOwnership(owner="pim", fields=("variants", "variants.options", "options", "title")),)
    object.__setattr__(goods.rt, "landscape", goods.rt.landscape.model_copy(update={"fields": fields}))
    for sku in ("TEE-S", "TEE-M"):
        goods.sell(made(sku, price="21.00"))
    given = frozenset({"title", "variants", "variants.options", "options"})
    tee = made("TEE", "TEE-S", "TEE-M", title="Tee")
    bare = tuple(variant.model_copy(update={"price": None}) for variant in tee.variants)
    goods.pim.set(tee.model_copy(update={"variants": bare}), given)
    tally = await goods.by_name("TEE")
    assert tally.counts["published"] == 1
    (shown,) = goods.shop.products.values()
    assert (shown.title, [str(v.price) for v in shown.variants]) == ("Tee", ["21.00 USD", "21.00 USD"])
