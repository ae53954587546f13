"""`crossdock landscape`: which systems there are and who owns what, checked."""

from pathlib import Path

from canonical.landscape import Domain
from deployments.cli.context import show
from deployments.landscape_loader import LANDSCAPE_FILE, load_landscape


def landscape(*, file: Path = LANDSCAPE_FILE) -> int:
    """Check the landscape and show it; every error is told at once.

    Parameters
    ----------
    file
        The landscape file.
    """
    found = load_landscape(file)
    show("Systems", ("name", "kind", "role"), [(s.name, s.kind, s.role) for s in found.systems])
    show(
        "Shops",
        ("name", "domain", "currency", "books into", "ERP"),
        [(s.name, s.domain, s.currency, s.company, found.company(s.company).system) for s in found.shops],
    )
    show(
        "Ownership",
        ("domain", *(s.name for s in found.shops)),
        [(d, *(found.owner(d, s.name).name for s in found.shops)) for d in Domain],
    )
    return 0
