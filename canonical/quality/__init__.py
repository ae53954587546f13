"""Data-quality gates: one Great Expectations suite a stage, run once a batch, never a record.

Importing this package is cheap. Great Expectations (3.6 s of CPU) is imported when the first gate is built, so only
flows build gates; gateway, command line and stand-ins never do. A gate blocks for 50-250 ms: flows call it through
`asyncio.to_thread`.
"""

from canonical.quality.gate import Failure, Gate, GateResult
from canonical.quality.life_stages import LIFE_STAGES, life_gate
from canonical.quality.product_stages import PRODUCT_STAGES, product_gate
from canonical.quality.stages import STAGES, order_gate
from canonical.quality.stock_stages import STOCK_STAGES, stock_gate

__all__ = [
    "LIFE_STAGES",
    "PRODUCT_STAGES",
    "STAGES",
    "STOCK_STAGES",
    "Failure",
    "Gate",
    "GateResult",
    "life_gate",
    "order_gate",
    "product_gate",
    "stock_gate",
]
