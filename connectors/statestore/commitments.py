"""The lines that we believe a channel counts as committed, one by one."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, select

from canonical.ports.stock import Commitment
from connectors.statestore.groups import in_groups
from connectors.statestore.tables import RESERVATION

_R = RESERVATION.c


def commitments(
    connection: Connection, shop: str, skus: Sequence[str], locations: Sequence[str], limit: int
) -> list[Commitment]:
    """The lines behind `Demand.committed` at these places, the oldest first, so many at most."""
    columns = (_R.recorded_at, _R.order_id, _R.line_id, _R.sku, _R.location, _R.sold_as, _R.quantity, _R.gone)
    places = sorted(set(locations))
    found: list[tuple[datetime, Commitment]] = []
    for some in in_groups(sorted(set(skus))):
        query = select(*columns).where(_R.scope == shop, _R.left_at.is_(None), _R.sku.in_(some))
        query = query.where(_R.location.in_(places)).order_by(_R.recorded_at, _R.order_id, _R.line_id).limit(limit)
        for at, order_id, line_id, sku, location, sold_as, quantity, gone in connection.execute(query):
            open_part = quantity - (gone or Decimal(0))
            found.append((at, Commitment(order_id, line_id, sku, location, sold_as, open_part)))
    found.sort(key=lambda one: (one[0], one[1].order_id, one[1].line_id))
    return [line for _, line in found[:limit]]
