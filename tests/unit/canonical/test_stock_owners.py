"""The landscape's stock entries: the most specific holds, and everything wrong is told with the rest, at once."""

import pytest

from canonical.errors import MisconfiguredError
from canonical.inventory import StockOwner
from canonical.landscape import Landscape, read_landscape
from deployments.landscape_loader import ORDERS_LANDSCAPE_FILE

SYSTEMS = """
[[systems]]
name = "wms"
kind = "tryton"
role = "wms"

[[systems]]
name = "oms"
kind = "fake"
role = "oms"
"""


def with_stock(*entries: str) -> Landscape:
    """The shipped landscape with more systems, and these stock entries."""
    blocks = "".join(f"\n[[stock]]\n{entry}\n" for entry in entries)
    return read_landscape(ORDERS_LANDSCAPE_FILE.read_text() + SYSTEMS + blocks)


def test_the_location_goes_before_everywhere_and_the_company_before_every_company() -> None:
    landscape = with_stock(
        'owner = "erp"\nsource = "erp"',
        'company = "south"\nowner = "oms"\nsource = "oms"',
        'location = "DC-EAST"\nowner = "wms"\nsource = "wms"',
        'location = "DC-EAST"\ncompany = "south"\nowner = "crossdock"\nsource = "wms"',
    )
    found = {
        (company, location): landscape.stock_owner(company, location).owner
        for company in ("north", "south")
        for location in ("DC-EAST", "DC-WEST")
    }
    assert found == {
        ("north", "DC-EAST"): StockOwner.WMS,
        ("north", "DC-WEST"): StockOwner.ERP,
        ("south", "DC-EAST"): StockOwner.CROSSDOCK,
        ("south", "DC-WEST"): StockOwner.OMS,
    }


def test_without_an_entry_we_compute_from_what_the_erp_of_the_company_tells() -> None:
    found = with_stock().stock_owner("north", "DC-EAST")
    assert (found.owner, found.source) == (StockOwner.CROSSDOCK, "erp")


def test_everything_wrong_with_stock_is_told_at_once() -> None:
    with pytest.raises(MisconfiguredError) as caught:
        with_stock(
            'owner = "wms"\nsource = "erp"',
            'owner = "erp"\nsource = "sap"',
            'owner = "oms"\nsource = "oms"\ncompany = "west"',
            'owner = "bank"\nsource = "erp"',
        )
    assert caught.value.words.splitlines() == [
        "stock 4: owner: Input should be 'crossdock', 'erp', 'wms' or 'oms'",
        "stock of * (every company): owner wms needs a source with role wms, erp has role erp",
        "stock of * (every company): source sap is not a declared system",
        "stock of * (west): company west is not declared",
        "stock of * (*): 2 entries; there is one owner",
    ]
