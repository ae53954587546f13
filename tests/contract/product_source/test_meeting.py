"""Where ERP and PIM of the sandbox meet: merged as the shipped landscapes say, nothing is left over."""

from __future__ import annotations

from pathlib import Path

import pytest

from canonical.product import ProductStatus
from canonical.rules.product_merge import assemble, merge, of_company
from connectors.feed.settings import FeedSettings
from connectors.feed.source import open_feed
from deployments.landscape_loader import LANDSCAPE_FILE, load_landscape
from deployments.sandbox.catalogue import load_catalogue
from deployments.sandbox.feeds.write import write
from tests.contract.product_source.conftest import Counterpart, changes

pytestmark = pytest.mark.counterpart
LANDSCAPES = {"tryton": "landscape.toml", "lambda_erp": "landscape.lambda.toml"}
REQUIRED = ("description_html", "images", "variants.price")


@pytest.mark.parametrize("counterpart", ["tryton", "lambda_erp"], indirect=True)
async def test_products_of_erp_and_pim_become_whole_products(counterpart: Counterpart, tmp_path: Path) -> None:
    owners = load_landscape(LANDSCAPE_FILE.with_name(LANDSCAPES[counterpart.name])).field_owners("north")
    erp, pim = counterpart.open(), open_feed("pim", FeedSettings(url=str(write(tmp_path))))
    records = [*(await changes(erp, None)).products, *(await changes(pim, None)).products]
    await erp.aclose()
    groups = assemble(of_company(records, "north"), owners)
    merged = {key: found for key, group in groups.items() if (found := merge(group, owners, REQUIRED))}

    known = {product.variants[0].sku: product for product in load_catalogue().products if product.in_erp}
    assert known.keys() <= merged.keys()
    for key, entry in known.items():
        found = merged[key].product
        assert (found.title, found.handle) == (entry.title, entry.handle)
        assert [variant.sku for variant in found.variants] == [variant.sku for variant in entry.variants]
        assert all(variant.price is not None for variant in found.variants)
        assert [tuple(v.options.values()) for v in found.variants] == [v.options for v in entry.variants]
        if key not in ("MUG-WHT", "MUG-BLU"):  # the suite takes one out of sale
            assert found.status is ProductStatus.ACTIVE
            assert merged[key].missing == ()
    stray = {key: found for key, found in merged.items() if key not in known}
    assert {found.product.status for found in stray.values()} <= {ProductStatus.DRAFT}, "the ERP does not know them"
