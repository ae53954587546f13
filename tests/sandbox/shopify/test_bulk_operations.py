"""Bulk operations: what may be asked, what comes back line by line, and what happens on the way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deployments.sandbox.shopify.domains.bulk_checks import mutation_errors, query_errors
from deployments.sandbox.shopify.uploads import receive
from tests.sandbox.shopify.asking import Shop

FIELDS = "id status type errorCode completedAt objectCount rootObjectCount fileSize url partialDataUrl"
EXPORT = "{ products { edges { node { id title variants { edges { node { id sku } } } } } } }"
TAG = "mutation T($id: ID!, $tags: [String!]!) { tagsAdd(id: $id, tags: $tags) { node { id } userErrors { message } } }"


def run_query(shop: Shop, query: str = EXPORT) -> Any:
    return shop.ask(
        "mutation R($query: String!) { bulkOperationRunQuery(query: $query) "
        "{ bulkOperation { id status } userErrors { code field message } } }",
        query=query,
    )


def run_mutation(shop: Shop, lines: list[Any] | str | None, mutation: str = TAG) -> Any:
    """Stage a file, send it (unless it is None), and start a mutation over its lines."""
    path = staged(shop)
    if lines is not None:
        text = lines if isinstance(lines, str) else "\n".join(map(json.dumps, lines))
        assert receive(shop.state, shop.stand_in.blobs, path, text.encode()) is not None
    return shop.ask(
        "mutation R($mutation: String!, $path: String!) "
        "{ bulkOperationRunMutation(mutation: $mutation, stagedUploadPath: $path) "
        "{ bulkOperation { id status } userErrors { code field message } } }",
        mutation=mutation,
        path=path,
    )


def staged(shop: Shop) -> str:
    given = {
        "filename": "a.jsonl",
        "mimeType": "text/jsonl",
        "resource": "BULK_MUTATION_VARIABLES",
        "httpMethod": "POST",
    }
    made = shop.ask(
        "mutation S($input: [StagedUploadInput!]!) { stagedUploadsCreate(input: $input) "
        "{ stagedTargets { url parameters { name value } } userErrors { message } } }",
        input=[given],
    )
    return next(one["value"] for one in made["stagedTargets"][0]["parameters"] if one["name"] == "key")


def told(shop: Shop, payload: Any) -> Any:
    return shop.ask(f"query O($id: ID!) {{ bulkOperation(id: $id) {{ {FIELDS} }} }}", id=payload["bulkOperation"]["id"])


def finished(shop: Shop, payload: Any) -> Any:
    for _ in range(3):
        shop.later(seconds=1)
    return told(shop, payload)


def lines(shop: Shop, url: str) -> list[Any]:
    content = shop.stand_in.blobs.get(url.rpartition("/")[2].partition("?")[0])
    assert content is not None
    return [json.loads(line) for line in content.splitlines()]


def products(shop: Shop) -> list[Any]:
    return shop.state.all(shop.domain, "Product")


def test_a_query_answers_every_row_with_its_parent(shop: Shop) -> None:
    before = shop.stand_in.buckets.of(shop.domain, "crossdock").status()["currentlyAvailable"]
    payload = run_query(shop)
    assert payload["bulkOperation"]["status"] == "CREATED"

    operation = finished(shop, payload)
    rows = lines(shop, operation["url"])

    variants = shop.state.all(shop.domain, "ProductVariant")
    assert operation["status"] == "COMPLETED"
    assert (operation["objectCount"], operation["rootObjectCount"]) == (str(len(rows)), str(len(products(shop))))
    assert len(rows) == len(products(shop)) + len(variants)
    parents = {row["id"] for row in rows if "__parentId" not in row}
    assert {row["__parentId"] for row in rows if "sku" in row} == parents
    assert all(set(row) == {"id", "title"} for row in rows if "__parentId" not in row)
    assert before - shop.stand_in.buckets.of(shop.domain, "crossdock").status()["currentlyAvailable"] < 20


def test_stock_below_an_item_hangs_on_the_row_around_it(shop: Shop) -> None:
    query = """{ productVariants { edges { node { id inventoryItem { inventoryLevels { edges { node {
      id quantities(names: ["available"]) { quantity } } } } } } } } }"""
    rows = lines(shop, finished(shop, run_query(shop, query))["url"])

    levels = [row for row in rows if "quantities" in row]
    assert len(levels) == len(shop.state.all(shop.domain, "InventoryLevel"))
    assert {row["__parentId"].split("/")[3] for row in levels} == {"ProductVariant"}


def test_many_rows_come_in_chunks_without_a_gap_or_a_double(shop: Shop) -> None:
    for number in range(700):
        shop.state.add(shop.domain, "Product", {"title": f"Lamp {number}"}, topics=())

    operation = finished(shop, run_query(shop, "{ products { edges { node { id } } } }"))
    rows = lines(shop, operation["url"])

    assert [row["id"] for row in rows] == sorted(row["id"] for row in products(shop))


def test_a_mutation_runs_for_every_line_and_tells_each_by_number(shop: Shop) -> None:
    order = shop.place_order()
    given = [{"id": order["id"], "tags": ["a"]}, {"id": "gid://shopify/Order/404", "tags": ["b"]}, {"tags": ["c"]}]
    payload = run_mutation(shop, "\n".join([*map(json.dumps, given), "not json"]))

    operation = finished(shop, payload)
    rows = lines(shop, operation["url"])

    assert operation["status"] == "COMPLETED"
    assert [row["__lineNumber"] for row in rows] == [0, 1, 2, 3]
    assert rows[0]["data"]["tagsAdd"] == {"node": {"id": order["id"]}, "userErrors": []}
    assert rows[1]["data"]["tagsAdd"]["userErrors"] != []
    assert [row["errors"] != [] for row in rows[2:]] == [True, True]
    assert shop.record(order["id"])["tags"] == ["a"]


def test_a_finished_operation_is_told_by_webhook(shop: Shop) -> None:
    finished(shop, run_query(shop))

    assert [topic for topic in shop.topics() if topic.startswith("bulk")] == ["bulk_operations/finish"]


@pytest.mark.parametrize(("given", "code"), [(None, "NO_SUCH_FILE"), ("", "INVALID_STAGED_UPLOAD_FILE")])
def test_a_file_that_is_missing_or_empty_is_refused(shop: Shop, given: str | None, code: str) -> None:
    payload = run_mutation(shop, given)

    assert payload["bulkOperation"] is None
    assert [error["code"] for error in payload["userErrors"]] == [code]


def test_a_sixth_operation_of_a_kind_is_refused_but_one_of_the_other_kind_is_not(shop: Shop) -> None:
    started = [run_query(shop)["bulkOperation"]["id"] for _ in range(5)]

    sixth = run_query(shop)
    other = run_mutation(shop, [{"id": "gid://shopify/Order/404", "tags": []}])

    assert [error["code"] for error in sixth["userErrors"]] == ["OPERATION_IN_PROGRESS"]
    assert all(one in sixth["userErrors"][0]["message"] for one in started)
    assert other["userErrors"] == []


def test_an_operation_can_be_called_off_until_it_is_over(shop: Shop) -> None:
    cancel = "mutation C($id: ID!) { bulkOperationCancel(id: $id) { bulkOperation { status } userErrors { message } } }"
    payload = run_query(shop)
    called_off = shop.ask(cancel, id=payload["bulkOperation"]["id"])
    assert called_off == {"bulkOperation": {"status": "CANCELING"}, "userErrors": []}

    assert finished(shop, payload)["status"] == "CANCELED"
    done = run_query(shop)
    finished(shop, done)
    again = shop.ask(cancel, id=done["bulkOperation"]["id"])
    unknown = shop.ask(cancel, id="gid://shopify/BulkOperation/404")

    assert again["userErrors"] == [{"message": "A bulk operation cannot be canceled when it is completed"}]
    assert unknown["userErrors"] == [{"message": "Bulk operation does not exist"}]


def test_a_result_expires_after_a_week(shop: Shop) -> None:
    payload = run_query(shop)
    name = finished(shop, payload)["url"].rpartition("/")[2].partition("?")[0]
    shop.later(days=7)

    operation = told(shop, payload)

    assert (operation["status"], operation["url"]) == ("EXPIRED", None)
    assert shop.stand_in.blobs.get(name) is None


def test_an_operation_that_breaks_leaves_what_it_had(shop: Shop) -> None:
    order = shop.place_order()
    shop.stand_in.bulk.pace.fail_after_rows = 2
    payload = run_mutation(shop, [{"id": order["id"], "tags": [f"tag-{number}"]} for number in range(5)])

    operation = finished(shop, payload)

    assert (operation["status"], operation["errorCode"], operation["url"]) == ("FAILED", "INTERNAL_SERVER_ERROR", None)
    assert len(lines(shop, operation["partialDataUrl"])) == 2


def test_an_app_may_export_only_what_it_may_read() -> None:
    shop = Shop(scopes=frozenset({"read_orders"}))

    operation = finished(shop, run_query(shop))

    assert (operation["status"], operation["errorCode"]) == ("FAILED", "ACCESS_DENIED")


def test_operations_are_listed_newest_first_and_found_by_status(shop: Shop) -> None:
    first, second = run_query(shop), run_query(shop)
    finished(shop, first)
    third = run_query(shop)
    query = "query L($q: String) { bulkOperations(first: 5, query: $q) { nodes { id } } }"

    def listed(search: str | None) -> list[str]:
        return [one["id"] for one in shop.ask(query, q=search)["nodes"]]

    ids = [one["bulkOperation"]["id"] for one in (third, second, first)]
    assert listed(None) == ids
    assert listed("status:completed") == ids[1:]
    assert shop.ask("{ currentBulkOperation { id } }") == {"id": ids[0]}


def test_a_killed_stand_in_goes_on_with_the_line_after_the_last(tmp_path: Path) -> None:
    shop = Shop(state_file=tmp_path / "shop.db")
    orders = [shop.place_order()["id"] for _ in range(6)]
    payload = run_mutation(shop, [{"id": one, "tags": [f"line-{place}"]} for place, one in enumerate(orders)])
    shop.now = shop.state.clock()
    shop.stand_in.bulk.pace.rows_a_second = 40.0
    shop.later(seconds=1)
    done = int(told(shop, payload)["objectCount"])
    assert 0 < done < 6
    shop.state.close()

    again = Shop(state_file=tmp_path / "shop.db")
    again.now = shop.now
    operation = finished(again, payload)
    rows = lines(again, operation["url"])

    assert operation["status"] == "COMPLETED"
    assert [row["__lineNumber"] for row in rows] == list(range(6))
    assert [again.record(one)["tags"] for one in orders] == [[f"line-{place}"] for place in range(6)]


DEEP = "collections { edges { node { id products { edges { node { id variants { edges { node { id metafields { edges "
DEEP += "{ node { id } } } } } } } } } } } }"
SIX = ["variants", "metafields", "collections", "media", "sellingPlanGroups"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "Invalid bulk query: syntax error, unexpected end of file"),
        ("{ shop { id } }", "Bulk queries must contain at least one connection."),
        ("{ products { nodes { id } } }", "Invalid connection fields: 'products'."),
        ("mutation { tagsAdd(id: 1, tags: []) { node { id } } }", "Only `query` operations are supported."),
        (f"{{ {DEEP} }}", "nesting depth greater than 2."),
        (
            "{ products { edges { node { id "
            + " ".join(f"{one} {{ edges {{ node {{ id }} }} }}" for one in SIX)
            + "} } } }",
            "Bulk queries cannot contain more than 5 connections.",
        ),
        (
            "{ products { edges { node { title variants { edges { node { id } } } } } } }",
            "Connection fields without 'id': products.",
        ),
        ("{ products { edges { node { nothing } } } }", "Field 'nothing' doesn't exist on type 'Product'"),
        ("#" * 65_535 + "\n", "Query is too large (65536 bytes; maximum is 65535 bytes)"),
    ],
)
def test_a_query_that_cannot_run_in_bulk_says_why(query: str, words: str) -> None:
    errors = query_errors(query)

    assert [error["code"] for error in errors] == ["INVALID"]
    assert errors[0]["field"] == ["query"]
    assert errors[0]["message"].endswith(words)


@pytest.mark.parametrize(
    ("mutation", "identifier", "code", "words"),
    [
        ("mutation { not parseable", None, "INVALID_MUTATION", "unexpected end of file at [1, 16]"),
        (
            "{ products(first: 1) { nodes { id } } }",
            None,
            "INVALID_MUTATION",
            "Only `mutation` operations are supported.",
        ),
        (TAG, "short", "INVALID_MUTATION", "is too short (minimum is 10 characters)"),
        (TAG, "x" * 256, "INVALID_MUTATION", "is too long (maximum is 255 characters)"),
        (
            "mutation { bulkOperationCancel(id: 1) { userErrors { message } } }",
            None,
            None,
            "You must use an allowed mutation name.",
        ),
        (
            "mutation { a: tagsAdd(id: 1, tags: []) { node { id } } b: tagsAdd(id: 1, tags: []) { node { id } } }",
            None,
            None,
            "You must specify a single top level mutation.",
        ),
    ],
)
def test_a_mutation_that_cannot_run_in_bulk_says_why(
    mutation: str, identifier: str | None, code: str | None, words: str
) -> None:
    errors = mutation_errors(mutation, identifier)

    assert [error["code"] for error in errors] == [code]
    assert errors[0]["message"].endswith(words)
