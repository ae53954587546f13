"""What a warehouse did to its own stock, as the ERP books it: the reason by the mappings, the account by the policy."""

from typing import Final

from canonical.errors import HeldError, RejectedError
from canonical.ids import effect_key
from canonical.ports import Mappings
from canonical.rules.lifecycle.policy import MovementPolicy
from canonical.settlement import MovementPosting
from canonical.steps import Operation
from canonical.warehouse import StockMovement, WarehouseEvent

REASONS: Final = ("count", "scrap", "transfer", "transfer_in", "transfer_out", "receipt", "found", "other")
"""Why stock moved. `transfer` names both ends; `transfer_in` and `transfer_out` are one end each, told by itself."""
NEEDS_ACCOUNT: Final = frozenset({"count", "scrap", "found"})
"""Reasons that change what the stock is worth: without an account the ERP books to the one of its own settings."""
MAPPED_AS: Final = "movement"
"""The kind of these reasons in the mappings."""


def movement_posting(
    company: str, event: WarehouseEvent, mappings: Mappings, policy: MovementPolicy
) -> MovementPosting:
    """The movement to book. Raises `RejectedError` when nothing was moved, `HeldError` when its reason is unknown."""
    moved = event.movement
    if moved is None:
        raise RejectedError("the event moves nothing", code="bad_event", document=event.id, field="movement")
    reason = _reason(company, event, moved, mappings, policy)
    return MovementPosting(
        key=effect_key(company, Operation.MOVEMENT.value, event.system, event.id),
        item=moved.item,
        quantity=moved.quantity,
        unit=moved.unit,
        location=moved.location,
        to_location=moved.to_location,
        reason=reason,
        account=moved.account or (policy.default_account if reason == "other" else None),
        words=moved.reason if moved.reason != reason else None,
        occurred_at=event.occurred_at,
    )


def _reason(
    company: str, event: WarehouseEvent, moved: StockMovement, mappings: Mappings, policy: MovementPolicy
) -> str:
    """One of ours: as told, as mapped, by its two ends, else `other` where the policy names an account for that."""
    told = moved.reason.strip()
    mapped = mappings.reason(company, MAPPED_AS, told)
    for known in (mapped, told.lower()):
        if known in REASONS and (known != "other" or mapped or policy.default_account):
            return str(known)
    if moved.to_location:
        return "transfer"
    if mapped is None and policy.default_account:
        return "other"
    fault = f"is mapped to {mapped}, which is none of" if mapped else "is mapped to none of"
    raise HeldError(
        f"{event.system} gives {told!r} as the reason why {moved.quantity} of {moved.item} moved at {moved.location}; "
        f"it {fault} {', '.join(REASONS)}",
        code="reason_unmapped",
        document=f"stock movement {event.external_id or event.id}",
        field="reason",
        way_out=f"Add it to the mappings (reasons, kind {MAPPED_AS}), or name a default account in lifecycle.toml: "
        "it goes on by itself.",
    )
