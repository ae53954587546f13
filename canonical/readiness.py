"""Is the data fit to go live? Pure checks over what was read; a finding says what, where, how often, and the way out.

An error would hold, misroute or double documents; a warning is worth a look.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from canonical.errors import CrossdockError
from canonical.mapping.usage import needs
from canonical.model import Model
from canonical.order import Order
from canonical.ports.mapping import Mappings
from canonical.ports.readiness import ApiVersion, Arrived, ChannelCustomer, Subscription

EXAMPLES: Final = 5
SOON: Final = timedelta(days=90)


class Severity(StrEnum):
    """Whether it stops a go-live."""

    ERROR = "error"
    WARNING = "warning"


class Finding(Model):
    """One thing that is not ready. `count` things; `examples` name some of them."""

    check: str
    severity: Severity
    scope: str
    words: str
    count: int = 1
    examples: tuple[str, ...] = ()
    way_out: str = ""


def finding(
    check: str, scope: str, words: str, found: Iterable[str], way_out: str, severity: Severity = Severity.ERROR
) -> list[Finding]:
    """A finding of everything that was found; none when nothing was."""
    names = list(dict.fromkeys(found))
    if not names:
        return []
    return [
        Finding(
            check=check,
            severity=severity,
            scope=scope,
            words=words,
            count=len(names),
            examples=tuple(names[:EXAMPLES]),
            way_out=way_out,
        )
    ]


def unchecked(check: str, scope: str, error: CrossdockError) -> Finding:
    """A check that could not be made is a finding: nothing is ready that nobody looked at."""
    words = f"could not be checked: {error.words} ({error.code})"
    return Finding(check=check, severity=Severity.ERROR, scope=scope, words=words, way_out=error.way_out or "")


def sku_findings(scope: str, items: Iterable[tuple[str, str | None]]) -> list[Finding]:
    """SKUs of one side, with the id of what carries each: blank, doubled, differently cased, with spaces around.

    >>> [f.words for f in sku_findings("north", [("1", "A"), ("2", "a"), ("3", ""), ("4", "B"), ("5", "B")])]
    ['items without a SKU', 'SKUs that several items carry', 'SKUs that differ only in case or spaces']
    """
    carriers: dict[str, set[str]] = {}
    blank: list[str] = []
    for item, sku in items:
        if not (sku or "").strip():
            blank.append(item)
        else:
            carriers.setdefault(sku or "", set()).add(item)
    spelled: dict[str, list[str]] = {}
    for sku in sorted(carriers):
        spelled.setdefault(sku.strip().casefold(), []).append(sku)
    doubled = [f"{sku} ({len(ids)} items)" for sku, ids in carriers.items() if len(ids) > 1]
    variants = [" / ".join(repr(sku) for sku in skus) for skus in spelled.values() if len(skus) > 1]
    padded = [repr(sku) for sku in carriers if sku != sku.strip()]
    return [
        *finding("skus", scope, "items without a SKU", blank, "Give each a SKU, or map its variant id."),
        *finding("skus", scope, "SKUs that several items carry", doubled, "Give each item a SKU of its own."),
        *finding("skus", scope, "SKUs that differ only in case or spaces", variants, "Spell each in one way."),
        *finding("skus", scope, "SKUs with spaces around them", padded, "Take the spaces out.", Severity.WARNING),
    ]


def item_findings(shop: str, skus: Iterable[str], codes: frozenset[str], mappings: Mappings) -> list[Finding]:
    """What the channel sells, against the item codes of the ERP."""
    cased = {code.casefold(): code for code in codes}
    unmapped, unknown, differ = [], [], []
    for sku in dict.fromkeys(sku.strip() for sku in skus if sku.strip()):
        found = mappings.components(shop, sku, None)
        near = cased.get(sku.casefold())
        if found is None and near is not None and near != sku:
            differ.append(f"{sku} (the ERP has {near})")
        elif found is None:
            unmapped.append(sku)
        else:
            unknown += [f"{sku} = {item}" for item, _ in found if codes and item not in codes]
    way = "Map them: `crossdock mappings set items`."
    return [
        *finding("items", shop, "SKUs that the ERP spells in another case", differ, way),
        *finding("items", shop, "SKUs without an ERP item", unmapped, way),
        *finding("items", shop, "SKUs mapped to items that the ERP does not have", unknown, "Correct the mapping."),
    ]


def location_findings(shop: str, locations: Mapping[str, str], mappings: Mappings) -> list[Finding]:
    """Every location of the channel has a canonical one, and is found from there."""
    unmapped, astray = [], []
    ids = {name: location_id for location_id, name in locations.items()}
    for location_id, name in locations.items():
        canonical = mappings.location(shop, location_id, name)
        if canonical is None:
            unmapped.append(f"{name} ({location_id})")
        elif (back := mappings.channel_location(shop, canonical, ids)) != location_id:
            astray.append(f"{name} = {canonical}, which leads back to {locations.get(back or '', 'nothing')}")
    way = "Map them: `crossdock mappings set locations`."
    return [
        *finding("locations", shop, "locations without a canonical one", unmapped, way),
        *finding("locations", shop, "locations that do not lead back to themselves", astray, way),
    ]


def stock_location_findings(
    system: str, native: Iterable[str], shops: Mapping[str, Mapping[str, str]], mappings: Mappings
) -> list[Finding]:
    """Every stock location of a system has a canonical one, shown by a shop; every shown one has stock behind it."""
    known = {code: mappings.stock_location(system, code) for code in sorted(set(native))}
    shown = {
        canonical: f"{name} of {shop}"
        for shop, locations in shops.items()
        for location_id, name in locations.items()
        if (canonical := mappings.location(shop, location_id, name)) is not None
    }
    unmapped = [code for code, canonical in known.items() if canonical is None]
    hidden = [code for code, canonical in known.items() if canonical is not None and canonical not in shown]
    empty = [place for canonical, place in shown.items() if known and canonical not in known.values()]
    way = "Map them: `crossdock mappings set stock_locations`."
    return [
        *finding("locations", system, "stock locations without a canonical one", unmapped, way),
        *finding("locations", system, "stock locations that no shop shows", hidden, way, Severity.WARNING),
        *finding("locations", system, "shop locations without stock behind them", empty, way, Severity.WARNING),
    ]


def customer_findings(company: str, customers: Iterable[tuple[str, ChannelCustomer]]) -> list[Finding]:
    """Customers whose e-mail is the same, case ignored: the ERP would book both on one party. Told by id only."""
    by_email: dict[str, list[str]] = {}
    for shop, customer in customers:
        if email := (customer.email or "").strip().casefold():
            by_email.setdefault(email, []).append(f"{shop} {customer.id}")
    same = [" and ".join(ids) for ids in by_email.values() if len(ids) > 1]
    return finding("customers", company, "customers that would be one party", same, "Merge them, or correct one.")


def order_findings(shop: str, orders: Sequence[Order], mappings: Mappings) -> list[Finding]:
    """What orders of the past would have lacked: taxes, shipping, payment methods, items, account items."""
    lacking: dict[str, list[str]] = {}
    for order in orders:
        for need in needs(order, mappings):
            if need.value is None:
                lacking.setdefault(need.kind.value, []).append(need.label)
    return [
        found
        for kind, labels in sorted(lacking.items())
        for found in finding(
            kind, shop, f"{kind} of past orders that are not mapped", labels, f"`crossdock mappings set {kind}`."
        )
    ]


def unit_findings(units: Iterable[tuple[str, str, str]], mappings: Mappings) -> list[Finding]:
    """(system, item, unit) as systems count: every unit is mapped, and one system counts an item in one way."""
    unmapped: dict[str, list[str]] = {}
    factors: dict[tuple[str, str], dict[str, str]] = {}
    for system, item, unit in units:
        factor = mappings.unit(system, item, unit)
        if factor is None:
            unmapped.setdefault(system, []).append(f"{unit} of {item}")
        factors.setdefault((system, item), {})[str(factor)] = unit
    mixed: dict[str, list[str]] = {}
    for (system, item), known in factors.items():
        if len(known) > 1:
            mixed.setdefault(system, []).append(f"{item} in {' and '.join(known.values())}")
    way = "Map them: `crossdock mappings set units`."
    return [
        found
        for words, by_system, severity in (
            ("units that are not mapped", unmapped, Severity.ERROR),
            ("items counted in several units", mixed, Severity.WARNING),
        )
        for system, names in by_system.items()
        for found in finding("units", system, words, names, way, severity)
    ]


def webhook_findings(
    shop: str, missing: Sequence[str], subscriptions: Sequence[Subscription], arrived: Arrived
) -> list[Finding]:
    """Topics nobody delivers, and signs that deliveries fail."""
    open_http = [f"{s.topic} to {s.uri}" for s in subscriptions if s.uri.startswith("http://")]
    way = f"`crossdock shops subscribe {shop} --uri ...`."
    found = [
        *finding("webhooks", shop, "topics without a subscription", missing, way),
        *finding("webhooks", shop, "deliveries over open http", open_http, "Use https.", Severity.WARNING),
    ]
    if arrived.polled and not arrived.delivered and subscriptions:
        words = f"{arrived.polled} messages were found by the poll, none was delivered by webhook: deliveries fail"
        found.append(
            Finding(
                check="webhooks",
                severity=Severity.ERROR,
                scope=shop,
                words=words,
                count=arrived.polled,
                way_out="Is the gateway reachable at that address, with the right secret?",
            )
        )
    return found


def version_findings(shop: str, version: ApiVersion, notices: Iterable[str], today: date) -> list[Finding]:
    """An API version near its end, or one that is not served any more."""
    way = "Install the release of Crossdock that speaks the next version."
    words = f"the API version ends on {version.ends:%Y-%m-%d}"
    gone = [] if version.served else [version.name]
    ended = version.served and version.ends <= today
    near = [version.name] if version.served and today < version.ends <= today + SOON else []
    return [
        *finding("api version", shop, "the channel does not serve our API version", gone, way),
        *finding("api version", shop, words, [version.name] if ended else [], way),
        *finding("api version", shop, words, near, way, Severity.WARNING),
        *finding("api version", shop, "the channel has notices for us", notices, way, Severity.WARNING),
    ]
