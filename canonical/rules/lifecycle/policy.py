"""How orders are shipped and taken back: tables of data, for every shop or for one (`lifecycle.toml`).

An entry of a shop replaces single values of the general one.
"""

import tomllib
from decimal import Decimal
from enum import StrEnum
from typing import Any

from pydantic import Field, ValidationError

from canonical.errors import MisconfiguredError
from canonical.model import Code, Exact, Model
from canonical.returns import Disposition
from canonical.settlement import InvoiceTrigger

EVERY_REASON = "*"


class CaptureWhen(StrEnum):
    """When an authorised payment is captured by us."""

    ON_SHIPMENT = "on_shipment"
    NEVER = "never"  # somebody else does


class AfterExpiry(StrEnum):
    """What happens when nobody collected a pickup."""

    REFUND = "refund"  # cancel the order and refund
    HOLD = "hold"  # somebody decides


class ShippingPolicy(Model):
    """How orders are shipped. `notify`: the shopper is written to when a parcel leaves."""

    invoice: InvoiceTrigger = InvoiceTrigger.ON_SHIPMENT
    capture: CaptureWhen = CaptureWhen.ON_SHIPMENT
    notify: bool = True
    write_invoice_back: bool = True
    reroute: bool = True  # after a rejection or a short pick; else the order is held
    expired_pickup: AfterExpiry = AfterExpiry.REFUND
    refund_cancelled: bool = True  # an order that the ERP cancels is refunded in the shop
    most_attempts: int = Field(default=3, ge=1)  # locations asked for one line before somebody decides


class FirstOf(StrEnum):
    """What comes first for a reason. The default is the credit memo, after the disposition."""

    CREDIT = "credit"
    REFUND = "refund"


class ReasonRule(Model):
    """What holds for one reason of a return (the mapped code), or for every other (`*`).

    `fee_percent` of the goods' value is kept. `waits_for_inspection` false credits what was received, unseen; with
    `first` = refund the money goes back before the credit memo.
    """

    reason: Code = EVERY_REASON
    authorise: bool = True  # false: a person agrees to the request at the channel
    first: FirstOf = FirstOf.CREDIT
    waits_for_inspection: bool = True
    fee_percent: Exact = Field(default=Decimal(0), ge=0, le=100)
    refund_shipping: bool = False
    refund_duties: bool = True


class ReturnsPolicy(Model):
    """How returns are settled. `approval_above` by currency: a larger refund waits for a person; no entry, no limit."""

    approval_above: dict[str, Exact] = Field(default_factory=lambda: {"USD": Decimal(500), "EUR": Decimal(500)})
    approver_role: Code = "refunds"
    paid_back: tuple[Disposition, ...] = (Disposition.RESTOCK, Disposition.REFURBISH, Disposition.SCRAP)
    restocked: tuple[Disposition, ...] = (Disposition.RESTOCK,)
    reasons: tuple[ReasonRule, ...] = (ReasonRule(),)
    notify: bool = True

    def rule(self, reason: str | None) -> ReasonRule:
        """The rule of a reason, else that of every reason."""
        found = {rule.reason: rule for rule in self.reasons}
        return found.get(reason or EVERY_REASON) or found.get(EVERY_REASON) or ReasonRule()


class LifePolicy(Model):
    """Both, for one shop."""

    shipping: ShippingPolicy = ShippingPolicy()
    returns: ReturnsPolicy = ReturnsPolicy()


class MovementPolicy(Model):
    """How stock movements of warehouses are booked. `default_account` takes those whose reason nobody mapped.

    Without one such a movement waits for its mapping.
    """

    default_account: Code | None = None


class LifePolicies(Model):
    """The policy of every shop, and of what warehouses do to their own stock."""

    general: LifePolicy = LifePolicy()
    movements: MovementPolicy = MovementPolicy()
    shops: dict[str, LifePolicy] = Field(default_factory=dict)

    def of(self, shop: str) -> LifePolicy:
        """The policy of a shop."""
        return self.shops.get(shop, self.general)


def read_life_policies(text: str, source: str = "lifecycle.toml") -> LifePolicies:
    """The policies in a TOML text: tables `shipping`, `returns`, `movements`; `shops.NAME.shipping` and `.returns`.

    Raises `MisconfiguredError` naming each field that is wrong.

    >>> read_life_policies('[shops.north.shipping]\\nnotify = false').of("north").shipping.notify
    False
    """
    try:
        data = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as cause:
        raise MisconfiguredError(f"not TOML: {cause}", code="policy_invalid", document=source) from cause
    shops, movements = data.pop("shops", {}), data.pop("movements", {})
    try:
        general = LifePolicy.model_validate(data, strict=False)
        return LifePolicies(
            general=general,
            movements=MovementPolicy.model_validate(movements, strict=False),
            shops={name: LifePolicy.model_validate(_over(data, own), strict=False) for name, own in shops.items()},
        )
    except ValidationError as error:
        words = "\n".join(f"{'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in error.errors())
        way_out = "Correct the file and start again"
        raise MisconfiguredError(words, code="policy_invalid", document=source, way_out=way_out) from error


def _over(general: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """The shop's values over the general ones, table by table."""
    return {name: {**general.get(name, {}), **own.get(name, {})} for name in {*general, *own}}
