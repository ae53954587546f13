"""What goes over the wire. Of the shopper it carries country, region and postcode, nothing else.

    POST {url}/v1/decisions
    {"orders": [{"shop", "order_id", "order_name", "placed_at", "country", "region", "postcode", "method",
                 "pickup_location", "lines": [{"line_id", "item", "quantity", "takes", "categories", "grams"}],
                 "candidates": [{"location", "ship_by", "points", "units"}]}],
     "stock": {item: {location: units}}, "deliveries": {item: [{"due", "location", "quantity", "document"}]}}

`candidates` are the locations that may be asked, `units` what each could ship of each line by itself. The answer:

    {"decisions": [{"shop", "order_id", "words": [...], "unplaced": {line_id: units},
                    "assignments": [{"location", "lines": {line_id: units}, "ship_by", "backorder"}]}]}
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from canonical.errors import RetryableError
from canonical.model import Utc
from canonical.routing import Assignment, RoutingDecision, RoutingLine, RoutingRequest
from canonical.rules.routing.desk import Candidate, Desk
from canonical.rules.routing.stock import RoutingStock


class _Wire(BaseModel):
    """An engine may say more than we read."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class WireAssignment(_Wire):
    location: str = Field(min_length=1, max_length=200)
    lines: dict[str, int]
    ship_by: Utc | None = None
    backorder: bool = False


class WireDecision(_Wire):
    shop: str
    order_id: str
    assignments: tuple[WireAssignment, ...] = ()
    unplaced: dict[str, int] = {}
    words: tuple[str, ...] = ()


class WireAnswer(_Wire):
    decisions: tuple[WireDecision, ...]


def question(requests: Sequence[RoutingRequest], desk: Desk, stock: RoutingStock) -> dict[str, Any]:
    """The body for these requests."""
    items = {item for request in requests for line in request.lines for item, _ in line.takes}
    return {
        "orders": [_order(request, desk, stock) for request in requests],
        "stock": {item: {at: stock.at(item, at) for at in stock.free.get(item, ())} for item in sorted(items)},
        "deliveries": {
            item: [{**row._asdict(), "due": row.due.isoformat()} for row in stock.deliveries.get(item, ())]
            for item in sorted(items)
        },
    }


def decisions_in(body: bytes, system: str) -> Mapping[tuple[str, str], RoutingDecision]:
    """The decisions of an answer, by shop and order id. Raises `RetryableError` when it cannot be read."""
    try:
        answer = WireAnswer.model_validate_json(body)
        return {(one.shop, one.order_id): _decision(one, system) for one in answer.decisions}
    except ValidationError as error:
        places = ", ".join(".".join(map(str, problem["loc"])) or "body" for problem in error.errors()[:3])
        raise RetryableError(
            f"the answer of {system} cannot be read ({places})",
            code="reply_unreadable",
            way_out="Compare the engine's answer with connectors/routing_engine/wire.py.",
        ) from error


def _decision(one: WireDecision, system: str) -> RoutingDecision:
    return RoutingDecision(
        order_id=one.order_id,
        assignments=tuple(Assignment(**assignment.model_dump()) for assignment in one.assignments),
        unplaced=one.unplaced,
        decided_by=system,
        words=tuple(words[:2000] for words in one.words if words),
    )


def _order(request: RoutingRequest, desk: Desk, stock: RoutingStock) -> dict[str, Any]:
    goods = desk.goods(request)
    candidates, _ = desk.candidates(request, goods, stock)
    good_of = {line.line_id: number for number, good in enumerate(goods) for line in good.lines}
    named = ("shop", "order_id", "order_name", "country", "region", "postcode", "method", "pickup_location")
    return {
        **{name: getattr(request, name) for name in named},
        "placed_at": request.placed_at.isoformat(),
        "lines": [_line(line, goods[good_of[line.line_id]].categories) for line in request.lines],
        "candidates": [_candidate(candidate, request.lines, good_of) for candidate in candidates],
    }


def _line(line: RoutingLine, categories: Sequence[str]) -> dict[str, Any]:
    return {
        "line_id": line.line_id,
        "item": line.item,
        "quantity": line.quantity,
        "takes": dict(line.takes),
        "categories": list(categories),
        "grams": line.grams,
    }


def _candidate(candidate: Candidate, lines: Sequence[RoutingLine], good_of: Mapping[str, int]) -> dict[str, Any]:
    have = candidate.offer.have
    return {
        "location": candidate.offer.location,
        "ship_by": candidate.day.ship_by.isoformat(),
        "points": candidate.offer.points,
        "units": {line.line_id: min(line.quantity, have[good_of[line.line_id]]) for line in lines},
    }
