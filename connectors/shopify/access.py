"""What the app must be allowed, and the subscriptions it keeps."""

from collections.abc import Sequence, Set
from typing import Final

from canonical.errors import MisconfiguredError
from connectors.shopify.client import ShopifyClient
from connectors.shopify.errors import user_error

ORDER_SCOPES: Final = (
    "read_orders",
    "write_orders",
    "read_customers",
    "read_products",
    "read_locations",
    "read_payment_terms",
    "read_merchant_managed_fulfillment_orders",
)
STOCK_SCOPES: Final = (
    "read_products",
    "read_locations",
    "write_inventory",
    "read_orders",
    "read_merchant_managed_fulfillment_orders",
)
PRODUCT_SCOPES: Final = ("write_products", "write_inventory", "write_publications", "write_translations")
FULFILLMENT_SCOPES: Final = (
    "write_orders",
    "read_locations",
    "write_merchant_managed_fulfillment_orders",
    "write_fulfillments",
)
RETURN_SCOPES: Final = ("write_orders", "read_locations", "read_products", "write_returns")
_ALL: Final = (*ORDER_SCOPES, *STOCK_SCOPES, *PRODUCT_SCOPES, *FULFILLMENT_SCOPES, *RETURN_SCOPES)
SCOPES: Final = tuple(dict.fromkeys(_ALL))
"""The scopes our operations need, in all; a test compares them with the schema. `write_x` includes `read_x`."""

_TAKEN = "already been taken"  # this payload's errors have no code: the text is all there is to tell by


async def check_access(client: ShopifyClient, domain: str, scopes: Sequence[str]) -> None:
    """Raises `MisconfiguredError` naming the scopes that are missing, or when another shop answers."""
    data = (await client.call("check_access", {}, document=domain)).data
    answered = data["shop"]["myshopifyDomain"]
    if answered != domain:
        raise MisconfiguredError(
            f"{answered} answers instead", code="wrong_shop", document=domain, way_out="Check domain and token."
        )
    granted = {scope["handle"] for scope in data["currentAppInstallation"]["accessScopes"]}
    if missing := lacking(granted, scopes):
        raise MisconfiguredError(
            f"the app lacks the scopes {', '.join(missing)}",
            code="scopes_missing",
            document=domain,
            way_out="Add them to the app in the Dev Dashboard, release a version, and approve it in the shop.",
        )


def lacking(granted: Set[str], scopes: Sequence[str]) -> list[str]:
    """The scopes that are not granted; `write_x` includes `read_x`."""
    held = granted | {f"read_{scope.removeprefix('write_')}" for scope in granted if scope.startswith("write_")}
    return [scope for scope in scopes if scope not in held]


async def ensure_subscriptions(client: ShopifyClient, topics: Sequence[str], uri: str) -> list[str]:
    """Create the subscriptions that are missing; returns their topics. Another worker creating the same is no error."""
    existing = await _subscribed(client, uri)
    created: list[str] = []
    for topic in dict.fromkeys(topics):
        wanted = topic.upper().replace("/", "_")
        if wanted in existing:
            continue
        answer = await client.call("create_subscription", {"topic": wanted, "uri": uri}, document=topic)
        errors = (answer.data.get("webhookSubscriptionCreate") or {}).get("userErrors") or []
        if errors and not all(_TAKEN in str(error.get("message")) for error in errors):
            raise user_error(errors, answer.headers, topic)
        if not errors:
            created.append(topic)
    return created


async def _subscribed(client: ShopifyClient, uri: str) -> set[str]:
    """Topics (as Shopify's enum) that are delivered to the URI."""
    found: set[str] = set()
    after: str | None = None
    while True:
        page = (await client.call("list_subscriptions", {"after": after})).data["webhookSubscriptions"]
        found |= {node["topic"] for node in page["nodes"] if node["uri"] == uri}
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]
