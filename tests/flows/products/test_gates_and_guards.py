"""Each gate with one bad product among 100, and what waits for an approval: held in words, everything else goes on."""

from typing import Any

import pytest

from canonical.approvals import ApprovalState
from canonical.landscape import ProductPolicy
from canonical.product import Image, Option, Product, ProductStatus
from tests.fakes.products import GIVEN, made
from tests.flows.products.conftest import ProductHouse

MANY = 100


def among(bad: Product) -> list[Product]:
    """99 good products and a bad one."""
    return [*(made(f"P{n}") for n in range(MANY - 1)), bad]


def twice(product: Product) -> Product:
    """Its first variant twice."""
    return product.model_copy(update={"variants": product.variants[:1] * 2})


def unoptioned() -> Product:
    """Two variants, one of them without the option."""
    tee = made("BAD", "BAD-S", "BAD-M")
    return tee.model_copy(update={"variants": (tee.variants[0], tee.variants[1].model_copy(update={"options": {}}))})


def four_options() -> Product:
    options = tuple(Option(name=f"O{n}", values=("a",)) for n in range(4))
    bad = made("BAD")
    chosen = bad.variants[0].model_copy(update={"options": {option.name: "a" for option in options}})
    return bad.model_copy(update={"options": options, "variants": (chosen,)})


RECEIVED = [("sku_doubled", twice(made("BAD")), "BAD"), ("price_negative", made("BAD", price="-1.00"), "BAD")]
PUBLISHED: list[tuple[str, Product, str]] = [
    ("attribute_missing", made("BAD"), "vendor"),
    ("title_too_long", made("BAD", title="x" * 300, vendor="Acme"), "255"),
    ("variants_missing", made("BAD", vendor="Acme").model_copy(update={"variants": ()}), "no variant"),
    ("options_over_limit", four_options(), "3 options"),
    ("options_inconsistent", unoptioned(), "BAD-M has no Size"),
    ("price_unusable", made("BAD", price="0.00"), "BAD costs 0.00 USD"),
    ("price_unusable", made("BAD", currency="EUR"), "the shop sells in USD"),
    ("picture_unreachable", made("BAD", images=(Image(url="https://img.example/dead.png"),)), "answers 404"),
]


@pytest.mark.parametrize(("code", "bad", "words"), RECEIVED, ids=[row[0] for row in RECEIVED])
async def test_one_bad_record_among_a_hundred_is_quarantined_alone(
    goods: ProductHouse, code: str, bad: Product, words: str
) -> None:
    goods.sell(*among(bad))
    tally = await goods.run()
    assert (tally.counts["published"], tally.counts["source quarantined"]) == (MANY - 1, 1)
    (case,) = await goods.cases()
    assert (case.reason_code, case.document) == (code, "product BAD of erp")
    assert words in case.words
    goods.sell(made("BAD"))
    await goods.run()
    assert await goods.cases() == []
    assert len(goods.shop.products) == MANY


@pytest.mark.parametrize(("code", "bad", "words"), PUBLISHED, ids=[f"{n}-{r[0]}" for n, r in enumerate(PUBLISHED)])
async def test_one_bad_product_among_a_hundred_is_quarantined_alone(
    goods: ProductHouse, code: str, bad: Product, words: str
) -> None:
    if code == "attribute_missing":
        require(goods, "vendor")
    goods.erp.given = GIVEN | {"vendor"}
    goods.sell(*(p.model_copy(update={"vendor": "Acme"}) for p in among(bad)[:-1]), bad)
    tally = await goods.run()
    assert (tally.counts["published"], tally.counts["quarantined"]) == (MANY - 1, 1)
    (case,) = await goods.cases()
    assert (case.reason_code, case.document) == (code, "product BAD")
    assert words in case.words
    assert case.way_out
    goods.sell(made("BAD", vendor="Acme"))
    await goods.run()
    assert await goods.cases() == []
    assert len(goods.shop.products) == MANY


def require(goods: ProductHouse, *fields: str) -> None:
    """The shop requires these."""
    landscape: Any = goods.rt.landscape
    shops = tuple(
        s.model_copy(update={"products": ProductPolicy(required=("title", *fields))}) for s in landscape.shops
    )
    object.__setattr__(goods.rt, "landscape", landscape.model_copy(update={"shops": shops}))


async def test_a_sku_belongs_to_the_product_that_shows_it_already(goods: ProductHouse) -> None:
    goods.sell(*(made(f"P{n}") for n in range(MANY - 1)))
    await goods.run()
    goods.sell(made("BAD", "P7"))
    await goods.run()
    (case,) = await goods.cases()
    assert case.reason_code == "sku_not_unique"
    assert "P7 also in P7" in case.words
    goods.sell(made("P7", price="11.00"))
    tally = await goods.run()
    assert tally.counts["published"] == 1


