"""The tables of the state store. Nobody outside `connectors.statestore` sees them."""

from connectors.statestore.tables.approval import APPROVAL, APPROVAL_CODE
from connectors.statestore.tables.budget import CALL_BUDGET, CALL_BUDGET_SHARE
from connectors.statestore.tables.control import CURSOR, LANE, PRINCIPAL
from connectors.statestore.tables.documents import CASE, CLOCK, LIFE, ORDERS, RESERVATION
from connectors.statestore.tables.inbox import INBOX, PAYLOAD
from connectors.statestore.tables.ledger import AUDIT, EFFECT_ROWS, REFERENCE
from connectors.statestore.tables.mapping import MAPPING_CHANGE, MAPPING_ROW, MAPPING_VERSION
from connectors.statestore.tables.product import PRODUCT_PUBLISHED, PRODUCT_SKU, PRODUCT_SOURCE, PRODUCT_WITHHELD
from connectors.statestore.tables.schema import METADATA
from connectors.statestore.tables.stock import STOCK_FIGURE, STOCK_LEVEL, STOCK_TAKEN

__all__ = [
    "APPROVAL",
    "APPROVAL_CODE",
    "AUDIT",
    "CALL_BUDGET",
    "CALL_BUDGET_SHARE",
    "CASE",
    "CLOCK",
    "CURSOR",
    "EFFECT_ROWS",
    "INBOX",
    "LANE",
    "LIFE",
    "MAPPING_CHANGE",
    "MAPPING_ROW",
    "MAPPING_VERSION",
    "METADATA",
    "ORDERS",
    "PAYLOAD",
    "PRINCIPAL",
    "PRODUCT_PUBLISHED",
    "PRODUCT_SKU",
    "PRODUCT_SOURCE",
    "PRODUCT_WITHHELD",
    "REFERENCE",
    "RESERVATION",
    "STOCK_FIGURE",
    "STOCK_LEVEL",
    "STOCK_TAKEN",
]
