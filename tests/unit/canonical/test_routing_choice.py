"""The choice of locations against brute force: most units, then fewest parcels, then points."""

import itertools
import random
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from canonical.rules.routing.choosing import Choice, Offer, choose, cost


def brute_force(needs: Sequence[int], grams: Sequence[int], offers: Sequence[Offer], fewest: bool) -> tuple[int, ...]:
    """The best key over every way to give each good to locations."""
    ways = [_splits(need, [offer.have[good] for offer in offers]) for good, need in enumerate(needs)]
    return min(_key(grams, offers, fewest, split) for split in itertools.product(*ways))


def _splits(need: int, limits: Sequence[int]) -> list[tuple[int, ...]]:
    every = itertools.product(*(range(min(need, limit) + 1) for limit in limits))
    return [split for split in every if sum(split) <= need]


def _key(
    grams: Sequence[int], offers: Sequence[Offer], fewest: bool, split: tuple[tuple[int, ...], ...]
) -> tuple[int, ...]:
    rows = list(zip(*split, strict=True))
    placed = [(offer, row) for offer, row in zip(offers, rows, strict=True) if any(row)]
    units = sum(map(sum, rows))
    return (-units, len(placed) if fewest else 0, cost(grams, placed))


def _key_of(choice: Choice, grams: Sequence[int], fewest: bool) -> tuple[int, ...]:
    units = sum(sum(row) for _, row in choice.placed)
    return (-units, len(choice.placed) if fewest else 0, cost(grams, choice.placed))


@st.composite
def small_cases(draw: st.DrawFn) -> tuple[list[int], list[int], list[Offer]]:
    goods = draw(st.integers(1, 3))
    needs = draw(st.lists(st.integers(1, 3), min_size=goods, max_size=goods))
    grams = draw(st.lists(st.sampled_from([0, 100, 2500]), min_size=goods, max_size=goods))
    places = draw(st.integers(1, 4))
    offers = [
        Offer(
            f"L{number}",
            draw(st.integers(0, 9)) * 100,
            draw(st.sampled_from([0, 0, 7, 300])),
            tuple(draw(st.integers(0, need)) for need in needs),
        )
        for number in range(places)
    ]
    return needs, grams, offers


@settings(max_examples=250, deadline=None)
@given(small_cases(), st.booleans())
def test_no_other_way_is_better_and_none_takes_more_than_there_is(
    case: tuple[list[int], list[int], list[Offer]], fewest: bool
) -> None:
    needs, grams, offers = case
    choice = choose(needs, grams, offers, fewest=fewest)
    assert choice.exact
    assert len({offer.location for offer, _ in choice.placed}) == len(choice.placed)
    for offer, units in choice.placed:
        assert all(0 <= count <= have for count, have in zip(units, offer.have, strict=True))
    for good, need in enumerate(needs):
        assert sum(units[good] for _, units in choice.placed) <= need
    assert _key_of(choice, grams, fewest) == brute_force(needs, grams, offers, fewest)


@settings(max_examples=100, deadline=None)
@given(small_cases(), st.randoms())
def test_the_order_of_the_offers_changes_nothing(
    case: tuple[list[int], list[int], list[Offer]], chance: random.Random
) -> None:
    needs, grams, offers = case
    mixed = list(offers)
    chance.shuffle(mixed)
    assert choose(needs, grams, mixed) == choose(needs, grams, offers)


def test_a_nearer_pair_goes_before_one_far_location_only_where_parcels_are_cheap() -> None:
    far = Offer("FAR", 5000, 0, (1, 1))
    near = [Offer("NEAR-1", 600, 0, (1, 0)), Offer("NEAR-2", 600, 0, (0, 1))]
    assert [o.location for o, _ in choose((1, 1), (0, 0), [far, *near]).placed] == ["FAR"]
    assert [o.location for o, _ in choose((1, 1), (0, 0), [far, *near], fewest=False).placed] == ["NEAR-1", "NEAR-2"]


def test_an_order_too_large_to_look_through_is_still_placed_whole() -> None:
    goods, places = 24, 40
    chance = random.Random(1)  # each location has a few of the goods, so that many sets nearly do
    offers = [
        Offer(f"L{n:02}", 500 + chance.randrange(900), 0, tuple(int(chance.random() < 0.15) for _ in range(goods)))
        for n in range(places)
    ]
    needs = [1] * goods
    reachable = sum(any(offer.have[good] for offer in offers) for good in range(goods))
    choice = choose(needs, [0] * goods, offers)
    assert sum(sum(units) for _, units in choice.placed) == reachable
    assert not choice.exact
