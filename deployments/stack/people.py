"""The people of the sandbox at a running house, from the environment that `up` and a stack give their clients.

The robots share no code with us; only the board of the stores, which is ours, is read here for them.
"""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from canonical.errors import MisconfiguredError
from canonical.ports.counter import OnBoard, StoreBoard
from canonical.rules.warehouse_state import short, state_of
from canonical.warehouse import WarehouseEvent
from connectors import registry
from deployments.sandbox.live.people import People
from deployments.sandbox.live.shop_admin import ShopAdmin
from deployments.sandbox.live.shopper import Shopper
from deployments.sandbox.live.store_worker import Pinned, StoreWorker
from deployments.sandbox.live.three_pl_worker import ThreePlWorker
from deployments.sandbox.live.wms_worker import WmsWorker
from deployments.stack.plan import till_journal
from deployments.stack.stack import applied

STORES = "stores"
PLACES = {"parcels": "DC-WEST", "harbour": "DC-EU"}
"""Where the 3PLs of the sandbox ship from."""


@asynccontextmanager
async def opened_people(environment: Mapping[str, str], *, seed: int = 0) -> AsyncIterator[People]:
    """Shopper and workers at the counterparts that an environment names.

    Their labels are new ones, whatever the seed: no carrier prints a number twice, and a house remembers those it saw.
    Raises `MisconfiguredError` naming what is missing in the environment.
    """
    with applied(environment):
        store = await registry.state_store()
    try:
        async with People(
            Shopper(ShopAdmin(_of(environment, "SHOP_NORTH_BASE_URL"), _of(environment, "SHOP_NORTH_CLIENT_SECRET"))),
            {
                "wms": WmsWorker(_server(_of(environment, "WAREHOUSE_WMS_URL"))),
                **{name: _three_pl(environment, name, place) for name, place in PLACES.items()},
                STORES: StoreWorker(
                    _of(environment, "GATEWAY_URL"),
                    _of(environment, "GATEWAY_SENDERS__STORES__SECRET"),
                    _Board(registry.store_board(store)).rows,
                    till_journal(Path(_of(environment, "WAREHOUSE_PARCELS_URL")).parent),
                ),
            },
            f"{seed}/{time.time_ns()}",
        ) as people:
            yield people
    finally:
        await store.aclose()


class _Board:
    """What a till sees."""

    def __init__(self, board: StoreBoard) -> None:
        self._board = board

    async def rows(self) -> Sequence[Pinned]:
        """Every request, with what was told of it."""
        entries = await self._board.on_board(STORES)
        told = await self._board.told(STORES, list(entries))
        return [_pinned(entry, told.get(key, ())) for key, entry in entries.items()]


def _pinned(entry: OnBoard, told: Sequence[WarehouseEvent]) -> Pinned:
    request, missing = entry.request, short(told)
    state = state_of(told, {line.line_id: line.quantity for line in request.lines})
    return Pinned(
        key=request.key,
        company=request.company,
        place=request.location,
        state="cancelled" if entry.cancelled else state.value,
        lines=[(line.line_id, line.item, line.quantity - missing.get(line.line_id, 0)) for line in request.lines],
        pickup=request.pickup,
    )


def _three_pl(environment: Mapping[str, str], name: str, place: str) -> ThreePlWorker:
    return ThreePlWorker(Path(_of(environment, f"WAREHOUSE_{name.upper()}_URL")), name, place)


def _server(url: str) -> str:
    """The server of an address that names the database too."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _of(environment: Mapping[str, str], name: str) -> str:
    variable = f"CROSSDOCK_{name}"
    if not environment.get(variable):
        raise MisconfiguredError(
            "the people of the sandbox do not know where to go",
            code="settings",
            field=variable,
            way_out="Start `crossdock up`, and source the environment file that it prints.",
        )
    return environment[variable]
