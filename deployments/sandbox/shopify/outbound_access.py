"""Which fulfillment orders an app may see and change: a scope for each way a location is run."""

from deployments.sandbox.shopify.errors import access_denied
from deployments.sandbox.shopify.outbound import service_of
from deployments.sandbox.shopify.records import Record
from deployments.sandbox.shopify.registry import Call

MERCHANT = ("merchant_managed",)
OWN_SERVICE = ("assigned", "third_party")
OTHER_SERVICE = ("third_party",)


def kinds_of(call: Call, request: Record) -> tuple[str, ...]:
    """The kinds a fulfillment order is one of, for the app that asks."""
    service = service_of(call.state, call.shop, request)
    if service is None:
        return MERCHANT
    return OWN_SERVICE if service.get("app") == call.app.client_id else OTHER_SERVICE


def may(call: Call, verb: str, request: Record) -> bool:
    """Whether the app has a scope to `read` or `write` this fulfillment order."""
    return any(f"{verb}_{kind}_fulfillment_orders" in call.scopes for kind in kinds_of(call, request))


def require(call: Call, root: str, request: Record) -> None:
    """Raises ShopifyError when the app may not change this fulfillment order."""
    if not may(call, "write", request):
        scopes = " or ".join(f"`write_{kind}_fulfillment_orders` access scope" for kind in kinds_of(call, request))
        raise access_denied(root, f"{scopes}.")


def found(call: Call, root: str, request_id: str) -> Record | None:
    """A fulfillment order to be changed; None when there is none. Raises ShopifyError without the scope."""
    request = call.find(request_id)
    if request is not None:
        require(call, root, request)
    return request
