"""Why an order was routed as it was, in words."""

from collections.abc import Iterable, Mapping, Sequence

from canonical.routing import RoutingRequest
from canonical.rules.routing.desk import Candidate, Desk, Good, Refusal
from canonical.rules.routing.placing import Placing


def words_of(
    desk: Desk,
    request: RoutingRequest,
    goods: Sequence[Good],
    placing: Placing,
    by_code: Mapping[str, Candidate],
    refusals: Sequence[Refusal],
) -> Iterable[str]:
    """A line for each rule that mattered."""
    placed = placing.choice.placed
    if request.pickup_location is not None:
        yield f"to be picked up at {request.pickup_location}: no other location is asked"
    if len(placed) > 1:
        exactly = placing.choice.exact and desk.rules.policy.fewest_parcels
        why = "no location has it all, and no fewer have as much" if exactly else "the best split found"
        yield f"{len(placed)} parcels: {why}"
    for offer, units in placed:
        yield _ships(desk, goods, units, by_code[offer.location])
    for wait in placing.waits:
        behind = ", ".join(wait.documents)
        yield f"{wait.location} waits for {wait.units} {goods[wait.good].name}, due {wait.due} ({behind})"
    for good, count in zip(goods, placing.left, strict=True):
        if count:
            yield f"{count} of {good.quantity} {good.name}: nobody who may ship it has more, and none is due in time"
    grouped: dict[str, list[str]] = {}
    for refusal in refusals:
        grouped.setdefault(refusal.words, []).append(refusal.location)
    for words, locations in grouped.items():
        yield f"{', '.join(locations)}: {words}"


def price(desk: Desk, candidate: Candidate) -> str:
    """The points of a parcel from there, and how they come about. Kilograms come on top."""
    weights, late, per_kg = desk.rules.weights, candidate.day.late, candidate.lane.per_kg
    parts = [f"parcel {weights.parcel}", candidate.lane.words] if weights.parcel else [candidate.lane.words]
    if late and weights.day:
        parts.append(f"{late} {'day' if late == 1 else 'days'} later {late * weights.day}")
    if per_kg:
        parts.append(f"and {per_kg} a kg")
    return f"{candidate.offer.points} points ({', '.join(parts)})"


def _ships(desk: Desk, goods: Sequence[Good], units: Sequence[int], candidate: Candidate) -> str:
    """What a location ships, when, and what it cost."""
    items = ", ".join([f"{count} {good.name}" for count, good in zip(units, goods, strict=True) if count])
    return f"{candidate.offer.location} ships {items} on {candidate.day.day}: {price(desk, candidate)}"
