"""Lambda ERP with the catalogue in it, served for one test module."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.counterparts import lambda_erp

API_KEY = "sk_erp_sandbox-connector"


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """An HTTP client with the connector's key."""
    with (
        lambda_erp(tmp_path_factory.mktemp("lambda")) as process,
        httpx.Client(base_url=f"{process.url}/api/", headers={"Authorization": f"Bearer {API_KEY}"}) as client,
    ):
        yield client
