"""Webhook subscriptions made through the Admin API. Who delivers is the webhook sender; here they are only kept."""

import re
from urllib.parse import urlsplit

from deployments.sandbox.shopify.domains.access import version
from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.listing import by, count, listing, sorted_by
from deployments.sandbox.shopify.paging import Listing
from deployments.sandbox.shopify.records import Record, reference
from deployments.sandbox.shopify.registry import Arguments, Call, Domain
from deployments.sandbox.shopify.search import Search

domain = Domain()
LARGEST_ADDRESS = 65_535
# A shop takes only https; a stand-in must also reach a gateway on this machine.
LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
SEARCH = Search({"id": by("id"), "topic": by("topic"), "uri": by("uri"), "created_at": by("createdAt")})
SORT = {"CREATED_AT": sorted_by("createdAt"), "ID": sorted_by("id")}
_URI = ["webhookSubscription", "callbackUrl"]
_NAME = ["webhookSubscription", "name"]


@domain.query("webhookSubscriptions")
def webhook_subscriptions(call: Call, arguments: Arguments) -> Listing:
    """The app's subscriptions, by topic, address or format when asked."""
    rows = call.all("WebhookSubscription")
    if arguments.get("topics"):
        rows = [row for row in rows if row["topic"] in arguments["topics"]]
    wanted = arguments.get("uri") or arguments.get("callbackUrl")
    if wanted:
        rows = [row for row in rows if row["uri"] == wanted]
    if arguments.get("format"):
        rows = [row for row in rows if row["format"] == arguments["format"]]
    return listing(call, "webhookSubscriptions", rows, SEARCH, SORT, arguments)


@domain.query("webhookSubscriptionsCount")
def webhook_subscriptions_count(call: Call, arguments: Arguments) -> Record:
    """How many subscriptions there are."""
    rows = call.all("WebhookSubscription")
    return count(call, "webhookSubscriptionsCount", rows, SEARCH, arguments)


@domain.query("webhookSubscription")
def webhook_subscription(call: Call, arguments: Arguments) -> Record | None:
    """A subscription by id."""
    return call.find(arguments["id"])


@domain.mutation("webhookSubscriptionCreate")
def webhook_subscription_create(call: Call, arguments: Arguments) -> Record:
    """Subscribe an address to a topic."""
    given = arguments["webhookSubscription"]
    uri = given.get("uri") or given.get("callbackUrl") or ""
    errors = _faults(call, uri, given, topic=arguments["topic"], own_id=None)
    if errors:
        return {"webhookSubscription": None, "userErrors": errors}
    record = {
        "topic": arguments["topic"],
        "uri": uri,
        "format": given.get("format") or "JSON",
        "filter": given.get("filter"),
        "name": given.get("name"),
        "includeFields": given.get("includeFields") or [],
        "metafieldNamespaces": given.get("metafieldNamespaces") or [],
        "metafields": given.get("metafields") or [],
        "apiVersion": version(call.version),
    }
    kept = call.state.add(call.shop, "WebhookSubscription", record, topics=())
    return {"webhookSubscription": reference(kept), "userErrors": []}


@domain.mutation("webhookSubscriptionUpdate")
def webhook_subscription_update(call: Call, arguments: Arguments) -> Record:
    """Change a subscription."""
    known, given = call.find(arguments["id"]), arguments["webhookSubscription"]
    if known is None:
        missing = user_error(["id"], "Webhook subscription does not exist")
        return {"webhookSubscription": None, "userErrors": [missing]}
    uri = given.get("uri") or given.get("callbackUrl") or known["uri"]
    errors = _faults(call, uri, {**known, **given}, topic=known["topic"], own_id=known["id"])
    if errors:
        return {"webhookSubscription": None, "userErrors": errors}
    names = ("format", "filter", "name", "includeFields", "metafieldNamespaces", "metafields")
    changes = {name: given[name] for name in names if name in given}
    call.state.update(call.shop, known["id"], {**changes, "uri": uri}, topics=())
    return {"webhookSubscription": reference(known), "userErrors": []}


@domain.mutation("webhookSubscriptionDelete")
def webhook_subscription_delete(call: Call, arguments: Arguments) -> Record:
    """Unsubscribe."""
    known = call.find(arguments["id"])
    if known is None:
        missing = user_error(["id"], "Webhook subscription does not exist")
        return {"deletedWebhookSubscriptionId": None, "userErrors": [missing]}
    call.state.remove(call.shop, known["id"], topics=())
    return {"deletedWebhookSubscriptionId": known["id"], "userErrors": []}


@domain.computed("WebhookSubscription", "callbackUrl")
def callback_url(_call: Call, record: Record, _arguments: Arguments) -> str:
    """The address, under its old name."""
    return str(record["uri"])


@domain.computed("WebhookSubscription", "endpoint")
def endpoint(_call: Call, record: Record, _arguments: Arguments) -> Record:
    """The address as an endpoint: HTTP is the only kind here."""
    return {"__typename": "WebhookHttpEndpoint", "callbackUrl": record["uri"]}


def _faults(call: Call, uri: str, given: Record, *, topic: str, own_id: str | None) -> list[Record]:
    fault = _address_fault(uri)
    if fault:
        return [user_error(_URI, fault)]
    others = [row for row in call.all("WebhookSubscription") if row["id"] != own_id]
    key = (topic, uri, given.get("format") or "JSON", given.get("filter"))
    if any((row["topic"], row["uri"], row["format"], row["filter"]) == key for row in others):
        return [user_error(_URI, "Address for this topic has already been taken")]
    return _name_faults(given.get("name"), others)


def _address_fault(uri: str) -> str | None:
    if not uri.strip():
        return "Address can't be blank"
    if len(uri.encode()) > LARGEST_ADDRESS:
        return "Address is too big (maximum is 64 KB)"
    parts = urlsplit(uri)
    if parts.scheme == "http" and parts.hostname in LOCAL_HOSTS:
        return None
    if not parts.scheme or (parts.scheme == "https" and not parts.hostname):
        return "Address is invalid"
    return None if parts.scheme == "https" else f"Address protocol {parts.scheme}:// is not supported"


def _name_faults(name: str | None, others: list[Record]) -> list[Record]:
    if name is None:
        return []
    if not name:
        return [user_error(_NAME, "Name is too short (minimum is 1 character)")]
    if not re.fullmatch(r"[\w-]+", name):
        message = "Name name field can only contain alphanumeric characters, underscores, and hyphens"
        return [user_error(_NAME, message)]
    if any(row["name"] == name for row in others):
        return [user_error(_NAME, "Name already exists, no duplicate allowed")]
    return []
