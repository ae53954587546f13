"""What an order is due for: pure rules over facts. Nothing is stored but facts; a plan is made anew each time."""

from canonical.rules.lifecycle.amending import booked_as, hear_booked
from canonical.rules.lifecycle.answering import answered, answers
from canonical.rules.lifecycle.hearing import hear_erp_cancelled, hear_logistics, hear_order, hear_warehouse
from canonical.rules.lifecycle.outcomes import refused, settled
from canonical.rules.lifecycle.planning import plan_fulfillment
from canonical.rules.lifecycle.routing_in import take_decisions, to_route
from canonical.rules.lifecycle.stage import is_open, stage_of

__all__ = [
    "answered",
    "answers",
    "booked_as",
    "hear_booked",
    "hear_erp_cancelled",
    "hear_logistics",
    "hear_order",
    "hear_warehouse",
    "is_open",
    "plan_fulfillment",
    "refused",
    "settled",
    "stage_of",
    "take_decisions",
    "to_route",
]
