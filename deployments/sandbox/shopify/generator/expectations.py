"""What should become of each generated order: kept beside the orders, where no Admin API client can see it."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from deployments.sandbox.shopify.generator.scenarios import Scenario
from deployments.sandbox.shopify.records import Record, gid, gid_tail
from deployments.sandbox.shopify.state import State

TYPE = "SandboxExpectation"  # no type of the Admin schema


def note(state: State, shop: str, order: Record, scenario: Scenario) -> Record:
    """Keep what an order was made for."""
    total = order["totalPriceSet"]["shopMoney"]
    record = {
        "id": gid(TYPE, gid_tail(order["id"])),
        "shop": shop,
        "order_id": order["id"],
        "order_name": order["name"],
        "kind": scenario.expectation.kind,
        "reason": scenario.expectation.reason,
        "scenario": scenario.name,
        "total": total["amount"],
        "currency": total["currencyCode"],
    }
    return state.add(shop, TYPE, record, topics=())


def noted(state: State, shops: Iterable[str]) -> list[dict[str, Any]]:
    """The notes of some shops, oldest first."""
    hidden = ("id", "createdAt", "updatedAt")
    return [
        {name: value for name, value in record.items() if name not in hidden}
        for shop in shops
        for record in state.all(shop, TYPE)
    ]


def tally(notes: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """How many orders of each kind, and of each reason."""
    notes = list(notes)
    kinds = Counter({"book": 0, "hold": 0, "quarantine": 0, "skip": 0})
    kinds.update(entry["kind"] for entry in notes)
    reasons = Counter(entry["reason"] for entry in notes if entry["reason"])
    return {"total": len(notes), "expected": dict(kinds), "reasons": dict(sorted(reasons.items()))}
