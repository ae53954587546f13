"""The facts a plan is made of, out of the papers and the runtime."""

from functools import partial

from canonical.booking import SalesOrderDocument
from canonical.ids import effect_key
from canonical.order import Order
from canonical.records import OrderRecord
from canonical.rules.booking import CREATE, sales_order_document
from canonical.rules.lifecycle.facts import Facts
from canonical.states import OrderState
from flows.handling.lives.papers import LifePaper
from flows.runtime import Runtime


def facts_of(rt: Runtime, paper: LifePaper) -> Facts:
    """One order as it stands now. The paper has an order and a life."""
    order, life, record = paper.order, paper.life, paper.record
    assert order is not None
    assert life is not None
    assert record is not None
    company = rt.landscape.shop(order.shop).company
    return Facts(
        order=order,
        life=life,
        policy=rt.house.policy(order.shop),
        places=rt.mappings,
        sale_key=effect_key(order.shop, CREATE, order.id),
        booked=is_booked(record),
        now=rt.now(),
        warehouse_of=partial(_warehouse_of, rt, company),
        item_of=partial(_item_of, rt, order),
        number_used=paper.numbers.get,
        sale_of=partial(_sale_of, rt),
    )


def is_booked(record: OrderRecord) -> bool:
    """Whether the ERP has the sale."""
    return record.external_id is not None and record.state in (
        OrderState.POSTED,
        OrderState.CANCELLED,
        OrderState.CLOSED,
        OrderState.HELD,
    )


def _sale_of(rt: Runtime, order: Order) -> SalesOrderDocument:
    """The sale by today's mappings. Raises what keeps it from being booked."""
    return sales_order_document(order, rt.mappings, rt.landscape.company_of(order.shop))


def _warehouse_of(rt: Runtime, company: str, location: str) -> str | None:
    system = rt.landscape.warehouse_at(company, location)
    return system.name if system is not None else None


def _item_of(rt: Runtime, order: Order, line_id: str) -> str | None:
    line = next((line for line in order.lines if line.id == line_id), None)
    if line is None or not line.requires_shipping:
        return None
    parts = rt.mappings.components(order.shop, line.sku, line.variant_id)
    if not parts:
        return None
    return parts[0][0] if len(parts) == 1 and parts[0][1] == 1 else line.sku
