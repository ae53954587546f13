"""Requests a shop refuses: the layer, the code, the path and the words of each refusal."""

from __future__ import annotations

from typing import Any

import pytest

from deployments.sandbox.shopify.domains import DOMAINS
from deployments.sandbox.shopify.registry import combine
from tests.sandbox.shopify.asking import Shop

TAG = 'mutation M($id: ID!) { tagsAdd(id: $id, tags: ["a"]) { userErrors { field message } } }'
PRODUCT = "gid://shopify/Product/1"


@pytest.mark.parametrize(
    ("query", "code", "message", "path"),
    [
        (
            "query Q { shop { nope } }",
            "undefinedField",
            "Field 'nope' doesn't exist on type 'Shop'",
            ["query Q", "shop", "nope"],
        ),
        (
            "query Q { order { id } }",
            "missingRequiredArguments",
            "Field 'order' is missing required arguments: id",
            ["query Q", "order"],
        ),
        (
            "query Q { shop(id: 1) { id } }",
            "argumentNotAccepted",
            "Field 'shop' doesn't accept argument 'id'",
            ["query Q", "shop", "id"],
        ),
        (
            "query Q { orders(first: 1, sortKey: SIZE) { nodes { id } } }",
            "argumentLiteralsIncompatible",
            "Argument 'sortKey' on Field 'orders' has an invalid value (SIZE). Expected type 'OrderSortKeys'.",
            ["query Q", "orders", "sortKey"],
        ),
        (
            'mutation M { metafieldsSet(metafields: [{key: "k", value: "v"}]) { userErrors { field } } }',
            "missingRequiredInputObjectAttribute",
            "Argument 'ownerId' on InputObject 'MetafieldsSetInput' is required. Expected type ID!",
            ["mutation M", "metafieldsSet", "metafields", 0, "ownerId"],
        ),
        (
            "query Q($id: ID!) { shop { id } }",
            "variableNotUsed",
            "Variable $id is declared by Q but not used",
            ["query Q"],
        ),
        (
            'query Q { node(id: "gid://shopify/Shop/1") { ... on Nothing { id } } }',
            "undefinedType",
            "No such type Nothing, so it can't be a fragment condition",
            ["query Q", "node", "... on Nothing"],
        ),
        (
            "query Q { shop }",
            "selectionMismatch",
            "Field must have selections (field 'shop' returns Shop but has no selections. "
            "Did you mean 'shop { ... }'?)",
            ["query Q", "shop"],
        ),
        (
            "query Q { shop { id @nothing } }",
            "undefinedDirective",
            "Directive @nothing is not defined",
            ["query Q", "shop", "id"],
        ),
        (
            "query Q($id: String!) { order(id: $id) { id } }",
            "variableMismatch",
            "Type mismatch on variable $id and argument id (String! / ID!)",
            ["query Q", "order", "id"],
        ),
        (
            'mutation M { locationDeactivate(locationId: "gid://shopify/Location/1") @idempotent { location { id } } }',
            "missingRequiredArguments",
            "Directive 'idempotent' is missing required arguments: key",
            ["mutation M", "locationDeactivate"],
        ),
    ],
)
def test_a_document_with_a_static_fault_is_refused_whole(
    shop: Shop, query: str, code: str, message: str, path: list[Any]
) -> None:
    answer = shop.answer(query)

    assert "data" not in answer
    assert [(error["extensions"]["code"], error["message"], error["path"]) for error in answer["errors"]] == [
        (code, message, path)
    ]


def test_a_document_that_ends_too_early_is_a_parse_error_with_its_place(shop: Shop) -> None:
    error = shop.refusal("{\n  shop {\n    id")

    assert error["extensions"]["code"] == "PARSE_ERROR"
    assert error["message"] == "syntax error, unexpected end of file at [3, 5]"


def test_two_operations_without_a_name_are_refused(shop: Shop) -> None:
    assert shop.refusal("query A { shop { id } } query B { shop { id } }")["message"] == "An operation name is required"


@pytest.mark.parametrize(
    ("value", "problems"),
    [
        ({}, [(["id"], "Expected value to not be null")]),
        ({"id": "7"}, [(["id"], "Invalid global id '7'")]),
        (
            {"id": PRODUCT, "colour": "red", "tags": [1]},
            [(["colour"], "Field is not defined on OrderInput"), (["tags", 0], "Could not coerce value 1 to String")],
        ),
    ],
)
def test_variables_that_do_not_fit_are_refused_with_every_problem(
    shop: Shop, value: Any, problems: list[tuple[list[Any], str]]
) -> None:
    error = shop.refusal(
        "mutation M($input: OrderInput!) { orderUpdate(input: $input) { userErrors { field } } }", input=value
    )

    assert error["extensions"]["code"] == "INVALID_VARIABLE"
    assert error["message"].startswith("Variable $input of type OrderInput! was provided invalid value for ")
    assert [(one["path"], one["explanation"]) for one in error["extensions"]["problems"]] == problems


def test_a_missing_variable_is_refused(shop: Shop) -> None:
    error = shop.refusal("query Q($id: ID!) { order(id: $id) { id } }")

    assert error["message"] == "Variable $id of type ID! was provided invalid value"
    assert error["extensions"]["value"] is None


