"""What the stand-in implements: each domain module brings a table of roots and computed fields."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from deployments.sandbox.shopify.records import Record, iso
from deployments.sandbox.shopify.state import ShopSpace, State

if TYPE_CHECKING:
    from deployments.sandbox.shopify.bulk_lines import Window
    from deployments.sandbox.shopify.tokens import App

Arguments = dict[str, Any]
# App, mutation and idempotency key of a request that has not been answered yet.
UnderWay = tuple[str, str, str]


@dataclass(slots=True)
class Call:
    """One request while it runs: the shop, who asks, and what the answer carries besides data."""

    state: State
    shop: str
    app: "App"
    scopes: frozenset[str]
    version: str
    search_lag: timedelta = timedelta(0)
    search_notes: list[Record] = field(default_factory=list)
    under_way: frozenset[UnderWay] | set[UnderWay] = frozenset()
    # What access rules this request has been found to meet, by their words.
    met: set[str] = field(default_factory=set)
    # Where the stand-in can be reached, for the addresses it gives out.
    base_url: str = "http://127.0.0.1"
    # In a bulk query: pages its connections, which come without `first`.
    window: "Window | None" = None

    @property
    def space(self) -> ShopSpace:
        """The records of the shop asked."""
        return self.state.space(self.shop)

    @property
    def currency(self) -> str:
        """The shop's currency."""
        return str(self.space.shop.get("currencyCode", "USD"))

    @property
    def now(self) -> datetime:
        """The stand-in's time."""
        return self.state.clock()

    @property
    def now_text(self) -> str:
        """The stand-in's time as records hold it."""
        return iso(self.now)

    def find(self, record_id: str | None) -> Record | None:
        """A record or part by gid."""
        return self.space.find(record_id) if record_id else None

    def all(self, type_name: str) -> list[Record]:
        """Every record of a type."""
        return self.state.all(self.shop, type_name)


RootHandler = Callable[[Call, Arguments], Any]
FieldHandler = Callable[[Call, Record, Arguments], Any]


@dataclass(slots=True)
class Domain:
    """The resolvers of one part of the Admin API. `fallbacks`: a field that is absent answers another field."""

    queries: dict[str, RootHandler] = field(default_factory=dict)
    mutations: dict[str, RootHandler] = field(default_factory=dict)
    fields: dict[tuple[str, str], FieldHandler] = field(default_factory=dict)
    fallbacks: dict[tuple[str, str], str] = field(default_factory=dict)
    completers: dict[str, Callable[[State, str, Record], Record]] = field(default_factory=dict)
    # What a mutation checks before its idempotency key.
    prechecks: dict[str, Callable[[Arguments], None]] = field(default_factory=dict)

    def query(self, name: str) -> Callable[[RootHandler], RootHandler]:
        """Register a query root."""
        return self._register(self.queries, name)

    def mutation(self, name: str) -> Callable[[RootHandler], RootHandler]:
        """Register a mutation root; it answers the payload as a dict."""
        return self._register(self.mutations, name)

    def computed(self, type_name: str, *names: str) -> Callable[[FieldHandler], FieldHandler]:
        """Register a field that is worked out instead of stored."""

        def register(handler: FieldHandler) -> FieldHandler:
            for name in names:
                self.fields[type_name, name] = handler
            return handler

        return register

    def completes(self, type_name: str) -> Callable[[Callable[..., Record]], Callable[..., Record]]:
        """Register what fills in a new record of a type."""

        def register(completer: Callable[..., Record]) -> Callable[..., Record]:
            self.completers[type_name] = completer
            return completer

        return register

    @staticmethod
    def _register(table: dict[str, RootHandler], name: str) -> Callable[[RootHandler], RootHandler]:
        def register(handler: RootHandler) -> RootHandler:
            table[name] = handler
            return handler

        return register


def combine(domains: Iterable[Domain]) -> Domain:
    """All tables as one. A name registered twice is a mistake in the domains: KeyError names it."""
    whole = Domain()
    for domain in domains:
        _merge(whole.queries, domain.queries)
        _merge(whole.mutations, domain.mutations)
        _merge(whole.fields, domain.fields)
        _merge(whole.fallbacks, domain.fallbacks)
        _merge(whole.completers, domain.completers)
        _merge(whole.prechecks, domain.prechecks)
    return whole


def _merge(mine: dict[Any, Any], theirs: dict[Any, Any]) -> None:
    if twice := mine.keys() & theirs.keys():
        raise KeyError(f"two domains register {sorted(map(str, twice))}")
    mine.update(theirs)
