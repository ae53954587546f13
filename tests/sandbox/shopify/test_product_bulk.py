"""Products in bulk: productSet line by line from a staged file, and the catalogue read back as one export."""

from __future__ import annotations

from tests.sandbox.shopify.product_asking import big_shop, put, sized, variant
from tests.sandbox.shopify.test_bulk_operations import finished, lines, run_mutation, run_query

SET = """mutation Set($identifier: ProductSetIdentifiers, $input: ProductSetInput!) {
  productSet(identifier: $identifier, input: $input) { product { id handle } userErrors { field message code } }
}"""
EXPORT = """{ products(query: "handle:lamp-1") { edges { node { id handle status
  variants { edges { node { id sku price barcode } } }
  metafields { edges { node { id namespace key value } } }
  media { edges { node { id ... on MediaImage { alt } } } } } } } }"""


def test_each_line_sets_its_product_and_a_bad_one_fails_alone() -> None:
    shop = big_shop()
    given = [{"identifier": {"handle": f"lamp-{n}"}, "input": sized("S", "M", title=f"Lamp {n}")} for n in range(20)]
    given[7]["input"] = {"title": ""}

    operation = finished(shop, run_mutation(shop, given, SET))
    answers = lines(shop, operation["url"])
    again = finished(shop, run_mutation(shop, given, SET))

    assert (operation["status"], len(answers)) == ("COMPLETED", 20)
    told = {row["__lineNumber"]: row["data"]["productSet"] for row in answers}
    assert told[3]["product"]["handle"] == "lamp-3"
    assert [number for number, one in told.items() if one["userErrors"]] == [7]
    assert [row["data"]["productSet"]["product"] for row in lines(shop, again["url"])] == [
        one["product"] for one in told.values()
    ]
    assert shop.topics().count("products/create") == 19
    assert shop.topics().count("products/update") == 0


def test_an_export_tells_variants_metafields_and_pictures_of_each_product() -> None:
    shop = big_shop()
    row = {"namespace": "erp", "key": "code", "type": "single_line_text_field", "value": "7"}
    files = [{"originalSource": "https://cdn.example.com/lamp.jpg", "alt": "Lit"}]
    rows = [variant("S", barcode="4006381333931")]
    product = put(shop, sized("S", title="Lamp 1", variants=rows, metafields=[row], files=files))

    told = lines(shop, finished(shop, run_query(shop, EXPORT))["url"])

    [root, *children] = told
    assert (root["id"], root["handle"]) == (product["id"], "lamp-1")
    assert {one["__parentId"] for one in children} == {product["id"]}
    assert [one["sku"] for one in children if "sku" in one] == ["FJ-S"]
    assert [one["value"] for one in children if "value" in one] == ["7"]
    assert [one["alt"] for one in children if "alt" in one] == ["Lit"]
