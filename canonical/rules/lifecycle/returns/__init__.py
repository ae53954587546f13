"""Returns and refunds of an order: what is told is heard, what is due is planned. Pure rules over facts."""

from canonical.rules.lifecycle.returns.hearing import (
    approvals_over,
    hear_decision,
    hear_goods_back,
    hear_refunds,
    hear_return,
)
from canonical.rules.lifecycle.returns.outcomes import RETURN_OPERATIONS, refused_return, settled_return
from canonical.rules.lifecycle.returns.planning import plan_returns

__all__ = [
    "RETURN_OPERATIONS",
    "approvals_over",
    "hear_decision",
    "hear_goods_back",
    "hear_refunds",
    "hear_return",
    "plan_returns",
    "refused_return",
    "settled_return",
]
