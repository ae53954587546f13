"""What a stack of each kind is told: which landscape, and settings that open every system of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from canonical.rules.lifecycle.policy import LifePolicies
from connectors.file_3pl.settings import File3plSettings
from connectors.tryton_wms.settings import TrytonWmsSettings
from deployments.landscape_loader import load_landscape, load_life_policies, load_routing
from deployments.sandbox.wms.seed import API_KEY
from deployments.stack.plan import LANDSCAPES, THREE_PLS, Plan
from flows.settings import FlowSettings

NOBODY = "http://127.0.0.1:9"


@pytest.mark.parametrize("erp", ["tryton", "lambda"])
def test_orders_only_is_the_whole_house_without_who_ships(erp: str) -> None:
    whole, orders = load_landscape(LANDSCAPES[erp, "whole"]), load_landscape(LANDSCAPES[erp, "orders"])
    assert orders.warehouses == ()
    shipping = {entry.system for entry in whole.warehouses}
    left = tuple(system for system in whole.systems if system.name not in shipping)
    assert whole.model_copy(update={"warehouses": (), "systems": left}) == orders


@pytest.mark.parametrize("erp", ["tryton", "lambda"])
def test_every_place_that_may_ship_has_a_warehouse_in_every_company_that_may_be_asked(erp: str) -> None:
    whole = load_landscape(LANDSCAPES[erp, "whole"])
    for company in whole.companies:
        kinds = {
            place.code: found.kind if (found := whole.warehouse_at(company.name, place.code)) else None
            for place in load_routing().locations
        }
        served = {code for code, kind in kinds.items() if kind}
        assert served >= ({"DC-EU", "ST-BER1"} if company.name == "south" else set(kinds))
        assert {kind for code, kind in kinds.items() if code.startswith("ST-")} == {"store"}


@pytest.mark.parametrize("erp", ["tryton", "lambda"])
def test_a_warehouse_that_is_polled_belongs_to_one_company(erp: str) -> None:
    whole = load_landscape(LANDSCAPES[erp, "whole"])
    polled = {system.name for system in whole.systems if system.kind in ("tryton_wms", "file_3pl")}
    owners = {name: {entry.company for entry in whole.warehouses if entry.system == name} for name in polled}
    assert owners == {"wms": {"north"}, "parcels": {"north"}, "harbour": {"south"}}


def test_the_environment_of_a_whole_house_opens_every_warehouse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Plan(home=tmp_path, house="whole")
    for name, value in plan.environment(
        shopify_url=NOBODY, erp_url=NOBODY, prefect_url=NOBODY, wms_url="http://127.0.0.1:8030"
    ).items():
        monkeypatch.setenv(name, value)
    wms = TrytonWmsSettings.load("wms")
    assert (wms.url, wms.api_key.get_secret_value()) == ("http://127.0.0.1:8030/wms", API_KEY)
    assert [File3plSettings.load(name).url for name in THREE_PLS] == [str(plan.drop(name)) for name in THREE_PLS]
    assert FlowSettings().landscape == LANDSCAPES["tryton", "whole"]


def test_a_stack_books_orders_only_unless_it_is_asked_to_ship(tmp_path: Path) -> None:
    plan = Plan(home=tmp_path)
    environment = plan.environment(shopify_url=NOBODY, erp_url=NOBODY, prefect_url=NOBODY)
    assert plan.landscape.name == "landscape.orders.toml"
    assert not [name for name in environment if "WAREHOUSE" in name]


def test_the_shipped_policies_of_lives_say_what_holds_without_them() -> None:
    assert load_life_policies() == LifePolicies()
    assert load_life_policies(FlowSettings().lifecycle) == LifePolicies()
