"""One figure, line by line: the same calculation as the vectorised one, in plain decimals and in words."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from canonical.inventory import Demand, InventoryLevel, StockOwner
from canonical.rules.availability.setup import (
    ChannelPlace,
    Explanation,
    ExplanationLine,
    Kit,
    Need,
    StockSetup,
    lowers,
    needs,
)
from canonical.rules.policies import EVERYTHING, Policy, basis_points

_ZERO: Final = Decimal(0)
_ONE: Final = Decimal(1)


class _Sum:
    """Lines, and what they add up to."""

    def __init__(self) -> None:
        self.lines: list[ExplanationLine] = []
        self.total = _ZERO

    def add(self, words: str, quantity: Decimal, *, always: bool = False) -> None:
        if quantity or always:
            self.lines.append(ExplanationLine(words=words, quantity=quantity))
            self.total += quantity

    def fall_to(self, words: str, limit: Decimal) -> None:
        """A line that brings the total down to a limit it exceeds."""
        self.add(words, min(_ZERO, limit - self.total))


@dataclass(frozen=True)
class _Facts:
    """What the calculation looks at."""

    setup: StockSetup
    levels: Sequence[InventoryLevel]
    needs: Sequence[Need]
    now: datetime

    def at(self, location: str, sku: str) -> list[InventoryLevel]:
        """The positions that count: those of the location's own source."""
        source = self.setup.owners[location].source
        return [row for row in self.levels if (row.sku, row.location, row.source) == (sku, location, source)]

    def owner(self, location: str) -> StockOwner:
        return self.setup.owners[location].owner

    def policy(self, place: ChannelPlace, sku: str) -> Policy:
        return self.setup.policies.policy(place.shop, place.location, sku)


def explain(
    setup: StockSetup,
    place: ChannelPlace,
    sku: str,
    levels: Sequence[InventoryLevel],
    demand: Iterable[Demand],
    now: datetime,
) -> Explanation | None:
    """How the figure of a SKU at a place comes about; None where no source tells of it, so that there is none.

    Give it the levels and the demand of all shops of the company for `setup.skus_with([sku])`.
    """
    facts = _Facts(setup, levels, list(needs(setup, demand)), now)
    kit = setup.kit_of.get((place.shop, sku))
    steps = _item(facts, place, sku) if kit is None else _kit(facts, place, kit)
    if steps is None:
        return None
    _show(steps, facts.policy(place, sku), now)
    owner = facts.owner(place.location)
    return Explanation(place=place, sku=sku, owner=owner, lines=tuple(steps.lines), figure=int(steps.total))


def _item(facts: _Facts, place: ChannelPlace, sku: str) -> _Sum | None:
    """What may be sold of an item at a place, before the channel's share, limits and caps."""
    rows = facts.at(place.location, sku)
    if not rows:
        return None
    steps, policy, owner = _Sum(), facts.policy(place, sku), facts.owner(place.location)
    _position(steps, owner, rows)
    _orders(steps, facts, place.location, sku)
    if owner is StockOwner.CROSSDOCK:
        last = facts.now.date() + timedelta(days=policy.incoming_days)
        for due in (due for row in rows for due in row.incoming if policy.incoming_days and due.due <= last):
            steps.add(f"incoming {due.document}, due {due.due}", due.quantity)
        told = sum((row.safety_stock for row in rows), _ZERO)
        steps.add("safety stock", -(told if policy.safety_stock is None else policy.safety_stock))
    _keep_back(steps, policy)
    _pools(steps, facts, place, sku)
    return steps


def _position(steps: _Sum, owner: StockOwner, rows: Sequence[InventoryLevel]) -> None:
    for row in sorted(rows, key=lambda r: r.native_location or r.location):
        place = f"{row.native_location or row.location} ({row.source})"
        if owner is not StockOwner.CROSSDOCK:
            words = "available" if row.supplied is not None else "no figure supplied, so nothing is available"
            steps.add(f"{words} at {place}, the owner's own figure", row.supplied or _ZERO, always=True)
            continue
        steps.add(f"on hand at {place}", row.on_hand, always=True)
        steps.add(f"allocated at {place}", -row.allocated)
        steps.add(f"quality hold at {place}", -row.quality_hold)


def _orders(steps: _Sum, facts: _Facts, location: str, sku: str) -> None:
    """What orders of every shop take here: those that name a place of this location, then those drawn from it."""
    owner = facts.owner(location)
    taken: dict[str, Decimal] = defaultdict(Decimal)
    for need in facts.needs:
        if need.sku == sku and need.place is not None and need.place.location == location:
            taken[need.shop] += _counted(owner, need)
    for shop, quantity in sorted(taken.items()):
        steps.add(f"reserved by orders of {shop} at this location", -quantity)
    for shop, where, quantity in _draws(facts, sku):
        if where == location:
            steps.add(f"reserved by orders of {shop} without a location, drawn from here", -quantity)


def _counted(owner: StockOwner, need: Need) -> Decimal:
    unbooked = need.unbooked if lowers(owner, booked=False) else _ZERO
    return unbooked + (need.booked if lowers(owner, booked=True) else _ZERO)


