"""One call to Shopify: the token, the budget, what each bad answer becomes, and that no secret gets out."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from canonical.errors import ConflictError, CrossdockError, MisconfiguredError, RejectedError, RetryableError
from canonical.ports.budget import Lane, Throttle
from connectors.shopify.budget import LocalBudget
from connectors.shopify.client import ShopifyClient
from connectors.shopify.tokens import Tokens
from connectors.shopify.transport import open_http
from tests.unit.connectors.shopify.scripted import SECRET, ScriptedShop, answer, settings

FOUND = {"orders": {"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}}
WRITTEN: dict[str, Any] = {"metafieldsSet": {"userErrors": []}}


class Clock:
    """Time that moves when told."""

    def __init__(self) -> None:
        self.time = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.time


class SpentBudget(LocalBudget):
    """Writes down what was taken and settled."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[tuple[float, Lane]] = []
        self.told: list[Throttle | None] = []

    async def acquire(self, cost: float, lane: Lane) -> None:
        self.taken.append((cost, lane))
        await super().acquire(cost, lane)

    async def settle(self, cost: float, throttle: Throttle | None, actual: float | None = None) -> None:
        self.told.append(throttle)
        await super().settle(cost, throttle, actual)


def client_of(
    shop: ScriptedShop, clock: Clock | None = None, budget: LocalBudget | None = None, **changes: Any
) -> ShopifyClient:
    mine = settings(**changes)
    http = open_http(mine, httpx.MockTransport(shop.handle))
    return ShopifyClient(mine, http, Tokens(mine, http, clock or Clock()), budget or LocalBudget())


async def find(client: ShopifyClient) -> Any:
    return (await client.call("find_orders", {"search": "name:1", "after": None}, document="#1001")).data


async def write(client: ShopifyClient) -> Any:
    return (await client.call("set_order_fields", {"metafields": []}, document="#1001")).data


async def failure(shop: ScriptedShop, *, mutation: bool = False) -> CrossdockError:
    with pytest.raises(CrossdockError) as caught:
        await (write if mutation else find)(client_of(shop))
    assert caught.value.document == "#1001"
    assert SECRET not in str(caught.value)
    return caught.value


async def test_a_token_is_asked_for_once_and_sent_with_every_call() -> None:
    shop = ScriptedShop().on("FindOrders", FOUND)
    client = client_of(shop)
    await find(client)
    await find(client)
    assert shop.tokens == 1
    assert [a.request.headers["X-Shopify-Access-Token"] for a in shop.asked if a.operation == "FindOrders"] == [
        "shpat_1"
    ] * 2


async def test_a_token_is_renewed_minutes_before_it_ends() -> None:
    shop, clock = ScriptedShop().on("FindOrders", FOUND), Clock()
    client = client_of(shop, clock)
    await find(client)
    clock.time += timedelta(hours=24) - timedelta(minutes=4)
    await find(client)
    assert shop.tokens == 2


async def test_a_refused_token_is_replaced_once_and_the_call_repeated() -> None:
    shop = ScriptedShop().on("FindOrders", httpx.Response(401, json={"errors": "Invalid token"}), FOUND)
    assert await find(client_of(shop)) == FOUND
    assert shop.tokens == 2


async def test_a_token_refused_twice_stops_the_lane() -> None:
    shop = ScriptedShop().on("FindOrders", httpx.Response(401, json={"errors": "Invalid token"}))
    assert isinstance(await failure(shop), MisconfiguredError)
    assert len(shop.asked_for("FindOrders")) == 2


async def test_a_permanent_token_that_is_refused_stops_the_lane_at_once() -> None:
    shop = ScriptedShop().on("FindOrders", httpx.Response(401))
    with pytest.raises(MisconfiguredError):
        await find(client_of(shop, access_token="shpat_static"))
    assert len(shop.asked) == 1
    assert shop.asked[0].request.headers["X-Shopify-Access-Token"] == "shpat_static"


async def test_wrong_credentials_are_named_without_showing_them() -> None:
    shop = ScriptedShop().on("token", httpx.Response(400, json={"error": "invalid_client"}))
    with pytest.raises(MisconfiguredError, match="invalid_client") as caught:
        await find(client_of(shop))
    assert SECRET not in str(caught.value)


