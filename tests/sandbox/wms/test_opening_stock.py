"""ERP and warehouse start with the same goods: what they say is read from both databases themselves."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from deployments.sandbox.catalogue import load_catalogue
from tests.counterparts import CACHE
from tests.processes import run

pytestmark = [pytest.mark.counterpart, pytest.mark.xdist_group("warehouse")]
MOVED = """
    SELECT warehouse.code, product.code, SUM(CASE WHEN move.to_location = place.id THEN move.quantity
                                                  ELSE -move.quantity END)
    FROM stock_move AS move
    JOIN stock_location AS place ON place.id IN (move.to_location, move.from_location) AND place.type = 'storage'
    JOIN stock_location AS warehouse ON warehouse.storage_location = place.id
    JOIN product_product AS product ON product.id = move.product
    JOIN company_company AS company ON company.id = move.company
    JOIN party_party AS party ON party.id = company.party
    WHERE move.state = 'done' AND party.name IN (?, ?)
    GROUP BY warehouse.code, product.code
"""


def on_hand(file: Path, *companies: str) -> Mapping[tuple[str, str], int]:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        return {(place, sku): int(held) for place, sku, held in connection.execute(MOVED, companies)}


def test_what_the_erp_has_where_the_warehouse_ships_is_in_the_warehouse(tmp_path: Path) -> None:
    erp, wms = tmp_path / "erp.sqlite", tmp_path / "wms.sqlite"
    run("deployments.sandbox.tryton", "build", "--out", str(erp), "--cache", str(CACHE))
    run("deployments.sandbox.wms", "build", "--out", str(wms), "--cache", str(CACHE))
    (north,) = [shop for shop in load_catalogue().shops if shop.code == "north"]
    unknown = {v.sku for product in load_catalogue().products if not product.in_erp for v in product.variants}
    books = on_hand(erp, north.legal_name, north.name)
    shelves = on_hand(wms, "Quayside Logistics", "")
    for place in ("DC-EAST", "DC-EU"):
        held = {sku: count for (where, sku), count in books.items() if where == place}
        there = {sku: count for (where, sku), count in shelves.items() if where == place and sku not in unknown}
        assert held
        assert there == held
