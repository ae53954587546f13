"""Shipping and taking back: the systems a house has for it, opened once a process."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from canonical.landscape import Landscape
from canonical.ports.aftersales import FulfillmentChannel, ReturnChannel
from canonical.ports.routing import Router
from canonical.ports.settlement import Settlement
from canonical.ports.warehouse import Warehouse
from canonical.rules.lifecycle.policy import LifePolicies, LifePolicy, read_life_policies
from flows.policy_files import RoutingFile, WatchedFile


class LifecycleFile(WatchedFile[LifePolicies]):
    """How orders are shipped and taken back. Without the file the defaults hold."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, LifePolicies(), read_life_policies)


@dataclass(frozen=True)
class Logistics:
    """`warehouses` by company and system, `settlements` by company, `fulfillment` and `returns` by shop.

    A company without warehouses ships by itself: its orders are booked, and nothing more is done for them.
    """

    landscape: Landscape
    warehouses: Mapping[str, Mapping[str, Warehouse]]
    settlements: Mapping[str, Settlement]
    open_router: Callable[[str], Router]
    fulfillment: Mapping[str, FulfillmentChannel]
    returns: Mapping[str, ReturnChannel]
    lifecycle: LifecycleFile
    routing: RoutingFile
    _routers: dict[tuple[str, str], Router] = field(default_factory=dict, init=False)

    def ships(self, company: str) -> bool:
        """Whether we see to the shipping of a company's orders."""
        return bool(self.warehouses.get(company))

    def policy(self, shop: str) -> LifePolicy:
        """The policy of a shop that holds now."""
        return self.lifecycle.holds.of(shop)

    def router(self, company: str) -> Router:
        """Who routes the orders of a company, by the rules that hold now."""
        key = (company, self.routing.fingerprint)
        if key not in self._routers:
            self._routers[key] = self.open_router(company)
        return self._routers[key]

    def renew(self) -> str | None:
        """Take in what people changed in the files. Returns what is wrong with them."""
        problems = [problem for problem in (self.lifecycle.renew(), self.routing.renew()) if problem]
        return "; ".join(problems) or None

    async def aclose(self) -> None:
        """Close every connection."""
        for systems in self.warehouses.values():
            for warehouse in systems.values():
                await warehouse.aclose()
        for group in (self.settlements, self._routers, self.fulfillment, self.returns):
            for port in group.values():
                await port.aclose()
