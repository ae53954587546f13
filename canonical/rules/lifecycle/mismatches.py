"""Where the shop, the warehouses and the ERP say different things of one order, found by comparing all three.

Pure: what each system says is read before. A mismatch is not repaired here; it is told, with the way out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from canonical.life import Done, OrderLife, Task
from canonical.order import Order
from canonical.ports.aftersales import OrderLogistics
from canonical.rules.lifecycle.pieces import added
from canonical.settlement import ErpDocument
from canonical.steps import SIDE_OF, Operation, Side
from canonical.warehouse import WarehouseState, WarehouseStatus

CODES: Final = (
    "mismatch_cancelled",
    "mismatch_shop_shipped",
    "mismatch_warehouse_missing",
    "mismatch_warehouse_state",
    "mismatch_warehouse_shipped",
    "mismatch_erp_missing",
)
"""Every reason code of a mismatch: a case of one of them is closed when it is found no more."""

_OVER: Final = frozenset({WarehouseState.REJECTED, WarehouseState.CANCELLED, WarehouseState.EXPIRED})
_KEPT_BY_ERP: Final = frozenset({
    Operation.SHIPMENT, Operation.INVOICE, Operation.PAYMENT, Operation.AUTHORISE, Operation.RECEIVE, Operation.CREDIT
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One thing that systems tell differently: in which document, what each says, since when, and what to do."""

    code: str
    document: str
    says: Mapping[str, str]
    since: datetime
    way_out: str

    @property
    def words(self) -> str:
        """What each system says, in a sentence.

        >>> from datetime import UTC
        >>> Mismatch("c", "request", {"wms": "2 shipped", "we": "1"}, datetime(2026, 1, 1, tzinfo=UTC), "").words
        'request: wms says 2 shipped, we says 1'
        """
        return f"{self.document}: " + ", ".join(f"{who} says {what}" for who, what in self.says.items())


@dataclass(frozen=True, slots=True)
class Told:
    """What the systems say of one order. None: not asked, so nothing is compared with it.

    `requests` are the warehouses' by request key, for the tasks in `asked`; `documents` the ERP's by key.
    """

    logistics: OrderLogistics | None
    requests: Mapping[str, WarehouseStatus]
    asked: frozenset[str]
    documents: Mapping[str, ErpDocument] | None


def mismatches(order: Order, life: OrderLife, told: Told) -> list[Mismatch]:
    """All that does not fit, in the order shop, warehouses, ERP; empty when they agree."""
    found = [] if told.logistics is None else _shop(order, life, told.logistics)
    for task in life.tasks:
        if task.key in told.asked:
            found += _warehouse(life, task, told.requests.get(task.key))
    if told.documents is not None:
        found += _erp(life, told.documents)
    return found


def _shop(order: Order, life: OrderLife, logistics: OrderLogistics) -> list[Mismatch]:
    found = []
    if logistics.cancelled and life.cancellation is None:
        words = {"the shop": "cancelled", "Crossdock": "not cancelled"}
        found.append(Mismatch("mismatch_cancelled", f"order {order.name}", words, life.updated_at, _LOOK))
    undone = next((done for key, done in life.done.items() if _operation(key) is Operation.CANCEL_ORDER), None)
    if undone is not None and not undone.awaiting and not logistics.cancelled:
        words = {"the shop": "not cancelled", "Crossdock": "cancelled"}
        found.append(Mismatch("mismatch_cancelled", f"order {order.name}", words, undone.at, _LOOK))
    shown: dict[str, int] = {}
    for fulfillment in logistics.fulfillments:
        for line, quantity in fulfillment.lines.items() if fulfillment.live else ():
            shown[line] = shown.get(line, 0) + quantity
    told = _told(life)
    for line in dict.fromkeys((*shown, *told)):
        if shown.get(line, 0) != told.get(line, 0):
            words = {"the shop": f"{shown.get(line, 0)} shipped", "Crossdock": f"{told.get(line, 0)}"}
            since = max((one.shipped_at for one in life.shipments if line in one.lines), default=life.updated_at)
            document = f"order {order.name} line {line}"
            found.append(Mismatch("mismatch_shop_shipped", document, words, since, _LOOK))
    return found


def _told(life: OrderLife) -> dict[str, int]:
    """What the shop confirmed as shipped, by line. What it was not told yet (or never is) waits as such."""
    standing = (
        parcel
        for shipment in life.shipments
        if not shipment.cancelled
        for parcel in shipment.parcels
        if parcel.id in shipment.told and shipment.told[parcel.id] not in shipment.taken_back
    )
    return added({line.line_id: line.quantity} for parcel in standing for line in parcel.lines)


def _warehouse(life: OrderLife, task: Task, status: WarehouseStatus | None) -> list[Mismatch]:
    """A request of ours against what its warehouse says of it."""
    document, system = f"order {life.order_name} request to {task.location}", task.system or "the warehouse"
    if status is None:
        if task.taken is None or task.state in _OVER:
            return []
        words = {system: "no such request", "Crossdock": str(task.state)}
        way = "Ask the warehouse whether it lost the request; cancel it there or enter it again."
        return [Mismatch("mismatch_warehouse_missing", document, words, task.updated_at, way)]
    found = []
    if (status.state in _OVER) != (task.state in _OVER) and not any(task.shipped.values()):
        words = {system: str(status.state), "Crossdock": str(task.state)}
        found.append(Mismatch("mismatch_warehouse_state", document, words, status.updated_at, _POLL))
    for line in dict.fromkeys((*status.shipped, *task.shipped)):
        theirs, ours = status.shipped.get(line, 0), task.shipped.get(line, 0)
        if theirs != ours:
            words = {system: f"{theirs} of line {line} shipped", "Crossdock": str(ours)}
            found.append(Mismatch("mismatch_warehouse_shipped", document, words, status.updated_at, _POLL))
    return found


def erp_documents(life: OrderLife) -> dict[str, Done]:
    """The documents that the ERP has to have by now, by key. What it answers later, it may not have yet."""
    return {
        key: done
        for key, done in life.done.items()
        if not done.awaiting and (operation := _operation(key)) in _KEPT_BY_ERP and SIDE_OF[operation] is Side.ERP
    }


def _erp(life: OrderLife, documents: Mapping[str, ErpDocument]) -> list[Mismatch]:
    found = []
    for key, done in erp_documents(life).items():
        if key not in documents:
            name = f"{_operation(key)} {done.number or done.id} of order {life.order_name}"
            words = {"the ERP": "no such document", "Crossdock": f"booked as {done.number or done.id}"}
            found.append(Mismatch("mismatch_erp_missing", name, words, done.at, _ERP))
    return found


def _operation(key: str) -> Operation:
    return Operation(key.split(":")[1])


_LOOK: Final = "Run the comparison with `heal`: the shop is heard again. What stays is repaired in the shop by hand."
_POLL: Final = "Run the comparison with `heal`, or replay the warehouse's event. What stays is asked of the warehouse."
_ERP: Final = "Look in the ERP who removed or renamed it, and restore it there: Crossdock books it only once."
