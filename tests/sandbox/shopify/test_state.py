"""The store behind the stand-in: what changed is told once, in order, and kept."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from deployments.sandbox.shopify.journal import Journal
from deployments.sandbox.shopify.state import Change, State, UnknownShopError
from tests.sandbox.shopify.asking import Shop

A, B = "a.myshopify.com", "b.myshopify.com"


@pytest.fixture
def seen() -> list[Change]:
    return []


@pytest.fixture
def state(seen: list[Change]) -> State:
    state = State(clock=lambda: datetime(2026, 10, 5, 9, 30, tzinfo=UTC))
    state.add_shop(A, {"currencyCode": "USD"})
    state.on_change(seen.append)
    return state


def test_an_order_gets_an_id_and_timestamps_and_is_told(state: State, seen: list[Change]) -> None:
    order = state.add_order(A, {"displayFinancialStatus": "PAID"})

    assert order["id"].startswith("gid://shopify/Order/")
    assert order["createdAt"] == order["updatedAt"] == "2026-10-05T09:30:00Z"
    [change] = seen
    assert (change.topics, change.record, change.previous) == (("orders/create", "orders/paid"), order, None)


def test_an_update_tells_what_was_before_and_leaves_it_unchanged(state: State, seen: list[Change]) -> None:
    order = state.add_order(A, {"note": "old"})
    changed = state.update_order(A, order["id"], {"note": "new"})

    assert (order["note"], changed["note"]) == ("old", "new")
    assert seen[-1].previous == order
    assert seen[-1].topics == ("orders/updated",)


def test_the_changes_of_one_action_share_an_event_and_come_after_it(state: State, seen: list[Change]) -> None:
    with state.action():
        state.add(A, "Customer", {})
        state.add_order(A, {})
        assert seen == []
    state.add_order(A, {})

    first, second, other = seen
    assert first.event_id == second.event_id != other.event_id
    assert [change.record_type for change in seen] == ["Customer", "Order", "Order"]


def test_a_part_of_a_record_is_found_by_its_own_id(state: State) -> None:
    line = {"id": "gid://shopify/LineItem/9", "title": "Rope"}
    order = state.add_order(A, {"lineItems": [line]})

    assert state.get(A, line["id"]) == line
    assert state.owner(A, line["id"]) == order
    assert state.get(A, "gid://shopify/LineItem/10") is None


def test_two_shops_share_no_record_and_no_id(state: State) -> None:
    state.add_shop(B, {})
    ours, theirs = state.add_order(A, {}), state.add_order(B, {})

    assert ours["id"] != theirs["id"]
    assert state.get(B, ours["id"]) is None
    assert state.all(B, "Order") == [theirs]


def test_an_unknown_shop_is_named_with_those_there_are(state: State) -> None:
    with pytest.raises(UnknownShopError, match=r"no shop x.myshopify.com here; known: a.myshopify.com"):
        state.all("x.myshopify.com", "Order")


def test_a_removed_record_is_told_as_it_was(state: State, seen: list[Change]) -> None:
    order = state.add_order(A, {"note": "last words"})
    state.remove(A, order["id"])

    assert state.get(A, order["id"]) is None
    assert (seen[-1].topics, seen[-1].record["note"]) == (("orders/delete",), "last words")


def test_everything_is_there_again_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    state = State(Journal(path))
    state.add_shop(B, {})
    state.add_shop(A, {})
    gone, kept = state.add_order(B, {}), state.add_order(B, {"lineItems": [{"id": "gid://shopify/LineItem/9"}]})
    state.remove(B, gone["id"])
    state.close()

    again = State(Journal(path))

    assert again.shops == [B, A]
    assert again.all(B, "Order") == [kept]
    assert again.owner(B, "gid://shopify/LineItem/9") == kept
    assert again.add_order(B, {})["id"] > kept["id"]
    again.close()


def test_what_an_action_did_before_it_failed_is_kept_in_memory_and_in_the_file(tmp_path: Path) -> None:
    state = State(Journal(tmp_path / "state.db"))
    state.add_shop(A, {})

    def broken_action() -> None:
        with state.action():
            state.add_order(A, {})
            raise RuntimeError("broken on purpose")

    with pytest.raises(RuntimeError):
        broken_action()
    state.close()

    again = State(Journal(tmp_path / "state.db"))

    assert len(state.all(A, "Order")) == 1
    assert again.all(A, "Order") == state.all(A, "Order")
    again.close()


def test_an_order_after_a_restart_takes_the_next_number_whatever_the_ids(tmp_path: Path) -> None:
    """The file is read by id: the latest order need not come last."""
    shop = Shop(state_file=tmp_path / "shop.db")
    huge, small = 10**20, 7
    numbers = [shop.place_order_as_merchant(id=f"gid://shopify/Order/{one}")["number"] for one in (huge, small)]
    named = shop.place_order_as_merchant(name="#5000")
    shop.state.close()

    again = Shop(state_file=tmp_path / "shop.db")
    following = again.place_order_as_merchant()

    assert numbers == [1001, 1002]
    assert named["number"] == 5000
    assert (following["number"], following["name"]) == (5001, "#5001")
    again.state.close()