async def test_a_token_service_that_is_down_is_tried_again() -> None:
    shop = ScriptedShop().on("token", httpx.Response(503))
    with pytest.raises(RetryableError):
        await find(client_of(shop))


async def test_calls_go_to_the_stand_in_but_name_the_shop() -> None:
    shop = ScriptedShop().on("FindOrders", FOUND)
    await find(client_of(shop, base_url="http://127.0.0.1:8010"))
    assert {str(a.request.url) for a in shop.asked} == {
        "http://127.0.0.1:8010/admin/oauth/access_token",
        "http://127.0.0.1:8010/admin/api/2026-10/graphql.json",
    }
    assert {a.request.headers["Host"] for a in shop.asked} == {"north.myshopify.com"}


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_server_error_is_ours_to_retry_and_is_sent_once(status: int) -> None:
    shop = ScriptedShop().on("SetOrderFields", httpx.Response(status, headers={"X-Request-Id": "r-5"}))
    error = await failure(shop, mutation=True)
    assert isinstance(error, RetryableError)
    assert error.maybe_applied
    assert "r-5" in str(error)
    assert len(shop.asked_for("SetOrderFields")) == 1


async def test_too_many_requests_waits_as_long_as_shopify_says_in_fractions_too() -> None:
    shop = ScriptedShop().on("FindOrders", httpx.Response(429, headers={"Retry-After": "2.0"}))
    error = await failure(shop)
    assert isinstance(error, RetryableError)
    assert (error.retry_after, error.maybe_applied) == (2.0, False)


@pytest.mark.parametrize("status", [402, 403, 404, 423, 430])
async def test_a_shop_that_is_shut_for_us_stops_the_lane(status: int) -> None:
    assert isinstance(await failure(ScriptedShop().on("FindOrders", httpx.Response(status))), MisconfiguredError)


async def test_a_reply_lost_on_the_way_may_have_been_applied() -> None:
    error = await failure_of_network(httpx.ReadTimeout("late"))
    assert error.maybe_applied


async def test_a_shop_that_cannot_be_reached_did_nothing() -> None:
    error = await failure_of_network(httpx.ConnectError("refused"))
    assert not error.maybe_applied


async def failure_of_network(cause: Exception) -> RetryableError:
    shop = ScriptedShop().on("SetOrderFields", cause)
    with pytest.raises(RetryableError) as caught:
        await write(client_of(shop))
    return caught.value


@pytest.mark.parametrize("page", [b"<html>busy</html>", b"", b"[]"])
async def test_a_page_that_is_no_answer_may_have_been_applied(page: bytes) -> None:
    shop = ScriptedShop().on("SetOrderFields", httpx.Response(200, content=page))
    with pytest.raises(RetryableError) as caught:
        await write(client_of(shop))
    assert caught.value.maybe_applied


async def test_being_throttled_names_the_seconds_until_the_points_are_there() -> None:
    errors = [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]
    level = {"maximumAvailable": 2000, "currentlyAvailable": 120, "restoreRate": 100}
    shop = ScriptedShop().on("FindOrders", answer(None, errors=errors, requestedQueryCost=752, throttleStatus=level))
    error = await failure(shop)
    assert isinstance(error, RetryableError)
    assert error.retry_after == pytest.approx(6.32)
    assert not error.maybe_applied


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("MAX_COST_EXCEEDED", MisconfiguredError),
        ("ACCESS_DENIED", MisconfiguredError),
        ("SHOP_INACTIVE", MisconfiguredError),
        ("undefinedField", MisconfiguredError),
        ("PARSE_ERROR", MisconfiguredError),
        ("INTERNAL_SERVER_ERROR", RetryableError),
        ("INVALID_VARIABLE", RejectedError),
        ("RESOURCE_NOT_FOUND", RejectedError),
        ("SOMETHING_NEW", RejectedError),
    ],
)
async def test_a_top_level_error_has_the_class_of_its_code(code: str, expected: type[CrossdockError]) -> None:
    shop = ScriptedShop().on("FindOrders", answer(None, errors=[{"message": "no", "extensions": {"code": code}}]))
    error = await failure(shop)
    assert type(error) is expected
    assert "req-1" in str(error)


