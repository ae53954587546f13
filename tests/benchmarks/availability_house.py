"""The company of `bench availability`: a million positions, its policy, its orders, and the bare expression."""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import numpy as np

from canonical.inventory import Demand, StockOwner
from canonical.rules.availability import ChannelPlace, Kit, StockSetup
from canonical.rules.availability.columns import AMOUNTS, Columns, Ints, wholes
from canonical.rules.policies import Policies, PolicyRow
from canonical.stock_owners import StockOwnership

NOW: Final = datetime(2026, 5, 4, 10, 30, tzinfo=UTC)
CENTRES: Final = ("DC-1", "DC-2", "DC-3")
STORES: Final = tuple(f"ST-{number}" for number in range(1, 19))
NATIVE: Final = [(centre, f"{centre}-{hall}") for centre in CENTRES for hall in "AB"] + [(s, s) for s in STORES]
ROWS_OF_A_SKU: Final = len(NATIVE)
KITS: Final = 500
_FEW: Final = [Decimal(number) for number in range(8)]
_MANY: Final = [Decimal(number) for number in range(400)]


def company(skus: Sequence[str]) -> StockSetup:
    """Shop north sells everywhere, shop south from the centres and six stores."""
    places = [ChannelPlace(shop="north", location_id=f"n{at}", location=at) for at in (*CENTRES, *STORES)]
    places += [ChannelPlace(shop="south", location_id=f"s{at}", location=at) for at in (*CENTRES, *STORES[:6])]
    places.sort(key=lambda place: (place.shop, place.location_id))
    owners = {at: StockOwnership(owner=StockOwner.CROSSDOCK, source="erp") for at in (*CENTRES, *STORES)}
    kits = [
        Kit(shop="north", sku=f"KIT-{n}", parts=((skus[n], Decimal(2)), (skus[-n - 1], Decimal(1))))
        for n in range(KITS)
    ]
    return StockSetup("north", tuple(places), owners, _policies(skus), tuple(kits))


def _policies(skus: Sequence[str]) -> Policies:
    rows = [
        PolicyRow(buffer="10%", urgent_below=4),
        PolicyRow(shop="south", share="80%"),
        PolicyRow(group="stores", buffer="2", priority=500),
        PolicyRow(category="bulky", cap=Decimal(50)),
        *(PolicyRow(sku=sku, safety_stock=Decimal(5), cap=Decimal(20)) for sku in skus[:200]),
    ]
    return Policies(tuple(rows), {"stores": ("ST-*",)}, dict.fromkeys(skus[::10], "bulky"))


def positions(skus: Sequence[str], rows: int, chance: random.Random) -> Columns:
    """Columns as the store gives them."""
    columns: dict[str, list[Any]] = {"sku": [sku for sku in skus for _ in NATIVE][:rows]}
    columns["location"] = [at for _ in skus for at, _ in NATIVE][:rows]
    columns["native_location"] = [native for _ in skus for _, native in NATIVE][:rows]
    columns["source"] = ["erp"] * rows
    columns["on_hand"] = chance.choices(_MANY, k=rows)
    columns |= {name: chance.choices(_FEW, k=rows) for name in ("allocated", "quality_hold", "safety_stock")}
    columns |= {"supplied": [None] * rows, "incoming": [()] * rows}
    return columns


def demand(skus: Sequence[str], chance: random.Random) -> Iterator[Demand]:
    """Orders of one SKU in five at a place, of one in fifty without."""
    for share, located in ((5, True), (50, False)):
        for sku in chance.sample(skus, len(skus) // share):
            location = f"n{chance.choice((*CENTRES, *STORES))}" if located else None
            yield Demand(shop="north", sku=sku, location=location, reserved=chance.choice(_FEW))


def bare_arrays(columns: Columns) -> dict[str, Ints]:
    """What the bare expression works on: an array for each quantity and each term of the policy, a number a row."""
    rows = len(columns["sku"])
    arrays = {name: wholes(columns[name], 1) for name in AMOUNTS if name != "supplied"}
    store = np.fromiter((at.startswith("ST-") for at in columns["location"]), bool, rows)
    return arrays | {
        "reserved": np.arange(rows, dtype=np.int64) % 7 // 6,
        "units": np.where(store, 2, 0).astype(np.int64),
        "points": np.where(store, 0, 1000).astype(np.int64),
        "share": np.where(np.arange(rows) % 3 == 0, 8000, 10_000).astype(np.int64),
        "cap": np.where(np.arange(rows) // ROWS_OF_A_SKU % 10 == 0, 50, 2**40).astype(np.int64),
    }


def bare_expression(  # the policy, and nothing else
    on_hand: Ints, allocated: Ints, quality_hold: Ints, safety_stock: Ints, reserved: Ints, units: Ints, points: Ints,
    share: Ints, cap: Ints,
) -> Ints:  # fmt: skip
    """The figure of each row."""
    left = on_hand - allocated - quality_hold - reserved - safety_stock
    left = left - units + -np.maximum(left, 0) * points // 10_000
    found: Ints = np.maximum(np.minimum(np.where(left > 0, left * share // 10_000, left), cap), 0)
    return found
