"""Apps and their access tokens: the client credentials grant, with tokens that really expire."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from deployments.sandbox.shopify.records import Record, gid, iso
from deployments.sandbox.shopify.state import State

TOKEN_SECONDS = 86_399
_DEFAULT_SCOPES = """
read_all_orders write_orders write_order_edits write_draft_orders write_products write_inventory write_locations
write_customers write_companies write_fulfillments write_returns write_publications write_files read_apps
write_assigned_fulfillment_orders write_merchant_managed_fulfillment_orders write_third_party_fulfillment_orders
write_inventory_shipments write_inventory_transfers write_payment_terms write_discounts write_gift_cards
read_shopify_payments read_shopify_payments_accounts read_shopify_payments_payouts read_shopify_payments_disputes
write_metaobjects write_metaobject_definitions read_markets_home write_shipping write_store_credit_accounts
write_store_credit_account_transactions read_users read_product_listings write_translations write_locales
"""
DEFAULT_SCOPES = frozenset(_DEFAULT_SCOPES.split())


def with_implied(scopes: frozenset[str]) -> frozenset[str]:
    """Scopes as granted: writing includes reading."""
    return scopes | {"read_" + scope.removeprefix("write_") for scope in scopes if scope.startswith("write_")}


@dataclass(frozen=True, slots=True)
class App:
    """One app installed in every shop of the stand-in. `permanent_token`: the kind older custom apps have.

    `number` is what a shop calls the app by, as in the namespace of its own metafields.
    """

    client_id: str
    client_secret: str = field(repr=False)
    scopes: frozenset[str] = DEFAULT_SCOPES
    title: str = "Crossdock"
    number: int = 1_033_282_648
    permanent_token: str | None = field(default=None, repr=False)


class InvalidClientError(Exception):
    """Unknown client id or wrong secret; a shop answers `{"error": "invalid_client"}`."""


class Tokens:
    """Issues and checks tokens. Only digests are kept, in the shop's records, so a restart forgets none."""

    def __init__(self, state: State, apps: list[App], *, seconds: int = TOKEN_SECONDS) -> None:
        self._state = state
        self._apps = {app.client_id: app for app in apps}
        self.lifetime = timedelta(seconds=seconds)

    def app(self, client_id: str) -> App | None:
        """An app by its client id."""
        return self._apps.get(client_id)

    @property
    def apps(self) -> list[App]:
        """Every app, the first one first."""
        return list(self._apps.values())

    def issue(self, shop: str, client_id: str, client_secret: str) -> Record:
        """The body of a token answer. Raises InvalidClientError."""
        app = self._apps.get(client_id)
        if app is None or not hmac.compare_digest(app.client_secret.encode(), client_secret.encode()):
            raise InvalidClientError(client_id)
        token = f"shpat_{secrets.token_hex(16)}"
        expires = self._state.clock() + self.lifetime
        self._forget_expired(shop)
        record = {"id": gid("AccessToken", _digest(token)), "app": client_id, "expiresAt": iso(expires)}
        self._state.add(shop, "AccessToken", record, topics=())
        seconds = int(self.lifetime.total_seconds())
        return {"access_token": token, "scope": ",".join(sorted(app.scopes)), "expires_in": seconds}

    def holder(self, shop: str, token: str | None) -> App | None:
        """The app a valid token of this shop belongs to; None for an unknown or expired one."""
        if not token:
            return None
        for app in self._apps.values():
            if app.permanent_token and hmac.compare_digest(app.permanent_token.encode(), token.encode()):
                return app
        record = self._state.get(shop, gid("AccessToken", _digest(token)))
        if record is None or self._expired(record):
            return None
        return self._apps.get(record["app"])

    def revoke_all(self, shop: str) -> int:
        """Forget every token of a shop, as an uninstall does; how many there were."""
        records = self._state.all(shop, "AccessToken")
        for record in records:
            self._state.remove(shop, record["id"], topics=())
        return len(records)

    def _expired(self, record: Record) -> bool:
        return datetime.fromisoformat(record["expiresAt"]) <= self._state.clock()

    def _forget_expired(self, shop: str) -> None:
        for record in self._state.all(shop, "AccessToken"):
            if self._expired(record):
                self._state.remove(shop, record["id"], topics=())


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
