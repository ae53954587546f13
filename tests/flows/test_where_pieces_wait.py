"""A line that waits at several locations: how its pieces are shared, whatever its requests went through."""

from typing import Any

import pytest

from canonical.fulfillment import FulfillmentOrder
from canonical.rules import example
from flows.handling.waiting_places import waits_of


def request(location: str, asked: int, remaining: int | None = None, line: str = "11") -> FulfillmentOrder:
    row: dict[str, Any] = {"line_id": line, "quantity": asked, "remaining": asked if remaining is None else remaining}
    first = example.fulfillment_order().lines[0].model_copy(update=row)
    return example.fulfillment_order(id=f"{location}-{asked}", location_id=location, lines=(first,))


@pytest.mark.parametrize(
    ("pieces", "requests", "wanted"),
    [
        (5, [], [(None, 5, 0)]),
        (5, [request("7", 5)], [("7", 5, 0)]),
        (5, [request("7", 3), request("8", 2)], [("7", 3, 0), ("8", 2, 0)]),
        (5, [request("7", 3), request("7", 2)], [("7", 5, 0)]),
        (5, [request("7", 3, 0), request("8", 2)], [("7", 3, 3), ("8", 2, 0)]),
        (5, [request("7", 3, 1), request("8", 2, 0)], [("7", 3, 2), ("8", 2, 2)]),
        (5, [request("7", 0), request("8", 5)], [("8", 5, 0)]),
        (5, [request("7", 3), request("9", 4, line="12")], [("7", 5, 2)]),
        (4, [request("7", 3), request("8", 2)], [("7", 3, 0), ("8", 1, 0)]),
        (5, [request("7", 5, 0), request("8", 2)], [("7", 3, 3), ("8", 2, 0)]),
        (1, [request("7", 0)], [("7", 1, 1)]),
    ],
)
def test_all_pieces_of_a_line_wait_somewhere_or_have_left_from_there(
    pieces: int, requests: list[FulfillmentOrder], wanted: list[tuple[str | None, int, int]]
) -> None:
    found = waits_of(requests, example.line(quantity=pieces))
    assert [(wait.location, wait.pieces, wait.fulfilled) for wait in found] == wanted
    assert sum(wait.pieces for wait in found) == pieces
