"""The ports: what flows and front doors ask of systems, as Protocols. Connectors implement them, nobody inherits.

Every write answers with one `Outcome` per request, in order: settled, awaiting an acknowledgement, or failed. A port
raises a `CrossdockError` only when the whole call failed. All calls are coroutines; none blocks the event loop.
"""

from canonical.ports.approvals import Approvals
from canonical.ports.budget import Budgets, CostBudget
from canonical.ports.front import WebhookSource
from canonical.ports.mapping import MappingBook, Mappings
from canonical.ports.orders import OrderTranslator, SalesChannel, SalesOrders
from canonical.ports.products import PictureProbe, Pictures, ProductBook, ProductChannel, ProductSource
from canonical.ports.settlement import Settlement
from canonical.ports.stock import StockBook, StockChannel, StockSource
from canonical.ports.store import Inbox, Ledger, StateStore

__all__ = [
    "Approvals",
    "Budgets",
    "CostBudget",
    "Inbox",
    "Ledger",
    "MappingBook",
    "Mappings",
    "OrderTranslator",
    "PictureProbe",
    "Pictures",
    "ProductBook",
    "ProductChannel",
    "ProductSource",
    "SalesChannel",
    "SalesOrders",
    "Settlement",
    "StateStore",
    "StockBook",
    "StockChannel",
    "StockSource",
    "WebhookSource",
]