async def test_an_internal_error_may_have_been_applied() -> None:
    errors = [{"message": "Internal error", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]
    error = await failure(ScriptedShop().on("SetOrderFields", answer(None, errors=errors)), mutation=True)
    assert isinstance(error, RetryableError)
    assert error.maybe_applied


async def test_the_worst_of_several_errors_decides() -> None:
    errors = [
        {"message": "bad", "extensions": {"code": "INVALID_VARIABLE"}},
        {
            "message": "no scope",
            "extensions": {"code": "ACCESS_DENIED", "requiredAccess": "`read_users` access scope."},
        },
    ]
    error = await failure(ScriptedShop().on("FindOrders", answer(None, errors=errors)))
    assert isinstance(error, MisconfiguredError)
    assert "read_users" in str(error)


async def test_partial_data_of_a_query_is_thrown_away() -> None:
    errors = [{"message": "Access denied", "path": ["orders"], "extensions": {"code": "ACCESS_DENIED"}}]
    error = await failure(ScriptedShop().on("FindOrders", answer(FOUND, errors=errors)))
    assert (type(error), error.field) == (MisconfiguredError, "orders")


async def test_an_error_beside_the_data_of_a_mutation_does_not_undo_it() -> None:
    errors = [{"message": "Access denied", "extensions": {"code": "ACCESS_DENIED"}}]
    shop = ScriptedShop().on("SetOrderFields", answer(WRITTEN, errors=errors))
    client = client_of(shop)
    assert await write(client) == WRITTEN
    assert "set_order_fields was done" in "".join(client.notices)


async def test_errors_that_are_a_bare_sentence_are_understood() -> None:
    shop = ScriptedShop().on("FindOrders", answer(None, errors="[API] This action is not allowed"))
    assert "not allowed" in str(await failure(shop))


async def test_what_a_shopper_typed_is_not_quoted() -> None:
    message = "Email jane.doe@example.com and phone +49 (30) 1234567 are taken"
    shop = ScriptedShop().on(
        "FindOrders", answer(None, errors=[{"message": message, "extensions": {"code": "INVALID"}}])
    )
    text = str(await failure(shop))
    assert "jane" not in text
    assert "1234567" not in text
    assert "are taken" in text


async def test_another_api_version_than_asked_for_is_noticed() -> None:
    served = answer(FOUND)
    served.headers["X-Shopify-API-Version"] = "2027-01"
    client = client_of(ScriptedShop().on("FindOrders", served))
    await find(client)
    assert client.notices == {"asked for API version 2026-10, Shopify served 2027-01"}


async def test_a_call_takes_its_points_and_learns_the_level_and_the_true_cost() -> None:
    budget = SpentBudget()
    client = client_of(ScriptedShop().on("FindOrders", answer(FOUND, requestedQueryCost=17)), budget=budget)
    await find(client)
    await find(client)
    assert budget.taken == [(13, Lane.ORDERS), (17.0, Lane.ORDERS)]
    assert budget.told == [Throttle(2000, 1900, 100)] * 2
    assert 1895 < budget.level < 1925


async def test_a_call_without_an_answer_gives_its_place_back() -> None:
    budget = SpentBudget()
    client = client_of(ScriptedShop().on("FindOrders", httpx.ReadTimeout("late")), budget=budget)
    with pytest.raises(RetryableError):
        await find(client)
    assert budget.told == [None]


def test_conflicts_are_conflicts() -> None:
    from connectors.shopify.errors import user_error

    stale = user_error([{"message": "changed", "code": "STALE_OBJECT", "field": ["metafields", "0"]}], {}, "5")
    busy = user_error([{"message": "in progress", "code": "IDEMPOTENCY_CONCURRENT_REQUEST"}], {}, "5")
    other = user_error([{"message": "in use", "code": "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"}], {}, "5")
    assert isinstance(stale, ConflictError)
    assert isinstance(other, ConflictError)
    assert isinstance(busy, RetryableError)
    assert busy.maybe_applied
