"""The engine's own way to decide."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

Stock = dict[str, dict[str, int]]


def decide(question: dict[str, Any]) -> dict[str, Any]:
    """The answer to a question; what one order takes the next does not have."""
    stock: Stock = {item: dict(places) for item, places in question["stock"].items()}
    coming: dict[str, list[dict[str, Any]]] = {
        item: sorted((dict(row) for row in rows), key=lambda row: (row["due"], row["location"]))
        for item, rows in question["deliveries"].items()
    }
    return {"decisions": [_order(order, stock, coming) for order in question["orders"]]}


def _order(order: dict[str, Any], stock: Stock, coming: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    left = {line["line_id"]: line["quantity"] for line in order["lines"]}
    candidates = {one["location"]: one for one in order["candidates"]}
    assignments: list[dict[str, Any]] = []
    open_places = dict(candidates)
    while any(left.values()) and open_places:
        fills = {name: _fill(order, one, left, stock) for name, one in open_places.items()}
        best = min(fills, key=lambda name: (-sum(fills[name].values()), candidates[name]["ship_by"], name))
        if not fills[best]:
            break
        _take(order, best, fills[best], stock)
        left = {line_id: rest - fills[best].get(line_id, 0) for line_id, rest in left.items()}
        assignments.append({"location": best, "lines": fills[best], "ship_by": candidates[best]["ship_by"]})
        del open_places[best]
    waiting = _wait(order, left, candidates, coming)
    names = ", ".join(one["location"] for one in assignments) or "nobody"
    return {
        "shop": order["shop"],
        "order_id": order["order_id"],
        "assignments": assignments + waiting,
        "unplaced": {line_id: rest for line_id, rest in left.items() if rest},
        "words": [f"shipped by {names}, who place the most"],
    }


def _fill(order: dict[str, Any], candidate: dict[str, Any], left: dict[str, int], stock: Stock) -> dict[str, int]:
    """What a location ships of what is left."""
    used: dict[str, int] = {}
    found: dict[str, int] = {}
    for line in order["lines"]:
        place = candidate["location"]
        units = min(left[line["line_id"]], candidate["units"][line["line_id"]])
        for item, each in line["takes"].items():
            units = min(units, (stock.get(item, {}).get(place, 0) - used.get(item, 0)) // each)
        if units > 0:
            found[line["line_id"]] = units
            for item, each in line["takes"].items():
                used[item] = used.get(item, 0) + units * each
    return found


def _take(order: dict[str, Any], place: str, units: dict[str, int], stock: Stock) -> None:
    for line in order["lines"]:
        for item, each in line["takes"].items():
            if line["line_id"] in units:
                stock[item][place] -= units[line["line_id"]] * each


def _wait(
    order: dict[str, Any],
    left: dict[str, int],
    candidates: dict[str, Any],
    coming: dict[str, list[dict[str, Any]]],
) -> list[dict[str, Any]]:
    """Single items wait for the deliveries of the next sixty days; `left` becomes what nobody brings."""
    first = date.fromisoformat(order["placed_at"][:10])
    found: dict[tuple[str, str], dict[str, int]] = {}
    for line in order["lines"]:
        (item, each), *more = line["takes"].items()
        if more or line["categories"]:
            continue
        for row in coming.get(item, []):
            soon = date.fromisoformat(row["due"]) <= first + timedelta(days=60)
            units = min(left[line["line_id"]], row["quantity"] // each) if soon and row["location"] in candidates else 0
            if units:
                row["quantity"] -= units * each
                left[line["line_id"]] -= units
                lines = found.setdefault((row["due"], row["location"]), {})
                lines[line["line_id"]] = lines.get(line["line_id"], 0) + units
    return [
        {"location": place, "lines": lines, "ship_by": f"{due}T18:00:00+00:00", "backorder": True}
        for (due, place), lines in sorted(found.items())
    ]
