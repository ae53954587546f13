"""Who owns available-to-sell at a location: the `[[stock]]` entries of the landscape."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from canonical.inventory import StockOwner
from canonical.model import Code, Model

EVERYWHERE: Final = "*"


class StockOwnership(Model):
    """The owner of available-to-sell at a canonical location of a company, and the system that tells it.

    `*` is every location, or every company. The entry of the location goes before that of every location, then the
    company's before that of every company. What other systems tell of that location does not count.
    """

    location: Code = EVERYWHERE
    company: Code = EVERYWHERE
    owner: StockOwner
    source: Code


ROLES: Final[Mapping[StockOwner, tuple[str, ...]]] = {
    StockOwner.CROSSDOCK: ("erp", "wms"),
    StockOwner.ERP: ("erp",),
    StockOwner.WMS: ("wms",),
    StockOwner.OMS: ("oms",),
}
"""What a source must be. Where we compute the figure ourselves, positions may come from the ERP or the WMS."""


def owner_of_stock(entries: Sequence[StockOwnership], company: str, location: str, erp: str) -> StockOwnership:
    """The entry that holds for a location; without one, we compute from what the company's ERP tells.

    >>> owner_of_stock((), "north", "DC-EAST", "erp").owner.value
    'crossdock'
    """
    for where, who in ((location, company), (location, EVERYWHERE), (EVERYWHERE, company), (EVERYWHERE, EVERYWHERE)):
        for entry in entries:
            if (entry.location, entry.company) == (where, who):
                return entry
    return StockOwnership(owner=StockOwner.CROSSDOCK, source=erp)


def stock_problems(
    entries: Sequence[StockOwnership], roles: Mapping[str, str], companies: Sequence[str]
) -> Iterable[str]:
    """Everything that is wrong with the entries, one sentence each."""
    for entry in entries:
        place = f"stock of {entry.location} ({'every company' if entry.company == EVERYWHERE else entry.company})"
        role = roles.get(entry.source)
        if role is None:
            yield f"{place}: source {entry.source} is not a declared system"
        elif role not in ROLES[entry.owner]:
            wanted = " or ".join(ROLES[entry.owner])
            yield f"{place}: owner {entry.owner} needs a source with role {wanted}, {entry.source} has role {role}"
        if entry.company not in (*companies, EVERYWHERE):
            yield f"{place}: company {entry.company} is not declared"
    for (location, company), count in Counter((e.location, e.company) for e in entries).items():
        if count > 1:
            yield f"stock of {location} ({company}): {count} entries; there is one owner"
