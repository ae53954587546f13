"""Which warehouse system ships from a location: the `[[warehouses]]` entries of the landscape."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from pydantic import Field

from canonical.model import Code, Model

EVERYWHERE: Final = "*"
SHIPS: Final = frozenset({"wms", "erp"})
"""The roles of systems that ship."""


class WarehousePlaces(Model):
    """A system ships from these canonical locations of a company.

    `*` is every location, or every company. The entry of the location goes before that of every location, then the
    company's before that of every company.
    """

    system: Code
    locations: tuple[Code, ...] = Field(default=(EVERYWHERE,), min_length=1)
    company: Code = EVERYWHERE


def ships_from(entries: Sequence[WarehousePlaces], company: str, location: str) -> str | None:
    """The system that ships from a location; None: nobody but the ERP knows of it.

    >>> ships_from((WarehousePlaces(system="wms", locations=("DC-EAST",)),), "north", "DC-EAST")
    'wms'
    """
    for where, who in ((location, company), (location, EVERYWHERE), (EVERYWHERE, company), (EVERYWHERE, EVERYWHERE)):
        for entry in entries:
            if entry.company == who and where in entry.locations:
                return entry.system
    return None


def warehouse_problems(
    entries: Sequence[WarehousePlaces], roles: Mapping[str, str], companies: Sequence[str]
) -> Iterable[str]:
    """Everything that is wrong with the entries, one sentence each."""
    for entry in entries:
        place = f"warehouse {entry.system}"
        if entry.system not in roles:
            yield f"{place}: system {entry.system} is not declared"
        elif roles[entry.system] not in SHIPS:
            yield f"{place}: system {entry.system} has role {roles[entry.system]}, and only wms or erp ships"
        if entry.company not in (*companies, EVERYWHERE):
            yield f"{place}: company {entry.company} is not declared"
    counts = Counter((location, entry.company) for entry in entries for location in entry.locations)
    for (location, company), count in counts.items():
        if count > 1:
            yield f"location {location} ({company}): {count} warehouses ship from it; there is one"
