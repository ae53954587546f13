"""Finding orders: filters, sorting, paging, and what follows from what."""

from __future__ import annotations

import pytest

from tests.sandbox.shopify.asking import Shop, paid

NAMES = "query Q($query: String) { orders(first: 50, query: $query, sortKey: CREATED_AT) { nodes { name } } }"
PAGE = """query Q($first: Int, $last: Int, $after: String, $before: String, $reverse: Boolean) {
  orders(first: $first, last: $last, after: $after, before: $before, sortKey: ORDER_NUMBER, reverse: $reverse) {
    edges { cursor node { name } }
    nodes { name }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}"""

BY_CHANGE = """query Q($after: String) {
  orders(first: 3, after: $after, sortKey: UPDATED_AT) { nodes { name } pageInfo { endCursor } }
}"""
AMOUNTS = "{ orders(first: 1) { nodes { totalPrice totalPriceSet { shopMoney { amount } } } } }"


@pytest.fixture
def five_orders() -> Shop:
    """#1001 to #1005, an hour apart."""
    shop = Shop()
    shop.place_order(note="first", tags=["vip", "Gift"])
    shop.later(hours=1)
    shop.place_order(**paid("10.00"))
    shop.later(hours=1)
    shop.place_order(test=True, **paid("10.00", "AUTHORIZATION"))
    shop.later(hours=1)
    shop.place_order(email="bruno@example.com")
    shop.later(hours=1)
    shop.place_order(poNumber="PO-9")
    return shop


def names(shop: Shop, query: str) -> list[str]:
    return [order["name"] for order in shop.ask(NAMES, query=query)["nodes"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("created_at:>='2026-10-05T11:30:00Z'", ["#1003", "#1004", "#1005"]),
        ("created_at:>2026-10-05T11:30:00Z", ["#1004", "#1005"]),
        ("updated_at:<2026-10-05T10:30:00+00:00", ["#1001"]),
        ("name:#1002", ["#1002"]),
        ("name:'#1002' OR name:'#1004'", ["#1002", "#1004"]),
        ("financial_status:paid", ["#1002"]),
        ("financial_status:authorized", ["#1003"]),
        ("tag:vip", ["#1001"]),
        ("tag_not:vip AND test:false", ["#1002", "#1004", "#1005"]),
        ("-tag:vip created_at:<=2026-10-05T10:30:00Z", ["#1002"]),
        ("test:true", ["#1003"]),
        ("po_number:PO-*", ["#1005"]),
        ("email:bruno@example.com", ["#1004"]),
        ("status:cancelled", []),
        ("status:any (name:#1001 OR name:#1005)", ["#1001", "#1005"]),
        ("bruno", ["#1004"]),
    ],
)
def test_orders_are_found_by_what_a_middleware_asks_for(five_orders: Shop, query: str, found: list[str]) -> None:
    assert names(five_orders, query) == found


def test_orders_are_found_by_id_whether_as_number_or_gid(five_orders: Shop) -> None:
    third = five_orders.state.all(five_orders.domain, "Order")[2]

    assert names(five_orders, f"id:{third['id'].rsplit('/', 1)[1]}") == ["#1003"]
    assert names(five_orders, f'id:"{third["id"]}"') == ["#1003"]
    assert names(five_orders, f"id:>{third['id'].rsplit('/', 1)[1]}") == ["#1004", "#1005"]


def test_pages_forward_cover_every_order_once(five_orders: Shop) -> None:
    seen, cursor = [], None
    while True:
        page = five_orders.ask(PAGE, first=2, after=cursor)
        seen += [edge["node"]["name"] for edge in page["edges"]]
        assert page["nodes"] == [edge["node"] for edge in page["edges"]]
        cursor = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break

    assert seen == ["#1001", "#1002", "#1003", "#1004", "#1005"]


def test_pages_backward_come_in_the_same_order(five_orders: Shop) -> None:
    page = five_orders.ask(PAGE, last=2)
    before = five_orders.ask(PAGE, last=2, before=page["pageInfo"]["startCursor"])

    assert [one["name"] for one in page["nodes"]] == ["#1004", "#1005"]
    assert [one["name"] for one in before["nodes"]] == ["#1002", "#1003"]
    assert before["pageInfo"]["hasPreviousPage"]


def test_the_latest_orders_come_first_when_reversed(five_orders: Shop) -> None:
    page = five_orders.ask(PAGE, first=2, reverse=True)
    rest = five_orders.ask(PAGE, first=2, reverse=True, after=page["pageInfo"]["endCursor"])

    assert [one["name"] for one in page["nodes"] + rest["nodes"]] == ["#1005", "#1004", "#1003", "#1002"]


def test_a_cursor_still_holds_when_its_order_is_gone(five_orders: Shop) -> None:
    page = five_orders.ask(PAGE, first=2)
    gone = five_orders.state.all(five_orders.domain, "Order")[1]
    five_orders.ask("mutation M($id: ID!) { orderDelete(orderId: $id) { deletedId } }", id=gone["id"])

    rest = five_orders.ask(PAGE, first=2, after=page["pageInfo"]["endCursor"])

    assert [one["name"] for one in rest["nodes"]] == ["#1003", "#1004"]


def test_an_order_that_changes_between_two_pages_is_seen_again_at_its_new_place(five_orders: Shop) -> None:
    page = five_orders.ask(BY_CHANGE)
    first = five_orders.state.all(five_orders.domain, "Order")[0]
    five_orders.later(hours=1)
    five_orders.ask("mutation M($id: ID!) { orderClose(input: {id: $id}) { order { id } } }", id=first["id"])

    rest = five_orders.ask(BY_CHANGE, after=page["pageInfo"]["endCursor"])

    assert [one["name"] for one in rest["nodes"]] == ["#1004", "#1005", "#1001"]


def test_without_read_all_orders_only_the_last_sixty_days_show() -> None:
    shop = Shop(scopes=frozenset({"read_orders"}))
    shop.place_order_as_merchant()
    shop.later(days=61)
    shop.place_order_as_merchant()

    assert names(shop, "") == ["#1002"]


def test_the_count_is_exact_until_its_limit(five_orders: Shop) -> None:
    assert five_orders.ask("{ ordersCount { count precision } }") == {"count": 5, "precision": "EXACT"}
    assert five_orders.ask("{ ordersCount(limit: 3) { count precision } }") == {"count": 3, "precision": "AT_LEAST"}


def test_an_order_is_found_by_a_metafield_that_identifies_it(five_orders: Shop) -> None:
    order = five_orders.state.all(five_orders.domain, "Order")[3]
    five_orders.ask(
        "mutation M($rows: [MetafieldsSetInput!]!) { metafieldsSet(metafields: $rows) { userErrors { message } } }",
        rows=[{"ownerId": order["id"], "namespace": "erp", "key": "number", "type": "id", "value": "SO-4"}],
    )

    found = five_orders.ask(
        '{ orderByIdentifier(identifier: {customId: {namespace: "erp", key: "number", value: "SO-4"}}) { name } }'
    )

    assert found == {"name": "#1004"}


def test_amounts_are_printed_as_a_shop_prints_them(five_orders: Shop) -> None:
    order = five_orders.ask("{ orders(first: 1) { nodes { totalPrice totalPriceSet { shopMoney { amount } } } } }")[
        "nodes"
    ][0]

    assert order == {"totalPrice": "10.00", "totalPriceSet": {"shopMoney": {"amount": "10.0"}}}
