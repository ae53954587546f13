"""Which sources a house asks: an ERP for each company, a feed once for all; one that is not set up is said."""

from canonical.errors import MisconfiguredError
from canonical.landscape import Company
from canonical.ports import ProductSource
from flows.catalogue import open_sources
from tests.fakes.products import FakeProducts
from tests.flows.products.conftest import LANDSCAPE

SECOND = Company(name="overseas", system="erp", currency="EUR", warehouse="DC-EU")
TWO = LANDSCAPE.model_copy(
    update={
        "companies": (*LANDSCAPE.companies, SECOND),
        "shops": (
            LANDSCAPE.shops[0],
            LANDSCAPE.shops[1].model_copy(update={"company": "overseas", "currency": "EUR"}),
        ),
    }
)


def opened(shop: str) -> tuple[ProductSource, ...]:
    return (FakeProducts("erp"), FakeProducts("pim"))


def test_an_erp_is_asked_for_each_company_and_a_feed_once() -> None:
    found, problems = open_sources(TWO, opened)
    assert {scope: [s.system for s in sources] for scope, sources in found.items()} == {
        LANDSCAPE.companies[0].name: ["erp"],
        "overseas": ["erp"],
        "*": ["pim"],
    }
    assert problems == ()


def test_a_feed_that_is_not_set_up_is_said_once_and_stops_nothing_else() -> None:
    def broken(shop: str) -> tuple[ProductSource, ...]:
        raise MisconfiguredError("CROSSDOCK_FEED_PIM_URL is missing", code="settings_invalid", document="pim")

    found, problems = open_sources(TWO, broken)
    assert found == {}
    assert problems == ("pim: CROSSDOCK_FEED_PIM_URL is missing (settings_invalid)",)