def test_more_than_250_rows_of_input_are_refused(shop: Shop) -> None:
    ids = [PRODUCT] * 251

    error = shop.refusal("query Q($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids)

    assert error["extensions"]["code"] == "MAX_INPUT_SIZE_EXCEEDED"
    assert error["message"] == "The input array size of 251 is greater than the maximum allowed of 250."


def test_an_id_of_another_type_is_not_found(shop: Shop) -> None:
    answer = shop.answer(f'{{ order(id: "{PRODUCT}") {{ id }} shop {{ currencyCode }} }}')

    assert answer["data"] == {"order": None, "shop": {"currencyCode": "USD"}}
    assert answer["errors"][0]["message"] == f"Invalid id: {PRODUCT}"
    assert answer["errors"][0]["extensions"]["code"] == "RESOURCE_NOT_FOUND"
    assert answer["errors"][0]["path"] == ["order"]


def test_an_id_nothing_has_answers_null_to_a_query_and_a_user_error_to_a_mutation(shop: Shop) -> None:
    assert shop.ask('{ order(id: "gid://shopify/Order/404") { id } }') is None
    refused = shop.ask(TAG, id="gid://shopify/Order/404")
    assert refused["userErrors"] == [{"field": ["id"], "message": "Order does not exist"}]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "you must provide one of first or last"),
        ("(first: 1, last: 1)", "providing both first and last is not supported"),
        ('(first: 1, after: "rubbish")', "Malformed cursor"),
    ],
)
def test_paging_arguments_that_make_no_sense_are_a_bad_request(shop: Shop, arguments: str, message: str) -> None:
    error = shop.refusal(f"{{ locations{arguments} {{ nodes {{ id }} }} }}")

    assert (error["extensions"]["code"], error["message"]) == ("BAD_REQUEST", message)


def test_a_field_beyond_the_scopes_is_null_and_the_rest_is_answered() -> None:
    shop = Shop(scopes=frozenset({"read_orders", "read_products"}))
    order = shop.place_order_as_merchant()

    answer = shop.answer("query Q($id: ID!) { order(id: $id) { name customer { id } } }", id=order["id"])

    assert answer["data"]["order"] == {"name": order["name"], "customer": None}
    error = answer["errors"][0]
    assert error["path"] == ["order", "customer"]
    assert error["message"] == "Access denied for customer field. Required access: `read_customers` access scope."
    assert error["extensions"] == {
        "code": "ACCESS_DENIED",
        "documentation": "https://shopify.dev/api/usage/access-scopes",
        "requiredAccess": "`read_customers` access scope.",
    }


def test_writing_needs_the_scope_to_write() -> None:
    shop = Shop(scopes=frozenset({"read_orders"}))
    order = shop.place_order_as_merchant()

    error = shop.refusal(
        "mutation M($id: ID!) { orderUpdate(input: {id: $id}) { userErrors { field } } }", id=order["id"]
    )

    assert error["extensions"]["code"] == "ACCESS_DENIED"
    assert "`write_orders` access scope" in error["extensions"]["requiredAccess"]


def test_a_record_reached_by_node_needs_the_scope_of_its_type() -> None:
    shop = Shop(scopes=frozenset({"read_products"}))
    customer = shop.state.all(shop.domain, "Customer")[0]

    error = shop.refusal("query Q($id: ID!) { node(id: $id) { id } }", id=customer["id"])

    assert error["extensions"]["code"] == "ACCESS_DENIED"


def test_a_root_field_nobody_implements_yet_is_named_in_its_error(shop: Shop) -> None:
    domain = combine(DOMAINS)
    assert "giftCards" not in domain.queries

    error = shop.refusal("{ giftCards(first: 1) { nodes { id } } }")

    assert error["extensions"] == {"code": "STAND_IN_FIELD_MISSING", "field": "giftCards"}
    assert "'giftCards'" in error["message"]


def test_an_unknown_search_field_is_ignored_and_noted(shop: Shop) -> None:
    answer = shop.answer('{ locations(first: 3, query: "colour:red") { nodes { id } } }')

    assert len(answer["data"]["locations"]["nodes"]) == 3
    assert answer["extensions"]["search"][0]["warnings"] == [
        {"field": "colour", "message": "Invalid search field for this query."}
    ]


def test_an_id_of_another_type_inside_an_input_is_not_found(shop: Shop) -> None:
    error = shop.refusal(
        "mutation M($input: OrderInput!) { orderUpdate(input: $input) { userErrors { field } } }", input={"id": PRODUCT}
    )

    assert error["extensions"]["code"] == "RESOURCE_NOT_FOUND"
    assert error["message"] == f"Invalid id: {PRODUCT}"


def test_number_zero_is_no_id_to_a_mutation_and_null_to_a_query(shop: Shop) -> None:
    assert shop.refusal(TAG, id="gid://shopify/Order/0")["message"] == "Invalid id: gid://shopify/Order/0"
    assert shop.ask('{ order(id: "gid://shopify/Order/0") { id } }') is None
