"""What every product channel promises, shown on the Shopify stand-in as a process of its own."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from canonical.errors import ConflictError, RejectedError
from canonical.money import Money
from canonical.outcomes import Failed, Outcome, Settled
from canonical.product import Image, Metafield, PriceListPrice, ProductRef, ProductStatus, Translation
from connectors.shopify.products import ShopifyProducts, open_products
from tests.contract.channel.conftest import StandIn
from tests.contract.channel.products import OWNED, change, product, variant

pytestmark = pytest.mark.counterpart


@pytest.fixture
async def shop(stand_in: StandIn) -> AsyncIterator[ShopifyProducts]:
    opened = open_products(stand_in.shop, stand_in.settings())
    yield opened
    await opened.aclose()
    stand_in.ask("DELETE", "/faults")


@pytest.fixture
def key() -> str:
    """A product code that no other test uses."""
    return f"P{uuid.uuid4().hex[:8]}"


def ref_of(outcome: Outcome[ProductRef]) -> ProductRef:
    assert isinstance(outcome, Settled), outcome
    return outcome.value


def error_of(outcome: Outcome[ProductRef]) -> Any:
    assert isinstance(outcome, Failed), outcome
    return outcome.error


def count(stand_in: StandIn, title: str) -> int:
    """How many products of the shop have this title."""
    records = stand_in.ask("GET", f"/state/{stand_in.domain}/Product")["records"]
    return len([record for record in records if record["title"] == title])


async def test_a_product_is_made_and_read_back_as_it_was_given(shop: ShopifyProducts, key: str) -> None:
    wanted = product(key, product_type="Coats", description_html="<p>Warm.</p>", status=ProductStatus.DRAFT)
    (outcome,) = await shop.publish([change(wanted)])
    ref = ref_of(outcome)
    assert set(ref.variants) == set(ref.inventory_items) == {f"{key}-S", f"{key}-L"}
    found = (await shop.read_products([ref.product_id, "1"]))[ref.product_id]
    assert found.ref == ref
    for name in ("title", "vendor", "product_type", "description_html", "status", "options"):
        assert getattr(found.product, name) == getattr(wanted, name), name
    for given, kept in zip(wanted.variants, found.product.variants, strict=True):
        for name in ("sku", "options", "price", "weight", "customs_code", "origin_country", "tracked"):
            assert getattr(kept, name) == getattr(given, name), name


async def test_a_change_keeps_the_ids_and_what_it_does_not_own(shop: ShopifyProducts, key: str) -> None:
    ref = ref_of((await shop.publish([change(product(key, tags=("winter",)), OWNED | {"tags"})]))[0])
    dearer = product(key, [variant(f"{key}-S", "S", "21.00", barcode="4006381333931"), variant(f"{key}-L", "L")])
    known = {"product_id": ref.product_id, "variant_ids": ref.variants}
    again = ref_of((await shop.publish([change(dearer.model_copy(update={"title": "Parka II"}), **known)]))[0])
    assert again.variants == ref.variants
    kept = (await shop.read_products([ref.product_id]))[ref.product_id].product
    assert (kept.title, kept.tags) == ("Parka II", ("winter",))
    assert str(kept.variants[0].price) == "21.00 USD"
    assert kept.variants[0].barcode == "4006381333931"


async def test_variants_nobody_told_us_of_stay_and_ours_that_went_are_deleted(shop: ShopifyProducts, key: str) -> None:
    whole = product(key, [variant(f"{key}-{size}", size) for size in ("S", "M", "L")])
    ref = ref_of((await shop.publish([change(whole)]))[0])
    ours = {f"{key}-S": ref.variants[f"{key}-S"], f"{key}-M": ref.variants[f"{key}-M"]}
    without = product(key, [variant(f"{key}-S", "S"), variant(f"{key}-XL", "XL")])
    await shop.publish([change(without, product_id=ref.product_id, variant_ids=ours)])
    kept = (await shop.read_products([ref.product_id]))[ref.product_id].product
    assert {row.sku for row in kept.variants} == {f"{key}-S", f"{key}-XL", f"{key}-L"}
    assert {row.sku: row.id for row in kept.variants}[f"{key}-L"] == ref.variants[f"{key}-L"]


async def test_prices_alone_may_be_ours(shop: ShopifyProducts, key: str) -> None:
    ref = ref_of((await shop.publish([change(product(key))]))[0])
    priced = product(key, [variant(f"{key}-L", "L", "30.00")], title="not ours")
    await shop.publish([change(priced, {"variants.price"}, product_id=ref.product_id)])
    kept = (await shop.read_products([ref.product_id]))[ref.product_id].product
    assert kept.title == f"Parka {key}"
    assert {row.sku: str(row.price) for row in kept.variants} == {f"{key}-S": "20.00 USD", f"{key}-L": "30.00 USD"}


async def test_a_lost_reply_makes_no_second_product(stand_in: StandIn, shop: ShopifyProducts, key: str) -> None:
    stand_in.break_next("reset", "productSet")
    ref = ref_of((await shop.publish([change(product(key))]))[0])
    again = ref_of((await shop.publish([change(product(key))]))[0])
    assert again.product_id == ref.product_id
    assert count(stand_in, f"Parka {key}") == 1


async def test_our_key_is_defined_once_and_kept_unique(stand_in: StandIn, shop: ShopifyProducts, key: str) -> None:
    again = open_products(stand_in.shop, stand_in.settings())
    for number, channel in enumerate((shop, again)):
        ref_of((await channel.publish([change(product(f"{key}{number}"))]))[0])
        assert channel.notices == frozenset()
    await again.aclose()
    defined = stand_in.ask("GET", f"/state/{stand_in.domain}/MetafieldDefinition")["records"]
    assert [(one["namespace"], one["key"], one["type"]["name"]) for one in defined] == [
        ("crossdock", "source_key", "id")
    ]


async def test_one_bad_product_fails_alone_and_names_the_field(shop: ShopifyProducts, key: str) -> None:
    bad = product(f"{key}X", [variant(f"{key}X", None, "-1.00")])
    foreign = product(f"{key}Y", [variant(f"{key}Y").model_copy(update={"price": Money.of("9.00", "EUR")})])
    outcomes = await shop.publish([change(bad), change(product(key)), change(foreign)])
    assert isinstance(outcomes[1], Settled)
    refused, differs = error_of(outcomes[0]), error_of(outcomes[2])
    assert isinstance(refused, RejectedError)
    assert (refused.document, refused.field) == (f"{key}X", f"variants[{key}X].price")
    assert (differs.code, differs.field) == ("currency_differs", f"variants[{key}Y].price")


async def test_a_product_that_is_gone_is_told_as_such(stand_in: StandIn, shop: ShopifyProducts, key: str) -> None:
    (outcome,) = await shop.publish([change(product(key), product_id="999999999")])
    assert isinstance(error_of(outcome), ConflictError)
    assert error_of(outcome).code == "product_gone"
    assert count(stand_in, f"Parka {key}") == 0


async def test_pictures_metafields_and_sales_channels_follow(shop: ShopifyProducts, key: str) -> None:
    fields = {
        "images": (Image(url=f"https://pictures.example/{key}.png", alt="front"),),
        "metafields": (Metafield(namespace="care", key="wash", type="single_line_text_field", value="30"),),
        "publications": (),
    }
    owned = OWNED | set(fields)
    ref = ref_of((await shop.publish([change(product(key, **fields), owned)]))[0])
    fields["metafields"] = (Metafield(namespace="care", key="wash", type="single_line_text_field", value="40"),)
    await shop.publish([change(product(key, **fields), owned, product_id=ref.product_id, variant_ids=ref.variants)])
    kept = (await shop.read_products([ref.product_id]))[ref.product_id].product
    assert {one.value for one in kept.metafields if one.namespace == "care"} == {"40"}
    assert {one.value for one in kept.metafields if one.namespace == "crossdock"} == {key}
    assert kept.publications == ()


async def ready(shop: ShopifyProducts, product_id: str) -> None:
    """Wait until Shopify has worked on the pictures."""
    for _ in range(150):
        if (await shop.read_products([product_id]))[product_id].product.images:
            return
        await asyncio.sleep(0.2)
    raise TimeoutError("the pictures are still not there")


class Folder:
    """Pictures that lie in a folder nobody can fetch by http."""

    def __init__(self) -> None:
        self.read: list[str] = []

    async def picture(self, url: str) -> bytes:
        self.read.append(url)
        return b"\x89PNG picture"


async def test_a_picture_that_shopify_cannot_fetch_is_sent_once(stand_in: StandIn, key: str) -> None:
    folder = Folder()
    shop = open_products(stand_in.shop, stand_in.settings(), pictures=folder)
    image = Image(url=f"sftp://pim.example/{key}.png", alt="front")
    wanted = product(key, images=(image,))
    ref = ref_of((await shop.publish([change(wanted, OWNED | {"images"})]))[0])
    media = stand_in.record("Product", f"gid://shopify/Product/{ref.product_id}")["media"]
    assert stand_in.record("MediaImage", media[0]["id"])["alt"] == "front"
    await ready(shop, ref.product_id)
    await shop.publish([change(wanted, OWNED | {"images"}, product_id=ref.product_id, variant_ids=ref.variants)])
    assert stand_in.record("Product", f"gid://shopify/Product/{ref.product_id}")["media"] == media
    assert folder.read == [image.url]
    await shop.aclose()


async def test_a_sales_channel_or_collection_nobody_knows_is_named(shop: ShopifyProducts, key: str) -> None:
    for field in ("publications", "collections"):
        wanted = product(f"{key}{field}", **{field: ("nowhere",)})
        error = error_of((await shop.publish([change(wanted, OWNED | {field})]))[0])
        assert (error.code, error.field) == ("unknown_reference", field)


async def test_a_product_of_many_variants_is_written_and_read_whole(shop: ShopifyProducts, key: str) -> None:
    chosen = [{"Size": str(size), "Colour": colour} for size in range(26) for colour in "ABCDEFGHIJ"]
    rows = [variant(f"{key}-{n}").model_copy(update={"options": options}) for n, options in enumerate(chosen)]
    ref = ref_of((await shop.publish([change(product(key, rows))]))[0])
    assert len(ref.variants) == 260
    kept = (await shop.read_products([ref.product_id]))[ref.product_id].product
    assert [row.sku for row in kept.variants] == [row.sku for row in rows]


async def test_many_products_are_written_by_one_bulk_operation(
    stand_in: StandIn, shop: ShopifyProducts, key: str
) -> None:
    before = stand_in.calls("productSet")
    wanted = [product(f"{key}{number}") for number in range(30)]
    wanted[7] = product(f"{key}7", [variant(f"{key}7", None, "-1.00")])
    outcomes = await shop.publish_many([change(one) for one in wanted])
    assert [place for place, outcome in enumerate(outcomes) if isinstance(outcome, Failed)] == [7]
    assert error_of(outcomes[7]).field == f"variants[{key}7].price"
    refs = [ref_of(outcome) for place, outcome in enumerate(outcomes) if place != 7]
    assert [set(ref.variants) for ref in refs[:2]] == [{f"{key}{n}-S", f"{key}{n}-L"} for n in range(2)]
    again = await shop.publish_many([change(one) for one in wanted[:3]])
    assert [ref_of(outcome).product_id for outcome in again] == [ref.product_id for ref in refs[:3]]
    assert stand_in.calls("productSet") == before


async def test_what_follows_many_products_is_done_in_bulk_too(
    stand_in: StandIn, shop: ShopifyProducts, key: str
) -> None:
    (channel, *_) = stand_in.ask("GET", f"/state/{stand_in.domain}/Publication")["records"]
    wanted = [product(f"{key}{number}", publications=(channel["name"],)) for number in range(60)]
    before = stand_in.calls("publishablePublish")
    outcomes = await shop.publish_many([change(one, OWNED | {"publications"}) for one in wanted])
    refs = [ref_of(outcome) for outcome in outcomes]
    assert stand_in.calls("publishablePublish") == before
    kept = await shop.read_products([ref.product_id for ref in refs])
    assert {one.product.publications for one in kept.values()} == {(channel["name"],)}


async def test_prices_of_a_list_and_translations_follow(stand_in: StandIn, shop: ShopifyProducts, key: str) -> None:
    stand_in.graphql('mutation { shopLocaleEnable(locale: "fr") { userErrors { message } } }')
    parent = {"adjustment": {"type": "PERCENTAGE_DECREASE", "value": 0}, "settings": {"compareAtMode": "ADJUSTED"}}
    dealers = {"name": f"Dealers {key}", "currency": "EUR", "parent": parent}
    stand_in.ask("POST", f"/state/{stand_in.domain}/PriceList", json=dealers)
    listed = PriceListPrice(price_list=dealers["name"], price=Money.of("15.50", "EUR"))
    texts = (Translation(locale="fr", field="title", value="Doudoune"),)
    wanted = product(key, [variant(key, prices=(listed,))], translations=texts)
    outcome = (await shop.publish([change(wanted, OWNED | {"variants.prices", "translations"})]))[0]
    variant_id = ref_of(outcome).variants[key]
    shown = stand_in.graphql(
        'query Q($product: ID!, $variant: ID!) { product(id: $product) { translations(locale: "fr") { value } } '
        "priceLists(first: 50) { nodes { name prices(first: 50, originType: FIXED) { nodes { price { amount } "
        "variant { id } } } } } productVariant(id: $variant) { id } }",
        product=f"gid://shopify/Product/{ref_of(outcome).product_id}",
        variant=f"gid://shopify/ProductVariant/{variant_id}",
    )
    assert shown["product"]["translations"] == [{"value": "Doudoune"}]
    (prices,) = [node["prices"]["nodes"] for node in shown["priceLists"]["nodes"] if node["name"] == dealers["name"]]
    assert [row["price"]["amount"] for row in prices] == ["15.5"]
    dollars = wanted.model_copy(update={"variants": (variant(key, prices=(in_dollars(listed),)),)})
    error = error_of((await shop.publish([change(dollars, OWNED | {"variants.prices"})]))[0])
    assert (error.code, error.field) == ("currency_differs", "variants.prices")


def in_dollars(price: PriceListPrice) -> PriceListPrice:
    return price.model_copy(update={"price": Money.of("15.50", "USD")})


async def test_variants_are_matched_by_sku_and_barcode_case_kept(shop: ShopifyProducts, key: str) -> None:
    code = str(uuid.uuid4().int)[:12]
    wanted = product(key, [variant(f"{key}-S", "S", barcode=code), variant(f"{key}-L", "L")])
    ref = ref_of((await shop.publish([change(wanted)]))[0])
    found = await shop.match([f"{key}-S", f"{key}-s", "none"], [code, "0000"])
    place = ((ref.product_id, ref.variants[f"{key}-S"]),)
    assert found.by_sku == {f"{key}-S": place}
    assert found.by_barcode == {code: place}


async def test_a_snapshot_tells_every_product_as_reading_does(
    stand_in: StandIn, shop: ShopifyProducts, key: str
) -> None:
    ref = ref_of((await shop.publish([change(product(key))]))[0])
    found = {one.ref.product_id: one async for one in shop.snapshot()}
    assert len(found) == len(stand_in.ask("GET", f"/state/{stand_in.domain}/Product")["records"])
    read = (await shop.read_products([ref.product_id]))[ref.product_id]
    assert found[ref.product_id].ref == read.ref
    assert found[ref.product_id].product == read.product.model_copy(update={"publications": ()})


async def test_a_shop_that_is_well_says_so(shop: ShopifyProducts) -> None:
    await shop.check()