async def test_a_draft_stays_one_while_something_is_missing_and_says_so(goods: ProductHouse) -> None:
    landscape: Any = goods.rt.landscape
    policy = ProductPolicy(active_with=("vendor",))
    shops = tuple(s.model_copy(update={"products": policy}) for s in landscape.shops)
    object.__setattr__(goods.rt, "landscape", landscape.model_copy(update={"shops": shops}))
    goods.sell(made("LAMP"))
    tally = await goods.run()
    assert [p.status for p in goods.shop.products.values()] == [ProductStatus.DRAFT]
    assert "a draft while vendor is missing" in str(tally.rows[0]["reasons"])


async def test_a_price_jump_waits_for_an_approval_of_exactly_that_price(goods: ProductHouse) -> None:
    goods.sell(*(made(f"P{n}") for n in range(MANY)))
    await goods.run()
    goods.sell(made("P7", price="99.00"), *(made(f"P{n}", price="10.50") for n in range(MANY) if n != 7))
    tally = await goods.run()
    assert (tally.counts["published"], tally.counts["withheld"]) == (MANY - 1, 1)
    (case,) = await goods.cases()
    assert case.reason_code == "price_jump"
    assert "from 10.00 to 99.00 (+890.0 %, the band is 30 %) (waits for approval" in case.words
    assert not (await goods.by_name("P7")).counts["published"], "asking by name is no approval"
    (asked,) = await goods.approvals.approvals(scope="north", state=ApprovalState.PENDING)
    await goods.approvals.decide(asked.id, await goods.token("ann", "catalogue_approver"), approve=True)
    await goods.run()
    assert str(goods.shop.products[goods.shop.own["P7"]].variants[0].price) == "99.00 USD"
    assert await goods.cases() == []
    assert await goods.book.withheld("north") == []
    done = await goods.approvals.approval(asked.id)
    assert done is not None
    assert done.finished_at is not None
    assert not (await goods.run()).counts


async def test_another_price_than_the_approved_one_is_guarded_anew(goods: ProductHouse) -> None:
    goods.sell(made("LAMP"))
    await goods.run()
    goods.sell(made("LAMP", price="50.00"))
    await goods.run()
    (asked,) = await goods.approvals.approvals(scope="north", state=ApprovalState.PENDING)
    await goods.approvals.decide(asked.id, await goods.token("ann", "catalogue_approver"), approve=True)
    goods.sell(made("LAMP", price="80.00"))
    tally = await goods.run()
    assert tally.counts["withheld"] == 1
    assert goods.shop.writes in (["LAMP"], ["LAMP"] * 2), "at most the price that was approved"
    assert str(goods.shop.products[goods.shop.own["LAMP"]].variants[0].price) != "80.00 USD"


async def test_a_refused_price_stays_withheld_and_says_who_refused_it(goods: ProductHouse) -> None:
    goods.sell(made("LAMP"))
    await goods.run()
    goods.sell(made("LAMP", price="50.00"))
    await goods.run()
    (asked,) = await goods.approvals.approvals(scope="north", state=ApprovalState.PENDING)
    token = await goods.token("ann", "catalogue_approver")
    await goods.approvals.decide(asked.id, token, approve=False, note="a typing error")
    await goods.run()
    (case,) = await goods.cases()
    assert case.words.endswith(f"(approval {asked.id}: ann rejected it: a typing error)")
    goods.sell(made("LAMP", price="12.00"))
    await goods.run()
    assert await goods.cases() == []
    assert goods.shop.writes == ["LAMP", "LAMP"]


async def test_mass_archiving_stops_whole_and_goes_on_once_approved(goods: ProductHouse) -> None:
    goods.sell(*(made(f"P{n}") for n in range(MANY)))
    await goods.run()
    gone = [f"P{n}" for n in range(30)]
    goods.sell(*(made(key, status=ProductStatus.ARCHIVED) for key in gone), made("P50", title="Changed"))
    tally = await goods.run()
    assert (tally.counts["withheld"], tally.counts["published"]) == (30, 1)
    assert set((await goods.reasons()).values()) == {"mass_archive"}
    (asked,) = await goods.approvals.approvals(scope="north", state=ApprovalState.PENDING)
    assert "30 of 100 active products of north would be archived (30.0 %" in asked.request.words
    goods.sell(*(made(f"P{n}", status=ProductStatus.ARCHIVED) for n in range(30, 40)))
    await goods.run()
    (asked,) = await goods.approvals.approvals(scope="north", state=ApprovalState.PENDING)
    assert "40 of 100 active products" in asked.request.words, "what waits already counts"
    await goods.approvals.decide(asked.id, await goods.token("ann", "catalogue_approver"), approve=True)
    await goods.run()
    counts = await goods.book.status_counts("north")
    assert counts == {"active": 60, "archived": 40}
    assert await goods.cases() == []


async def test_archiving_in_small_batches_is_seen_over_the_window(goods: ProductHouse) -> None:
    goods.sell(*(made(f"P{n}") for n in range(MANY)))
    await goods.run()
    withheld = 0
    for start in range(0, 16, 4):
        goods.sell(*(made(f"P{n}", status=ProductStatus.ARCHIVED) for n in range(start, start + 4)))
        withheld += (await goods.run()).counts["withheld"]
    assert withheld > 0
    assert (await goods.book.status_counts("north"))["archived"] <= 10
