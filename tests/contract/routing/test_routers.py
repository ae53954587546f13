"""What every router promises, whoever decides."""

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from canonical.ports.routing import Router
from canonical.routing import RoutingDecision
from canonical.rules.routing import Delivery, RoutingStock
from tests.contract.routing.conftest import NOW, line, order

RouterOver = Callable[[RoutingStock], Router]


def shipped(decision: RoutingDecision) -> dict[str, dict[str, int]]:
    return {a.location: a.lines for a in decision.assignments if not a.backorder}


async def test_each_order_gets_one_decision_in_its_place_and_it_says_who_decided_and_why(
    router_over: RouterOver,
) -> None:
    router = router_over(RoutingStock({"TEE": {"EAST": 9, "EU": 9}}))
    assert isinstance(router, Router)
    late = order(line("TEE"), order_id="9", placed_at=NOW + timedelta(hours=1))
    here = order(line("TEE"), order_id="2", country="DE")
    decisions = await router.route([late, here])
    assert [d.order_id for d in decisions] == ["9", "2"]
    assert [list(shipped(d)) for d in decisions] == [["EAST"], ["EU"]]
    assert {d.decided_by for d in decisions} == {router.name}
    assert all(d.words and d.held is None for d in decisions)
    assert all(a.ship_by is not None and a.ship_by > NOW for d in decisions for a in d.assignments)


async def test_nobody_to_ask_is_no_question(router_over: RouterOver) -> None:
    assert await router_over(RoutingStock()).route([]) == []


async def test_a_batch_never_takes_more_than_there_is_and_accounts_for_every_unit(router_over: RouterOver) -> None:
    there = RoutingStock({"TEE": {"EAST": 3, "WEST": 4}, "MUG": {"EAST": 2, "WEST": 9}})
    lines = (line("TEE", 2), line("MUG", 1))
    requests = [order(*lines, order_id=str(n), placed_at=NOW + timedelta(seconds=n)) for n in range(6)]
    taken: Counter[tuple[str, str]] = Counter()
    for request, decision in zip(requests, await router_over(there).route(requests), strict=True):
        found = Counter(decision.unplaced)
        for assignment in decision.assignments:
            found.update(assignment.lines)
            taken.update({(line_id[2:], assignment.location): n for line_id, n in assignment.lines.items()})
        assert found == Counter({one.line_id: one.quantity for one in request.lines})
    assert all(quantity <= there.at(*key) for key, quantity in taken.items())
    assert sum(n for (item, _), n in taken.items() if item == "TEE") == 7, "all there is"


async def test_one_location_ships_where_one_has_it_all(router_over: RouterOver) -> None:
    there = RoutingStock({"TEE": {"EAST": 1, "WEST": 2}, "MUG": {"WEST": 1}})
    decision = (await router_over(there).route([order(line("TEE", 2), line("MUG"))]))[0]
    assert shipped(decision) == {"WEST": {"l-TEE": 2, "l-MUG": 1}}


async def test_what_is_not_there_is_left_open(router_over: RouterOver) -> None:
    decision = (await router_over(RoutingStock({"TEE": {"EAST": 1}})).route([order(line("TEE", 3))]))[0]
    assert (shipped(decision), decision.unplaced) == ({"EAST": {"l-TEE": 1}}, {"l-TEE": 2})


@pytest.mark.parametrize(
    ("request_of", "locations"),
    [
        ({"excluded": ("EAST",)}, {"WEST"}),
        ({"excluded": ("EAST", "WEST")}, set()),
        ({"country": "DE"}, {"EU"}),
        ({"country": "JP"}, set()),
        ({"pickup_location": "SHOP"}, {"SHOP"}),
        ({"pickup_location": "WEST"}, set()),
        ({"pickup_location": "SHOP", "excluded": ("SHOP",)}, set()),
    ],
    ids=str,
)
async def test_only_those_are_asked_that_may_be(
    router_over: RouterOver, request_of: dict[str, Any], locations: set[str]
) -> None:
    there = RoutingStock({"TEE": dict.fromkeys(("EAST", "WEST", "EU", "SHOP"), 5)})
    decision = (await router_over(there).route([order(line("TEE"), **request_of)]))[0]
    assert set(shipped(decision)) == locations
    assert decision.held is None


async def test_hazardous_goods_leave_only_where_they_are_handled(router_over: RouterOver) -> None:
    there = RoutingStock({"GAS": {"WEST": 9, "EAST": 1}})
    decision = (await router_over(there).route([order(line("GAS", 2, categories=("hazmat",)))]))[0]
    assert (shipped(decision), decision.unplaced) == ({"EAST": {"l-GAS": 1}}, {"l-GAS": 1})


async def test_a_kit_leaves_whole(router_over: RouterOver) -> None:
    there = RoutingStock({"MUG": {"EAST": 3}, "TEE": {"WEST": 1, "EAST": 9}})
    kit = line("SET", 2, parts=(("MUG", 2), ("TEE", 1)))
    decision = (await router_over(there).route([order(kit)]))[0]
    assert (shipped(decision), decision.unplaced) == ({"EAST": {"l-SET": 1}}, {"l-SET": 1})


async def test_only_announced_goods_are_promised_and_the_date_is_told(router_over: RouterOver) -> None:
    soon, much_later = date(2026, 5, 8), date(2026, 12, 1)
    there = RoutingStock(
        {"TEE": {"EAST": 1}}, {"TEE": [Delivery(soon, "WEST", "PO-1", 2), Delivery(much_later, "EAST", "PO-2", 9)]}
    )
    decision = (await router_over(there).route([order(line("TEE", 5))]))[0]
    waiting = [a for a in decision.assignments if a.backorder]
    assert [(a.location, a.lines) for a in waiting] == [("WEST", {"l-TEE": 2})]
    assert waiting[0].ship_by is not None
    assert waiting[0].ship_by.date() >= soon
    assert decision.unplaced == {"l-TEE": 2}


async def test_the_same_question_gets_the_same_answer(router_over: RouterOver) -> None:
    router = router_over(RoutingStock({"TEE": {"EAST": 2, "WEST": 2}}))
    requests = [order(line("TEE", 3), order_id=str(n)) for n in range(2)]
    assert await router.route(requests) == await router.route(requests)
