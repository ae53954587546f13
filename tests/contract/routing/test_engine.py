"""The outside engine: who we are, how long we wait, what we believe, and who decides when it does not."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from canonical.errors import MisconfiguredError, RetryableError
from canonical.landscape import read_landscape
from canonical.rules.routing import BackedRouter, OnFailure, RoutingRules, RoutingStock, RulesRouter, read_rules
from connectors import registry
from connectors.routing_engine.router import EngineRouter
from connectors.routing_engine.settings import EngineSettings
from deployments.sandbox.routing.server import SECRET
from tests.contract.routing.conftest import NOW, RULES, line, order, reader
from tests.processes import ROOT, RunningProcess

OpenEngine = Callable[..., EngineRouter]
Faults = Callable[..., int]


def there() -> RoutingStock:
    return RoutingStock({"TEE": {"EAST": 2, "WEST": 2}})


def orders(count: int = 2) -> list[Any]:
    return [order(line("TEE", 2), order_id=str(n), placed_at=NOW + timedelta(seconds=n)) for n in range(count)]


async def test_a_signature_over_the_request_is_as_good_as_a_token(open_engine: OpenEngine) -> None:
    signed = open_engine(reader(there()), token=None, secret=SecretStr(SECRET))
    assert [d.decided_by for d in await signed.route(orders())] == ["router", "router"]


@pytest.mark.parametrize("known", [{"token": SecretStr("other")}, {"token": None, "secret": SecretStr("other")}])
async def test_a_wrong_credential_is_a_wrong_setting_and_is_not_told(
    open_engine: OpenEngine, known: dict[str, Any]
) -> None:
    with pytest.raises(MisconfiguredError) as caught:
        await open_engine(reader(there()), **known).route(orders())
    assert "other" not in str(caught.value)


@pytest.mark.parametrize(
    ("fault", "code"),
    [({"seconds": 5}, "too_slow"), ({"status": 503}, "http_503"), ({"wrong": "text"}, "reply_unreadable")],
)
async def test_no_answer_in_time_or_none_that_can_be_read_may_be_asked_for_again(
    open_engine: OpenEngine, faults: Faults, fault: dict[str, Any], code: str
) -> None:
    faults(**fault)
    with pytest.raises(RetryableError) as caught:
        await open_engine(reader(there()), timeout=0.3).route(orders())
    assert caught.value.code == code
    assert not caught.value.maybe_applied


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("place", "what router decided cannot be: NOWHERE may not be asked: no such location"),
        ("units", "what router decided cannot be: 1002 of 2 of line l-TEE is accounted for"),
        ("missing", "router decided nothing for it"),
    ],
)
async def test_a_decision_that_cannot_be_is_held_and_the_others_count(
    open_engine: OpenEngine, faults: Faults, wrong: str, words: str
) -> None:
    faults(wrong=wrong)
    first, second = await open_engine(reader(there())).route(orders())
    assert (first.held, first.assignments, first.unplaced) == (words, (), {"l-TEE": 2})
    assert (second.held, len(second.assignments)) == (None, 1)


async def test_a_large_batch_is_asked_in_parts_that_share_the_stock(open_engine: OpenEngine, faults: Faults) -> None:
    before = faults()
    decisions = await open_engine(reader(there()), best_batch=2).route(orders(5))
    assert faults() - before == 3
    assert [bool(d.assignments) for d in decisions] == [True, True, False, False, False]


async def test_while_the_engine_is_silent_our_rules_decide_where_the_policy_says_so(
    open_engine: OpenEngine, faults: Faults, rules: RoutingRules
) -> None:
    faults(seconds=5)
    ours = RulesRouter(rules, reader(there()), lambda: NOW)
    backed = BackedRouter(open_engine(reader(there()), timeout=0.3), ours, OnFailure.OURS)
    decisions = await backed.route(orders())
    assert [d.decided_by for d in decisions] == ["crossdock", "crossdock"]
    assert decisions[0].words[0] == "router did not decide, our rules did: router did not answer within 0.3 s"
    faults()
    assert [d.decided_by for d in await backed.route(orders())] == ["router", "router"]


async def test_while_the_engine_is_silent_orders_wait_where_the_policy_says_so(
    open_engine: OpenEngine, faults: Faults, rules: RoutingRules
) -> None:
    faults(status=503)
    ours = RulesRouter(rules, reader(there()), lambda: NOW)
    decisions = await BackedRouter(open_engine(reader(there())), ours, OnFailure.HOLD).route(orders())
    assert [(d.held, d.assignments) for d in decisions] == [("router answered HTTP 503", ())] * 2


async def test_our_rules_do_not_give_away_what_the_engine_has_just_given(
    open_engine: OpenEngine, faults: Faults, rules: RoutingRules
) -> None:
    faults(wrong="missing")
    ours = RulesRouter(rules, reader(RoutingStock({"TEE": {"EAST": 2}})), lambda: NOW)
    backed = BackedRouter(open_engine(reader(RoutingStock({"TEE": {"EAST": 4}}))), ours, OnFailure.OURS)
    first, second = await backed.route(orders())
    assert second.decided_by == "router"
    assert (first.decided_by, first.unplaced) == ("crossdock", {"l-TEE": 2})


async def test_the_engine_learns_where_an_order_goes_but_not_to_whom(rules: RoutingRules) -> None:
    import httpx

    sent: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.content)
        return httpx.Response(200, json={"decisions": []})

    settings = EngineSettings(url="http://engine.example.com", token=SecretStr("t"))
    transport = httpx.MockTransport(answer)
    engine = EngineRouter("router", settings, rules, reader(there()), lambda: NOW, transport)
    await engine.route(orders(1))
    await engine.aclose()
    body = sent[0].decode()
    assert '"country": "US"' in body
    assert not {"name", "email", "phone", "address", "city"} & set(body.replace('"', " ").split())


def test_settings_want_one_way_to_be_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSDOCK_ROUTING_ROUTER_URL", "http://127.0.0.1:1")
    with pytest.raises(MisconfiguredError, match="set a token or a secret, one of them"):
        EngineSettings.load("router")


async def test_the_registry_opens_the_engine_that_the_rules_name_backed_by_our_rules(
    engine_process: RunningProcess, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / "deployments" / "landscape.toml").read_text()
    landscape = read_landscape(text + '\n[[systems]]\nname = "router"\nkind = "routing_engine"\nrole = "routing"\n')
    monkeypatch.setenv("CROSSDOCK_ROUTING_ROUTER_URL", engine_process.url)
    monkeypatch.setenv("CROSSDOCK_ROUTING_ROUTER_SECRET", SECRET)
    named = read_rules(RULES + '\n[engine]\nsystem = "router"')
    router = registry.router(landscape, named, reader(there()), lambda: NOW)
    assert [d.decided_by for d in await router.route(orders(1))] == ["router"]
    faults(status=503)
    assert [d.decided_by for d in await router.route(orders(1))] == ["crossdock"]
    await router.aclose()


async def test_without_an_engine_the_registry_gives_our_rules_and_an_unknown_one_is_named(rules: RoutingRules) -> None:
    landscape = read_landscape((ROOT / "deployments" / "landscape.toml").read_text())
    assert registry.router(landscape, rules, reader(there()), lambda: NOW).name == "crossdock"
    with pytest.raises(MisconfiguredError, match="no system elsewhere"):
        registry.router(landscape, read_rules(RULES + '\n[engine]\nsystem = "elsewhere"'), reader(there()), lambda: NOW)
