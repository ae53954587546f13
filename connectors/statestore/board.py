"""The boards of stores: requests as rows of their own scope beside the cursors, events as what the inbox keeps."""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Connection, select, update

from canonical.ids import aggregate_key
from canonical.ports.counter import OnBoard
from canonical.ports.store import StateStore
from canonical.records import Delivery, Message
from canonical.warehouse import FulfillmentRequest, WarehouseEvent
from canonical.warehouse_messages import KIND, order_of_request
from connectors.statestore import inbox
from connectors.statestore.database import Database
from connectors.statestore.dialects import insert_into, now_of
from connectors.statestore.groups import in_groups
from connectors.statestore.tables import CURSOR, INBOX
from connectors.warehouse_events import events_by_key

_C: Final = CURSOR.c


class SqlStoreBoard:
    """Implements `canonical.ports.counter.StoreBoard`. Shares the store's database."""

    def __init__(self, database: Database, store: StateStore) -> None:
        self._database, self._store = database, store

    async def pin(self, system: str, request: FulfillmentRequest) -> OnBoard:
        """See the port."""
        entry = OnBoard(request=request)
        await self._database.write(lambda c: _pin(c, system, entry))
        return (await self.on_board(system, [request.key]))[request.key]

    async def replace(self, system: str, old: OnBoard, new: OnBoard) -> bool:
        """See the port."""
        return await self._database.write(lambda c: _replace(c, system, old, new))

    async def on_board(self, system: str, keys: Sequence[str] | None = None) -> Mapping[str, OnBoard]:
        """See the port."""
        return await self._database.read(lambda c: _on_board(c, system, keys))

    async def tell(self, deliveries: Sequence[Delivery]) -> list[bool]:
        """See the port."""
        return await self._store.put(deliveries)

    async def told(self, system: str, keys: Sequence[str]) -> Mapping[str, Sequence[WarehouseEvent]]:
        """See the port. A message that cannot be read says nothing; it is quarantined where it is handled."""
        messages = await self._database.read(lambda c: _told(c, system, keys))
        return {key: events for key, events in events_by_key(messages).items() if key in set(keys)}


def _scope(system: str) -> str:
    return f"board:{system}"


def _pin(connection: Connection, system: str, entry: OnBoard) -> None:
    row = {
        "scope": _scope(system),
        "name": entry.request.key,
        "value": entry.model_dump_json(),
        "updated_at": now_of(connection),
    }
    connection.execute(insert_into(connection, CURSOR).on_conflict_do_nothing(), row)


def _replace(connection: Connection, system: str, old: OnBoard, new: OnBoard) -> bool:
    here = (_C.scope == _scope(system), _C.name == old.request.key, _C.value == old.model_dump_json())
    values = {"value": new.model_dump_json(), "updated_at": now_of(connection)}
    return bool(connection.execute(update(CURSOR).where(*here).values(values)).rowcount)


def _on_board(connection: Connection, system: str, keys: Sequence[str] | None) -> dict[str, OnBoard]:
    query = select(_C.name, _C.value).where(_C.scope == _scope(system)).order_by(_C.name)
    groups = [query] if keys is None else [query.where(_C.name.in_(group)) for group in in_groups(sorted(set(keys)))]
    rows = [row for one in groups for row in connection.execute(one)]
    return {row.name: OnBoard.model_validate_json(row.value) for row in rows}


def _told(connection: Connection, system: str, keys: Sequence[str]) -> list[Message]:
    orders = {order for key in keys if (order := order_of_request(key)) is not None}
    aggregates = sorted(aggregate_key(shop, "order", order) for shop, order in orders)
    found: list[int] = []
    for group in in_groups(aggregates):
        query = select(INBOX.c.seq).where(INBOX.c.aggregate_key.in_(group), INBOX.c.channel == system)
        found += [row.seq for row in connection.execute(query.where(INBOX.c.kind == KIND))]
    return inbox.messages(connection, found)
