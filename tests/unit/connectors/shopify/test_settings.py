"""Settings of a shop come from the environment, and everything wrong with them is told at once."""

import pytest

from canonical.errors import MisconfiguredError
from canonical.landscape import Domain, Landscape, Ownership, Role, Shop, System
from connectors import registry
from connectors.shopify.budget import LocalBudget
from connectors.shopify.settings import ShopifySettings, env_prefix_of
from connectors.shopify.topics import SUBSCRIBED

SECRET = "shpss_hidden"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("CROSSDOCK_SHOP_NORTH_CLIENT_ID", "app")
    monkeypatch.setenv("CROSSDOCK_SHOP_NORTH_CLIENT_SECRET", SECRET)
    return monkeypatch


def landscape(kind: str = "shopify") -> Landscape:
    return Landscape(
        systems=(System(name="shopify", kind=kind, role=Role.CHANNEL, base_url_env="CROSSDOCK_SHOPIFY_URL"),),
        companies=(),
        shops=(Shop(name="north", domain="north.myshopify.com", channel="shopify", currency="USD", company="us"),),
        ownership=(Ownership(domain=Domain.PRODUCT_MASTER, owner="shopify"),),
    )


def test_a_shop_reads_its_own_variables(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CROSSDOCK_SHOP_NORTH_TOPICS", '["orders/create"]')
    found = ShopifySettings.load("north", domain="north.myshopify.com")
    assert (found.client_id, found.handle, found.topics) == ("app", "north", ("orders/create",))
    assert (found.api_version, found.base_url) == ("2026-10", None)


def test_the_name_of_a_shop_makes_its_prefix() -> None:
    assert env_prefix_of("us-outlet") == "CROSSDOCK_SHOP_US_OUTLET_"


def test_everything_missing_is_named_at_once_and_nothing_is_shown(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("CROSSDOCK_SHOP_NORTH_CLIENT_ID")
    environment.setenv("CROSSDOCK_SHOP_NORTH_API_VERSION", "latest")
    with pytest.raises(MisconfiguredError) as caught:
        ShopifySettings.load("north", domain="north.example.com")
    for name in ("DOMAIN", "CLIENT_ID", "API_VERSION"):
        assert f"CROSSDOCK_SHOP_NORTH_{name}" in str(caught.value)
    assert SECRET not in str(caught.value)
    assert SECRET not in repr(caught.value.__cause__)


@pytest.mark.parametrize("url", ["http://stand-in.example.com", "ftp://127.0.0.1", "127.0.0.1:80"])
def test_a_secret_is_not_sent_over_open_http_to_a_stranger(environment: pytest.MonkeyPatch, url: str) -> None:
    with pytest.raises(MisconfiguredError, match="BASE_URL"):
        ShopifySettings.load("north", domain="north.myshopify.com", base_url=url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8010/", "http://shopify:8010", "https://stand-in.example.com"])
def test_a_stand_in_may_answer_for_the_shop(environment: pytest.MonkeyPatch, url: str) -> None:
    found = ShopifySettings.load("north", domain="north.myshopify.com", base_url=url)
    assert found.base_url == url.rstrip("/")


def test_the_registry_opens_what_the_landscape_names(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CROSSDOCK_SHOPIFY_URL", "http://127.0.0.1:8010")
    assert registry.sales_channel(landscape(), "north").shop == "north"
    assert registry.webhook_sources(landscape())["shopify"].channel == "shopify"
    assert registry.webhook_topics(landscape(), "north") == SUBSCRIBED
    assert registry.order_translator(landscape(), "north")


def test_a_kind_without_a_connector_is_told() -> None:
    with pytest.raises(MisconfiguredError, match="no connector of kind 'bazaar'"):
        registry.sales_channel(landscape("bazaar"), "north")


class Budgets:
    """Who keeps the shared budgets: remembers which were asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def budget(self, bucket: str) -> LocalBudget:
        self.asked.append(bucket)
        return LocalBudget()


@pytest.mark.usefixtures("environment")
def test_orders_stock_and_products_of_a_shop_spend_one_shared_budget() -> None:
    budgets = Budgets()
    opened = (registry.sales_channel, registry.stock_channel, registry.product_channel)
    assert {channel(landscape(), "north", budgets).shop for channel in opened} == {"north"}
    assert budgets.asked == ["shopify:north.myshopify.com:app"] * 3