def _draws(facts: _Facts, sku: str) -> Iterator[tuple[str, str, Decimal]]:
    """(shop, location, quantity) of orders without a location: from what is there, in order of priority.

    Shop by shop; orders the ERP does not know first. What is more than there is falls on the first place.
    """
    locations = {place.location for place in facts.setup.places}
    stocked = {location for location in locations if facts.at(location, sku)}
    left = {location: _net(facts, location, sku) for location in stocked}
    homeless = [n for n in facts.needs if n.sku == sku and (n.place is None or n.place.location not in stocked)]
    for shop in facts.setup.shops:
        mine = [need for need in homeless if need.shop == shop]
        for booked in (False, True):
            rest = sum((need.booked if booked else need.unbooked for need in mine), _ZERO)
            order = [
                p for p in _by_priority(facts, shop, sku) if p in stocked and lowers(facts.owner(p), booked=booked)
            ]
            for location in order:
                part = min(rest, max(_ZERO, left[location]))
                if part:
                    yield shop, location, part
                left[location] -= part
                rest -= part
            if rest and order:
                yield shop, order[0], rest
                left[order[0]] -= rest


def _net(facts: _Facts, location: str, sku: str) -> Decimal:
    """The position less the orders that name a place here."""
    steps = _Sum()
    owner = facts.owner(location)
    _position(steps, owner, facts.at(location, sku))
    located = (n for n in facts.needs if n.sku == sku and n.place is not None and n.place.location == location)
    return steps.total - sum((_counted(owner, need) for need in located), _ZERO)


def _by_priority(facts: _Facts, shop: str, sku: str) -> list[str]:
    """Locations of a shop: those that sell the SKU first, then by priority, then by the channel's id."""
    ranked = []
    for place in facts.setup.places:
        if place.shop == shop:
            policy = facts.policy(place, sku)
            ranked.append((not policy.open_at(facts.now), policy.priority, place.location_id, place.location))
    return list(dict.fromkeys(location for *_, location in sorted(ranked)))


def _kit(facts: _Facts, place: ChannelPlace, kit: Kit) -> _Sum | None:
    """As many kits as the scarcest component allows, after its own safety stock and buffer at the place."""
    enough: list[tuple[Decimal, str]] = []
    stocked = False
    for sku, each in kit.parts:
        steps = _item(facts, place, sku)
        stocked = stocked or steps is not None
        there = _ZERO if steps is None else max(_ZERO, steps.total)
        enough.append(((there / each).to_integral_value(ROUND_FLOOR), f"{there:f} of {sku}, {each:f} in each"))
    if not stocked:
        return None
    total = _Sum()
    least = min(enough)[0]
    for kits, words in enough:
        short = " (the scarcest)" if kits == least else ""
        total.add(f"component: {words}, enough for {kits:f}{short}", _ZERO, always=True)
    if pool := facts.policy(place, kit.sku).pool_at(facts.now):
        total.add(f"a pool of {pool:f} keeps no kits: what is in them has pools of its own", _ZERO, always=True)
    total.add("kits that the components allow", least, always=True)
    return total


def _keep_back(steps: _Sum, policy: Policy) -> None:
    """The channel's buffer: units, or a share of what is there, rounded up to whole units."""
    points = basis_points(policy.buffer)
    if points is None:
        steps.add("buffer", -Decimal(policy.buffer))
    else:
        kept = (max(_ZERO, steps.total) * points / EVERYTHING).to_integral_value(ROUND_CEILING)
        steps.add(f"buffer of {policy.buffer}", -kept)


def _pools(steps: _Sum, facts: _Facts, place: ChannelPlace, sku: str) -> None:
    """What is kept for each shop that sells this stock, one after another, while there is something left."""
    room = max(_ZERO, steps.total)
    for shop in facts.setup.sellers[place.location]:
        pool = facts.setup.policies.policy(shop, place.location, sku).pool_at(facts.now)
        filled = min(pool, room)
        room -= filled
        if shop != place.shop:
            steps.add(f"kept for {shop}, its pool of {pool:f}", -filled)
        elif pool:
            steps.add(f"{filled:f} of these are the pool of {pool:f} kept for {shop}", _ZERO, always=True)


def _show(steps: _Sum, policy: Policy, now: datetime) -> None:
    """The channel's share, backorders, cap, whether it is sold at all; whole units, never below zero."""
    points = basis_points(policy.share) or 0
    if steps.total > 0 and points < EVERYTHING:
        seen = (steps.total * points / EVERYTHING).to_integral_value(ROUND_FLOOR)
        steps.add(f"kept for other channels; this one sees {policy.share}", seen - steps.total)
    steps.add("may be sold on backorder", policy.limit_at(now))
    if policy.cap is not None:
        steps.fall_to(f"cap of {policy.cap:f}", policy.cap)
    if not policy.open_at(now):
        words = "outside the selling window" if policy.sell else "not sold from here"
        steps.fall_to(words, min(_ZERO, steps.total))
    steps.add("never below zero", max(_ZERO, -steps.total))
    steps.add("part of a unit", (steps.total // _ONE) - steps.total)
