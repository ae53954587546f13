"""Order routing: which location ships which lines, by rules that are data.

`route_orders` decides many and takes the stock down; `explain_route` shows one decision location by location.
Most units first, then fewest parcels, then points; `choosing` and `placing` say where that is exact.
"""

from canonical.rules.routing.calendar import parcels
from canonical.rules.routing.checking import accept_decisions
from canonical.rules.routing.deciding import OURS, PlaceLine, explain_route, route_orders
from canonical.rules.routing.reading import read_rules
from canonical.rules.routing.requests import Routable, held_by, routable
from canonical.rules.routing.routers import BackedRouter, RulesRouter, StockReader
from canonical.rules.routing.rules import OnFailure, RoutingRules
from canonical.rules.routing.stock import Delivery, RoutingStock, routing_stock

__all__ = [
    "OURS",
    "BackedRouter",
    "Delivery",
    "OnFailure",
    "PlaceLine",
    "Routable",
    "RoutingRules",
    "RoutingStock",
    "RulesRouter",
    "StockReader",
    "accept_decisions",
    "explain_route",
    "held_by",
    "parcels",
    "read_rules",
    "routable",
    "route_orders",
    "routing_stock",
]
