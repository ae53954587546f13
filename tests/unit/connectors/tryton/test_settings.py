"""Settings of a company in Tryton come from the environment, and everything wrong with them is told at once."""

import pytest

from canonical.errors import MisconfiguredError
from connectors.tryton.settings import TrytonSettings, env_prefix_of


def test_a_company_reads_its_own_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSDOCK_COMPANY_NORTH_TRYTON_LOGIN", "connector-north")
    monkeypatch.setenv("CROSSDOCK_COMPANY_NORTH_TRYTON_PASSWORD", "hidden")
    monkeypatch.setenv("CROSSDOCK_COMPANY_NORTH_TRYTON_HOLD_ON_WARNINGS", '["credit_limit*"]')
    found = TrytonSettings.load("north", url="http://127.0.0.1:8000/erp/")
    assert (found.url, found.login, found.hold_on_warnings) == (
        "http://127.0.0.1:8000/erp",
        "connector-north",
        ("credit_limit*",),
    )
    assert "hidden" not in repr(found)


def test_everything_missing_or_wrong_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSDOCK_COMPANY_NORTH_TRYTON_BEST_BATCH", "500")
    with pytest.raises(MisconfiguredError) as caught:
        TrytonSettings.load("north", url="127.0.0.1:8000")
    words = caught.value.words
    for variable in ("URL", "LOGIN", "PASSWORD", "BEST_BATCH"):
        assert f"CROSSDOCK_COMPANY_NORTH_TRYTON_{variable}" in words


def test_the_name_of_a_company_makes_its_prefix() -> None:
    assert env_prefix_of("us-retail") == "CROSSDOCK_COMPANY_US_RETAIL_TRYTON_"
