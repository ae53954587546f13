"""What an order is due for on its way to the shopper, as a function of facts only."""

from datetime import timedelta
from typing import Final

from canonical.rules.lifecycle.amending import plan_amending
from canonical.rules.lifecycle.capturing import plan_captures
from canonical.rules.lifecycle.drafting import Draft, pieces_in_words
from canonical.rules.lifecycle.facts import Facts, Plan
from canonical.rules.lifecycle.pieces import missing
from canonical.rules.lifecycle.posting import plan_postings
from canonical.rules.lifecycle.requesting import plan_requests
from canonical.rules.lifecycle.routing_in import attempts, expired_lines
from canonical.rules.lifecycle.telling import plan_telling
from canonical.rules.lifecycle.tidying import names, tidy
from canonical.rules.lifecycle.undoing import plan_undoing

ROUTE_AGAIN: Final = timedelta(hours=1)
"""What nobody could ship is looked for again after this long."""


def plan_fulfillment(facts: Facts) -> Plan:
    """Steps, waits and decisions of one order. The same facts give the same plan, and a kept plan gives it again."""
    draft = Draft(facts, facts.life)
    tidy(draft)
    plan_requests(draft)
    plan_telling(draft)
    if not plan_amending(draft):  # what follows a sale waits until the sale is as it is to be
        plan_postings(draft)
    plan_captures(draft)
    plan_undoing(draft)
    _unplaced(draft)
    return draft.plan()


def _unplaced(draft: Draft) -> None:
    """Pieces that nobody ships: a person has to find somebody."""
    if draft.life.cancellation is not None:
        return
    expired = expired_lines(draft.life)
    lost = {line: n for line, n in missing(draft.order, draft.life).items() if line not in expired}
    if not lost:
        return
    what = pieces_in_words(lost, names(draft))
    held = next((one.held for one in reversed(draft.life.decisions) if one.held), None)
    again = draft.facts.now + ROUTE_AGAIN
    if held and not draft.life.tasks:
        draft.wait("routing_held", f"nobody decided who ships {what}: {held}", "Release it to decide again.", at=again)
        return
    tried = attempts(draft.life)
    many = max((tried.get(line, 0) for line in lost), default=0)
    why = f" after {many} locations were asked" if many else ""
    way_out = "Bring goods to a location, or take the lines out of the order; it is tried again by itself."
    if not draft.policy.reroute and many:
        way_out = "Ship it by hand and mark it in the shop, or take the lines out of the order."
    elif many >= draft.policy.most_attempts:
        way_out = "Ask the locations; release it to route once more, or take the lines out of the order."
    draft.wait("nobody_ships", f"nobody ships {what}{why}", way_out, at=again)
