"""Which warehouse ships from a location, and what can be wrong with saying so."""

from __future__ import annotations

import pytest

from canonical.errors import MisconfiguredError
from canonical.landscape import read_landscape
from deployments.landscape_loader import ORDERS_LANDSCAPE_FILE

SYSTEMS = """
[[systems]]
name = "wms"
kind = "tryton_wms"
role = "wms"

[[systems]]
name = "harbour"
kind = "file_3pl"
role = "wms"
"""


def with_warehouses(entries: str) -> str:
    return ORDERS_LANDSCAPE_FILE.read_text() + SYSTEMS + entries


def test_the_most_specific_entry_counts() -> None:
    landscape = read_landscape(
        with_warehouses(
            '[[warehouses]]\nsystem = "wms"\n'
            '[[warehouses]]\nsystem = "harbour"\nlocations = ["DC-WEST", "DC-EU"]\ncompany = "south"\n'
        )
    )
    at = {(c, p): landscape.warehouse_at(c, p) for c in ("north", "south") for p in ("DC-WEST", "DC-EAST")}
    assert {key: system.name if system else None for key, system in at.items()} == {
        ("north", "DC-WEST"): "wms",
        ("north", "DC-EAST"): "wms",
        ("south", "DC-WEST"): "harbour",
        ("south", "DC-EAST"): "wms",
    }
    assert [system.name for system in landscape.warehouses_of("north")] == ["wms"]
    assert [system.name for system in landscape.warehouses_of("south")] == ["harbour", "wms"]


def test_without_entries_nobody_but_the_erp_ships() -> None:
    assert read_landscape(ORDERS_LANDSCAPE_FILE.read_text() + SYSTEMS).warehouse_at("north", "DC-WEST") is None


def test_everything_wrong_is_told_at_once() -> None:
    entries = """
[[warehouses]]
system = "nobody"

[[warehouses]]
system = "shopify"
locations = ["DC-EAST"]
company = "east"

[[warehouses]]
system = "wms"
locations = ["DC-WEST"]

[[warehouses]]
system = "harbour"
locations = ["DC-WEST"]

[[warehouses]]
system = "harbour"
locations = []
"""
    with pytest.raises(MisconfiguredError) as caught:
        read_landscape(with_warehouses(entries))
    words = caught.value.words
    for said in (
        "warehouse nobody: system nobody is not declared",
        "warehouse shopify: system shopify has role channel",
        "company east is not declared",
        "location DC-WEST (*): 2 warehouses ship from it",
        "warehouse harbour: locations",
    ):
        assert said in words
