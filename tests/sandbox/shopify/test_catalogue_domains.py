"""What stands around products: collections, sales channels, files, price lists and translations."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.shopify.asking import NORTH, Shop
from tests.sandbox.shopify.product_asking import big_shop, heard, put, sized

PUBLISH = """mutation P($id: ID!, $input: [PublicationInput!]!) {
  publishablePublish(id: $id, input: $input) {
    publishable { resourcePublicationsCount { count } } shop { id } userErrors { field message }
  }
}"""
FILES = """mutation F($files: [FileCreateInput!]!) {
  fileCreate(files: $files) { files { __typename id fileStatus alt } userErrors { field message code } }
}"""
REGISTER = """mutation T($id: ID!, $rows: [TranslationInput!]!) {
  translationsRegister(resourceId: $id, translations: $rows) {
    translations { key locale value outdated } userErrors { field message code }
  }
}"""
LIST = """mutation L($input: PriceListCreateInput!) {
  priceListCreate(input: $input) { priceList { id } userErrors { field message code } }
}"""
FIX = """mutation P($id: ID!, $prices: [PriceListPriceInput!]!) {
  priceListFixedPricesAdd(priceListId: $id, prices: $prices) {
    prices { price { amount } originType variant { sku } } userErrors { field message code }
  }
}"""


@pytest.fixture
def shop() -> Shop:
    return big_shop()


def test_a_collection_gathers_products_at_once_or_in_a_job(shop: Shop) -> None:
    first, second = put(shop, sized("S"))["id"], put(shop, {"title": "Umbrella"})["id"]
    read = "query($id: ID!) { collection(id: $id) { productsCount { count } products(first: 5) { nodes { id } } } }"
    make = "mutation($input: CollectionInput!) { collectionCreate(input: $input) { collection { id handle } } }"
    made = shop.ask(make, input={"title": "Rain wear", "products": [first]})["collection"]
    later = """mutation($id: ID!, $ids: [ID!]!) {
      collectionAddProductsV2(id: $id, productIds: $ids) { job { done } userErrors { field } } }"""

    job = shop.ask(later, id=made["id"], ids=[second])["job"]
    before = shop.ask(read, id=made["id"])
    shop.later(seconds=2)
    search = "query($q: String!) { products(first: 5, query: $q) { nodes { id } } }"
    searched = shop.ask(search, q=f"collection_id:{made['id'].rsplit('/', 1)[-1]} published_status:unpublished")[
        "nodes"
    ]
    after = shop.ask(read, id=made["id"])
    found = shop.ask('{ collectionByIdentifier(identifier: {handle: "rain-wear"}) { id } }')
    shop.ask("mutation($id: ID!) { collectionDelete(input: {id: $id}) { deletedCollectionId } }", id=made["id"])

    assert (made["handle"], found, job) == ("rain-wear", {"id": made["id"]}, {"done": False})
    assert before["products"]["nodes"] == [{"id": first}]
    assert after == {"productsCount": {"count": 2}, "products": {"nodes": [{"id": first}, {"id": second}]}}
    assert [one["id"] for one in searched] == [first, second]
    assert shop.record(first)["collections"] == []


def test_a_product_is_published_once_a_channel_and_can_be_withdrawn(shop: Shop) -> None:
    product = put(shop, sized("S"))
    online = shop.ask("{ publications(first: 5) { nodes { id } } }")["nodes"][0]["id"]
    read = """query($id: ID!, $on: ID!) { product(id: $id) {
      publishedOnPublication(publicationId: $on) unpublishedPublications(first: 5) { nodes { id } }
      resourcePublicationsV2(first: 5, onlyPublished: false) { nodes { isPublished publication { id } } } } }"""

    soon = shop.ask(PUBLISH, id=product["id"], input=[{"publicationId": online, "publishDate": "2026-10-06T00:00:00Z"}])
    waiting = shop.ask(read, id=product["id"], on=online)
    shop.ask(PUBLISH, id=product["id"], input=[{"publicationId": online}])
    news = len(shop.changes)
    shop.ask(PUBLISH, id=product["id"], input=[{"publicationId": online}])
    withdraw = PUBLISH.replace("publishablePublish", "publishableUnpublish")
    live = shop.ask(read, id=product["id"], on=online)
    shop.ask(withdraw, id=product["id"], input=[{"publicationId": online}])

    assert soon["userErrors"] == []
    assert waiting["publishedOnPublication"] is False
    assert waiting["resourcePublicationsV2"]["nodes"] == [{"isPublished": False, "publication": {"id": online}}]
    assert (live["publishedOnPublication"], live["unpublishedPublications"]["nodes"]) == (True, [])
    assert len(shop.changes) == news + 1
    assert shop.ask(read, id=product["id"], on=online)["resourcePublicationsV2"]["nodes"] == []


def test_the_seeded_products_are_on_every_channel(shop: Shop) -> None:
    read = shop.ask("{ products(first: 3) { nodes { publishedAt resourcePublicationsCount { count } } } }")["nodes"]

    assert all(one["publishedAt"] and one["resourcePublicationsCount"] == {"count": 1} for one in read)


def test_publishing_is_refused_in_the_words_of_a_real_shop(shop: Shop) -> None:
    product = put(shop, sized("S"))
    online = shop.ask("{ publications(first: 5) { nodes { id } } }")["nodes"][0]["id"]
    cases = [
        (product["id"], [{}]),
        (product["id"], [{"publicationId": "gid://shopify/Publication/404"}]),
        (product["id"], [{"publicationId": online}] * 2),
        (product["id"], [{"publicationId": online, "publishDate": "1969-01-01T00:00:00Z"}]),
        ("gid://shopify/Product/404", [{"publicationId": online}]),
    ]

    told = [shop.ask(PUBLISH, id=owner, input=rows)["userErrors"] for owner, rows in cases]

    assert all(len(errors) == 1 and heard("publishablePublish", errors[0]) for errors in told), told


def test_a_file_is_ready_a_moment_later_and_failed_when_its_host_cannot_exist(shop: Shop) -> None:
    rows = [
        {"originalSource": "https://cdn.example.com/front.jpg", "alt": "Front"},
        {"originalSource": "https://nowhere.invalid/back.jpg"},
        {"originalSource": "https://cdn.example.com/manual.pdf"},
    ]
    read = """query($ids: [ID!]!) { nodes(ids: $ids) { ... on File { fileStatus fileErrors { code } }
      ... on MediaImage { image { url } mimeType } ... on GenericFile { url } } }"""

    made = shop.ask(FILES, files=rows)["files"]
    ids = [one["id"] for one in made]
    early = shop.ask(read, ids=ids)
    shop.later(seconds=5)
    late = shop.ask(read, ids=ids)

    assert [one["__typename"] for one in made] == ["MediaImage", "MediaImage", "GenericFile"]
    assert [one["fileStatus"] for one in early] == ["UPLOADED"] * 3
    assert [one["fileStatus"] for one in late] == ["READY", "FAILED", "READY"]
    assert late[0]["image"]["url"].endswith("/front.jpg")
    assert (late[0]["mimeType"], late[1]["fileErrors"]) == ("image/jpeg", [{"code": "IMAGE_DOWNLOAD_FAILURE"}])


def test_a_deleted_file_leaves_the_products_that_showed_it(shop: Shop) -> None:
    product = put(shop, sized("S", files=[{"originalSource": "https://cdn.example.com/front.jpg"}]))
    [shown] = shop.record(product["id"])["media"]

    shop.ask("mutation($ids: [ID!]!) { fileDelete(fileIds: $ids) { deletedFileIds } }", ids=[shown["id"]])

    assert shop.record(product["id"])["media"] == []
    assert shop.topics()[-1] == "products/update"


@pytest.mark.parametrize(
    "row",
    [
        {"originalSource": "front.jpg"},
        {"originalSource": "https://cdn.example.com/front.jpg", "alt": "x" * 513},
        {"originalSource": "https://cdn.example.com/front.jpg", "filename": "front.png"},
        {"originalSource": "https://cdn.example.com/front.jpg", "duplicateResolutionMode": "REPLACE"},
    ],
)
def test_a_file_is_refused_in_the_words_of_a_real_shop(shop: Shop, row: dict[str, Any]) -> None:
    [error] = shop.ask(FILES, files=[row])["userErrors"]

    assert heard("fileCreate", error), error


def test_a_price_list_changes_every_price_but_the_fixed_ones(shop: Shop) -> None:
    product = put(shop, sized("S", "M"))
    small = product["variants"]["nodes"][0]["id"]
    parent = {"adjustment": {"type": "PERCENTAGE_DECREASE", "value": 10}}
    kept = shop.ask(LIST, input={"name": "Trade", "currency": "USD", "parent": parent})["priceList"]["id"]
    read = """query($id: ID!, $of: PriceListPriceOriginType) { priceList(id: $id) {
      fixedPricesCount prices(first: 250, originType: $of) { nodes { price { amount } variant { sku } } } } }"""

    fixed = shop.ask(FIX, id=kept, prices=[{"variantId": small, "price": {"amount": "60", "currencyCode": "USD"}}])
    told = shop.ask(read, id=kept)
    relative = {one["variant"]["sku"]: one["price"]["amount"] for one in told["prices"]["nodes"]}
    free = """mutation($id: ID!, $gone: [ID!]!) { priceListFixedPricesDelete(priceListId: $id, variantIds: $gone) {
      deletedFixedPriceVariantIds userErrors { field message code } } }"""
    freed = [shop.ask(free, id=kept, gone=[small]) for _ in range(2)]

    assert fixed["prices"] == [{"price": {"amount": "60.0"}, "originType": "FIXED", "variant": {"sku": "FJ-S"}}]
    assert (told["fixedPricesCount"], relative["FJ-S"], relative["FJ-M"]) == (1, "60.0", "80.1")
    assert freed[0]["deletedFixedPriceVariantIds"] == [small]
    assert heard("priceListFixedPricesDelete", freed[1]["userErrors"][0])
    assert shop.ask(read, id=kept, of="FIXED")["prices"]["nodes"] == []


def test_price_lists_are_refused_in_the_words_of_a_real_shop(shop: Shop) -> None:
    parent = {"adjustment": {"type": "PERCENTAGE_DECREASE", "value": 10}}
    good = {"name": "Trade", "currency": "USD", "parent": parent}
    kept = shop.ask(LIST, input=good)["priceList"]["id"]
    euros = {"amount": "1", "currencyCode": "EUR"}
    small = put(shop, sized("S"))["variants"]["nodes"][0]["id"]
    too_much = {"adjustment": {"type": "PERCENTAGE_DECREASE", "value": 101}}
    lists = [
        good,
        {**good, "name": " "},
        {**good, "name": "x" * 256},
        {**good, "name": "B", "parent": too_much},
        {**good, "name": "C", "catalogId": "gid://shopify/CompanyLocationCatalog/404"},
    ]
    prices = [
        (kept, {"variantId": small, "price": euros}),
        (kept, {"variantId": "gid://shopify/ProductVariant/404", "price": {**euros, "currencyCode": "USD"}}),
        ("gid://shopify/PriceList/404", {"variantId": small, "price": euros}),
    ]

    told = [("priceListCreate", shop.ask(LIST, input=one)["userErrors"]) for one in lists]
    told += [("priceListFixedPricesAdd", shop.ask(FIX, id=owner, prices=[row])["userErrors"]) for owner, row in prices]

    assert all(len(errors) == 1 and heard(root, errors[0]) for root, errors in told), told


def test_a_catalog_ties_a_price_list_to_business_locations(shop: Shop) -> None:
    branch = shop.state.all(NORTH, "CompanyLocation")[0]["id"]
    parent = {"adjustment": {"type": "PERCENTAGE_INCREASE", "value": 5}}
    kept = shop.ask(LIST, input={"name": "Trade", "currency": "USD", "parent": parent})["priceList"]["id"]
    make = """mutation($input: CatalogCreateInput!) { catalogCreate(input: $input) {
      catalog { id priceList { id } ... on CompanyLocationCatalog { companyLocations(first: 3) { nodes { id } } } }
      userErrors { field message code } } }"""
    given = {"title": "Trade", "status": "ACTIVE", "context": {"companyLocationIds": [branch]}, "priceListId": kept}

    made = shop.ask(make, input=given)
    again = shop.ask(make, input=given)["userErrors"]
    blank = shop.ask(make, input={**given, "title": ""})["userErrors"]

    assert made["catalog"]["priceList"] == {"id": kept}
    assert made["catalog"]["companyLocations"]["nodes"] == [{"id": branch}]
    assert shop.ask("query($id: ID!) { priceList(id: $id) { catalog { id } } }", id=kept) == {
        "catalog": {"id": made["catalog"]["id"]}
    }
    assert [heard("catalogCreate", one) for one in (*again, *blank)] == [True, True]


def test_a_translation_holds_until_its_text_changes(shop: Shop) -> None:
    product = put(shop, sized("S"))
    shop.ask('mutation { shopLocaleEnable(locale: "de") { shopLocale { locale } } }')
    read = """query($id: ID!) { translatableResource(resourceId: $id) { translatableContent { key value digest } }
      product(id: $id) { translations(locale: "de") { key value outdated } } }"""
    content = shop.ask(read, id=product["id"])["translatableResource"]["translatableContent"]
    digest = next(one["digest"] for one in content if one["key"] == "title")
    row = {"locale": "de", "key": "title", "value": "Feldjacke", "translatableContentDigest": digest}

    made = shop.ask(REGISTER, id=product["id"], rows=[row])
    fresh = shop.ask(read, id=product["id"])["product"]["translations"]
    put(shop, {"title": "Field coat"}, id=product["id"])
    stale = shop.ask(read, id=product["id"])["product"]["translations"]
    late = shop.ask(REGISTER, id=product["id"], rows=[row])["userErrors"]

    assert made["translations"] == [{"key": "title", "locale": "de", "value": "Feldjacke", "outdated": False}]
    assert fresh == [{"key": "title", "value": "Feldjacke", "outdated": False}]
    assert stale == [{"key": "title", "value": "Feldjacke", "outdated": True}]
    assert heard("translationsRegister", late[0])


@pytest.mark.parametrize(
    "changes",
    [{"locale": "en"}, {"locale": "xx"}, {"key": "incorrect_key"}, {"value": ""}, {"translatableContentDigest": "x"}],
)
def test_a_translation_is_refused_in_the_words_of_a_real_shop(shop: Shop, changes: dict[str, str]) -> None:
    product = put(shop, sized("S"))
    shop.ask('mutation { shopLocaleEnable(locale: "de") { shopLocale { locale } } }')
    read = "query($id: ID!) { translatableResource(resourceId: $id) { translatableContent { key digest } } }"
    content = {one["key"]: one["digest"] for one in shop.ask(read, id=product["id"])["translatableContent"]}
    row = {"locale": "de", "key": "title", "value": "Jacke", "translatableContentDigest": content["title"], **changes}

    [error] = shop.ask(REGISTER, id=product["id"], rows=[row])["userErrors"]

    assert heard("translationsRegister", error), error
