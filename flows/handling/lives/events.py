"""What a message of a warehouse says."""

from canonical.errors import RejectedError
from canonical.ports.warehouse import Warehouse
from canonical.records import Message
from canonical.warehouse import WarehouseEvent
from flows.runtime import Runtime


def event_in(rt: Runtime, message: Message) -> WarehouseEvent:
    """The event. Raises `RejectedError` when it cannot be read, or when nobody ships under the sender's name."""
    return _warehouse(rt, message).event_of(message)


def _warehouse(rt: Runtime, message: Message) -> Warehouse:
    for systems in rt.house.warehouses.values():
        if message.channel in systems:
            return systems[message.channel]
    raise RejectedError(
        f"{message.channel} tells what a warehouse tells, but the landscape names it in no [[warehouses]] entry",
        code="warehouse_unknown",
        document=message.delivery_key,
        field="channel",
        way_out="Name the system in the landscape, or stop its events.",
    )
