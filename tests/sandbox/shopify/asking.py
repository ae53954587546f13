"""A shop in this process, to be asked in GraphQL: the stand-in without its HTTP surface."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from deployments.sandbox.shopify.execution import Request
from deployments.sandbox.shopify.records import Record
from deployments.sandbox.shopify.stand_in import Settings, StandIn
from deployments.sandbox.shopify.state import Change

NORTH = "north.myshopify.com"


class Shop:
    """One shop with a clock of its own. `changes` is what the webhook sender would have seen."""

    def __init__(
        self,
        *,
        scopes: frozenset[str] | None = None,
        state_file: Path | None = None,
        shop: str = NORTH,
        seed: bool = True,
    ) -> None:
        self.now = datetime(2026, 10, 5, 9, 30, tzinfo=UTC)
        self.domain = shop
        settings = Settings(shops=(shop,), state_file=state_file, seed=seed, **({"scopes": scopes} if scopes else {}))
        self.stand_in = StandIn(settings, clock=lambda: self.now)
        self.state = self.stand_in.state
        self.search_lag_seconds = 0.0
        self.changes: list[Change] = []
        self.state.on_change(self.changes.append)

    def answer(self, document: str, /, **variables: Any) -> dict[str, Any]:
        """The whole answer to a document."""
        app = self.stand_in.tokens.apps[0]
        self.stand_in.faults.search_lag_seconds = self.search_lag_seconds
        call = self.stand_in.call(self.domain, app, "2026-10")
        bucket = self.stand_in.buckets.of(self.domain, app.client_id)
        return self.stand_in.engine.answer(call, Request(document, variables), bucket, "request-1")

    def ask(self, document: str, /, **variables: Any) -> Any:
        """The data of an answer that must have no errors; of a single root field, its value."""
        answer = self.answer(document, **variables)
        assert "errors" not in answer, answer["errors"]
        data = answer["data"]
        return next(iter(data.values())) if len(data) == 1 else data

    def refusal(self, document: str, /, **variables: Any) -> dict[str, Any]:
        """The one error of an answer that must have exactly one."""
        errors = self.answer(document, **variables)["errors"]
        assert len(errors) == 1, errors
        return errors[0]

    def later(self, **units: float) -> None:
        """Move the clock on and do the jobs that are due."""
        self.now += timedelta(**units)
        self.stand_in.jobs.run_due()
        self.stand_in.bulk.advance(60)

    def place_order(self, *skus_and_quantities: tuple[str, int], **fields: Any) -> Record:
        """An order for some SKUs, unpaid unless `transactions` say otherwise."""
        lines = [{"variantId": self.variant(sku)["id"], "quantity": pieces} for sku, pieces in skus_and_quantities]
        placed = self.ask(
            "mutation Place($order: OrderCreateOrderInput!) "
            "{ orderCreate(order: $order) { order { id } userErrors { field message } } }",
            order={"lineItems": lines or [{"title": "Anything", "quantity": 1, "priceSet": money("10.00")}], **fields},
        )
        assert placed["userErrors"] == []
        return self.record(placed["order"]["id"])

    def place_order_as_merchant(self, **fields: Any) -> Record:
        """An order put into the shop's records, for an app that may not place one."""
        customer = self.state.all(self.domain, "Customer")[0]
        total = {side: {"amount": "10.00", "currencyCode": "USD"} for side in ("shopMoney", "presentmentMoney")}
        record = {"customer": {"id": customer["id"]}, "totalPriceSet": total, **fields}
        return self.state.add_order(self.domain, record)

    def variant(self, sku: str) -> Record:
        """A variant by SKU."""
        return next(row for row in self.state.all(self.domain, "ProductVariant") if row["sku"] == sku)

    def record(self, record_id: str) -> Record:
        """A record that must be there."""
        found = self.state.get(self.domain, record_id)
        assert found is not None
        return found

    def stocked_sku(self) -> str:
        """A SKU that some location has on the shelf."""
        level = self.state.all(self.domain, "InventoryLevel")[0]
        return str(self.record(level["item"]["id"])["sku"])

    def topics(self) -> list[str]:
        """The topics of everything that changed so far."""
        return [topic for change in self.changes for topic in change.topics]


def money(amount: str, currency: str = "USD") -> dict[str, Any]:
    """A MoneyBagInput."""
    return {"shopMoney": {"amount": amount, "currencyCode": currency}}


def paid(amount: str, kind: str = "SALE", currency: str = "USD") -> dict[str, Sequence[Any]]:
    """The transactions of an order paid (or, as AUTHORIZATION, held) at once."""
    return {"transactions": [{"kind": kind, "status": "SUCCESS", "amountSet": money(amount, currency)}]}
