"""What only shows over HTTP: tokens, headers, versions, shops by host and path, faults, a graceful end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.processes import RunningProcess, running
from tests.sandbox.shopify.conftest import CLIENT_ID, CLIENT_SECRET

pytestmark = pytest.mark.counterpart
GRANT = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
NAME = {"query": "{ shop { name currencyCode } }"}


@pytest.fixture
def http(stand_in: RunningProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stand_in.url, timeout=20) as client:
        client.headers["X-Shopify-Access-Token"] = token(client)
        yield client
        client.delete("/_sandbox/faults")


def token(client: httpx.Client, prefix: str = "") -> str:
    answer = client.post(f"{prefix}/admin/oauth/access_token", data=GRANT)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def ask(client: httpx.Client, body: dict[str, Any] | None = None, path: str = "/admin/api/2026-10/graphql.json") -> Any:
    return client.post(path, json=body or NAME)


def test_a_token_is_granted_for_a_form_and_for_json_alike(http: httpx.Client) -> None:
    for answer in (
        http.post("/admin/oauth/access_token", data=GRANT),
        http.post("/admin/oauth/access_token", json=GRANT),
    ):
        body = answer.json()
        assert (answer.status_code, body["expires_in"]) == (200, 86_399)
        assert "read_all_orders" in body["scope"].split(",")


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
def test_a_token_is_refused_by_name(http: httpx.Client, change: dict[str, str], status: int, error: str) -> None:
    answer = http.post("/admin/oauth/access_token", data={**GRANT, **change})

    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_an_unknown_token_is_unauthorized(http: httpx.Client) -> None:
    http.headers["X-Shopify-Access-Token"] = "shpat_unknown"

    assert ask(http).status_code == 401
    assert "Invalid API key or access token" in ask(http).json()["errors"]


def test_every_answer_names_its_request_and_the_version_that_served_it(http: httpx.Client) -> None:
    first, second = ask(http), ask(http)

    assert first.headers["X-Shopify-API-Version"] == "2026-10"
    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]


@pytest.mark.parametrize(
    ("asked", "served"), [("2026-07", "2026-07"), ("2024-01", "2026-07"), ("unheard-of", "2026-07")]
)
def test_a_version_that_is_gone_falls_forward_to_the_oldest_there_is(
    http: httpx.Client, asked: str, served: str
) -> None:
    answer = ask(http, path=f"/admin/api/{asked}/graphql.json")

    assert answer.json()["data"]["shop"]["currencyCode"] == "USD"
    assert answer.headers["X-Shopify-API-Version"] == served


def test_a_shop_is_chosen_by_host_by_path_or_is_the_first(http: httpx.Client) -> None:
    south = token(http, "/shops/south.myshopify.com")
    by_path = http.post(
        "/shops/south.myshopify.com/admin/api/2026-10/graphql.json",
        json=NAME,
        headers={"X-Shopify-Access-Token": south},
    )
    by_host = http.post(
        "/admin/api/2026-10/graphql.json",
        json=NAME,
        headers={"Host": "south.myshopify.com", "X-Shopify-Access-Token": south},
    )

    assert by_path.json()["data"]["shop"] == by_host.json()["data"]["shop"]
    assert by_path.json()["data"]["shop"]["currencyCode"] == "EUR"
    assert ask(http).json()["data"]["shop"]["currencyCode"] == "USD"
    assert http.post("/admin/api/2026-10/graphql.json", headers={"Host": "no.myshopify.com"}).status_code == 404


def test_a_body_that_is_no_query_is_a_bad_request(http: httpx.Client) -> None:
    answer = http.post("/admin/api/2026-10/graphql.json", content=b"[]")

    assert answer.status_code == 400


def test_revoked_tokens_are_unknown_from_then_on(http: httpx.Client) -> None:
    assert http.post("/_sandbox/tokens/revoke", json={}).json()["revoked"] >= 1

    assert ask(http).status_code == 401


@pytest.mark.parametrize(
    ("kind", "status"), [("http_429", 429), ("http_502", 502), ("http_503", 503), ("internal_error", 200)]
)
def test_a_fault_strikes_as_often_as_it_is_told_to(http: httpx.Client, kind: str, status: int) -> None:
    http.post("/_sandbox/faults", json={"kind": kind, "count": 1})

    first, second = ask(http), ask(http)

    assert first.status_code == status
    assert "data" not in first.json()
    assert second.json()["data"]["shop"]["currencyCode"] == "USD"


def test_too_many_requests_say_when_to_come_back_as_a_decimal(http: httpx.Client) -> None:
    http.post("/_sandbox/faults", json={"kind": "http_429", "count": 1})

    assert ask(http).headers["Retry-After"] == "2.0"


def test_a_throttle_fault_is_a_200_with_an_empty_bucket(http: httpx.Client) -> None:
    http.post("/_sandbox/faults", json={"kind": "throttle", "count": 1})

    answer = ask(http)

    assert answer.status_code == 200
    assert answer.json()["errors"][0]["extensions"]["code"] == "THROTTLED"
    status = answer.json()["extensions"]["cost"]["throttleStatus"]
    assert status["currentlyAvailable"] < 100 < status["maximumAvailable"]


def test_a_fault_can_be_bound_to_a_root_field(http: httpx.Client) -> None:
    http.post("/_sandbox/faults", json={"kind": "http_503", "roots": ["orders"]})

    assert ask(http).status_code == 200
    assert ask(http, {"query": "{ orders(first: 1) { nodes { id } } }"}).status_code == 503


def test_the_token_endpoint_fails_only_for_a_rule_that_names_it(http: httpx.Client) -> None:
    http.post("/_sandbox/faults", json={"kind": "http_502"})
    assert http.post("/admin/oauth/access_token", data=GRANT).status_code == 200

    http.post("/_sandbox/faults", json={"kind": "http_503", "roots": ["access_token"]})
    assert http.post("/admin/oauth/access_token", data=GRANT).status_code == 503


def test_a_lagging_search_index_misses_what_just_changed_and_a_read_by_id_does_not(http: httpx.Client) -> None:
    http.put("/_sandbox/search-lag", json={"seconds": 3600})
    create = 'mutation { customerCreate(input: {email: "lag@example.com"}) { customer { id } } }'
    made = ask(http, {"query": create}).json()["data"]["customerCreate"]["customer"]["id"]
    search = {"query": '{ customers(first: 1, query: "email:lag@example.com") { nodes { id } } }'}

    assert ask(http, search).json()["data"]["customers"]["nodes"] == []
    assert ask(http, {"query": f'{{ customer(id: "{made}") {{ id }} }}'}).json()["data"]["customer"] == {"id": made}

    http.put("/_sandbox/search-lag", json={"seconds": 0})
    assert ask(http, search).json()["data"]["customers"]["nodes"] == [{"id": made}]


def test_a_rule_nobody_can_apply_is_refused_by_name(http: httpx.Client) -> None:
    assert "kind is one of" in http.post("/_sandbox/faults", json={"kind": "earthquake"}).json()["error"]
    assert "probability" in http.post("/_sandbox/faults", json={"kind": "reset", "probability": 2}).json()["error"]


def test_a_reset_leaves_the_client_without_an_answer_to_what_was_done(http: httpx.Client) -> None:
    http.post("/_sandbox/faults", json={"kind": "reset", "count": 1, "roots": ["customerCreate"]})
    create = 'mutation { customerCreate(input: {email: "reset@example.com"}) { userErrors { message } } }'

    with pytest.raises(httpx.TransportError):
        ask(http, {"query": create})

    again = ask(http, {"query": create}).json()["data"]["customerCreate"]["userErrors"]
    assert [error["message"] for error in again] == ["Email has already been taken"]


def test_a_failure_that_acted_first_has_its_effect(http: httpx.Client) -> None:
    http.post("/_sandbox/faults", json={"kind": "http_502", "count": 1, "acted": True, "roots": ["customerCreate"]})
    create = 'mutation { customerCreate(input: {email: "acted@example.com"}) { userErrors { message } } }'

    assert ask(http, {"query": create}).status_code == 502
    assert ask(http, {"query": create}).json()["data"]["customerCreate"]["userErrors"]


def test_the_latest_requests_can_be_looked_up_by_root_field(http: httpx.Client) -> None:
    ask(http, {"query": "query Count { productsCount { count } }", "operationName": "Count"})

    [seen] = http.get("/_sandbox/requests", params={"root": "productsCount"}).json()["requests"][-1:]

    assert (seen["operation"], seen["status"], seen["roots"]) == ("Count", 200, ["productsCount"])


def test_records_can_be_looked_at_and_added_from_outside(http: httpx.Client) -> None:
    rows = http.get("/_sandbox/state").json()["north.myshopify.com"]
    added = http.post("/_sandbox/state/north.myshopify.com/Customer", json={"firstName": "Added"})

    assert rows["Location"] == 23
    assert added.status_code == 201
    assert http.get("/_sandbox/state").json()["north.myshopify.com"]["Customer"] == rows["Customer"] + 1
    assert "AccessToken" not in http.get("/_sandbox/state/north.myshopify.com").json()


UPDATE = """mutation U($id: ID!, $input: InventoryItemInput!) {
  inventoryItemUpdate(id: $id, input: $input) { userErrors { message } }
}"""
SET = """mutation S($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) { userErrors { code } }
}"""


def test_a_key_whose_request_is_held_up_is_in_progress_for_who_sends_it_again(http: httpx.Client) -> None:
    level = http.get("/_sandbox/state/north.myshopify.com/InventoryLevel").json()["records"][0]
    pair = {"inventoryItemId": level["item"]["id"], "locationId": level["location"]["id"]}
    rows = [{**pair, "quantity": 5, "changeFromQuantity": None}]
    given = {"name": "available", "reason": "correction", "quantities": rows}
    body = {"query": SET, "variables": {"input": given, "key": "held-up"}}
    http.post(
        "/_sandbox/faults", json={"kind": "slow", "seconds": 1.5, "count": 1, "roots": ["inventorySetQuantities"]}
    )

    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(ask, http, body)
        wait_until(lambda: http.get("/_sandbox/faults").json()["rules"][0]["hits"] == 1)
        meanwhile = ask(http, body).json()["data"]["inventorySetQuantities"]["userErrors"]
        held_up = slow.result().json()["data"]["inventorySetQuantities"]["userErrors"]

    assert meanwhile == [{"code": "IDEMPOTENCY_CONCURRENT_REQUEST"}]
    assert held_up == []
    assert ask(http, body).json()["data"]["inventorySetQuantities"]["userErrors"] == []


def wait_until(test: Callable[[], bool]) -> None:
    for _ in range(200):
        if test():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen within 10 seconds")


def test_many_goods_are_made_at_once_and_a_file_goes_in_and_a_result_comes_out(http: httpx.Client) -> None:
    made = http.post("/_sandbox/goods", json={"products": 300, "locations": 2, "prefix": "MANY"})
    assert made.json()["InventoryLevel"] >= 600
    run = "mutation R($q: String!) { bulkOperationRunQuery(query: $q) { bulkOperation { id } userErrors { message } } }"
    query = '{ productVariants(query: "sku:MANY*") { edges { node { id sku } } } }'
    started = ask(http, {"query": run, "variables": {"q": query}}).json()["data"]["bulkOperationRunQuery"]

    exported = [json.loads(line) for line in http.get(result_of(http, started)).content.splitlines()]
    assert len(exported) == 300

    stage = """mutation { stagedUploadsCreate(input: [{filename: "t.jsonl", mimeType: "text/jsonl",
      resource: BULK_MUTATION_VARIABLES, httpMethod: POST}]) { stagedTargets { url parameters { name value } } } }"""
    target = ask(http, {"query": stage}).json()["data"]["stagedUploadsCreate"]["stagedTargets"][0]
    fields = {one["name"]: one["value"] for one in target["parameters"]}
    lines = "\n".join(json.dumps({"id": one["id"], "input": {"cost": "2.50"}}) for one in items_of(http)[:4])
    sent = httpx.post(target["url"], data=fields, files={"file": ("t.jsonl", lines, "text/jsonl")})
    assert sent.status_code == 201
    run = """mutation R($path: String!, $each: String!) {
      bulkOperationRunMutation(stagedUploadPath: $path, mutation: $each) { bulkOperation { id } userErrors { message } }
    }"""
    variables = {"path": fields["key"], "each": UPDATE}
    started = ask(http, {"query": run, "variables": variables}).json()["data"]["bulkOperationRunMutation"]

    done = [json.loads(line) for line in http.get(result_of(http, started)).content.splitlines()]
    assert [row["data"]["inventoryItemUpdate"]["userErrors"] for row in done] == [[]] * 4
    assert [one["unitCost"]["amount"] for one in items_of(http)[:4]] == ["2.50"] * 4


def items_of(http: httpx.Client) -> list[Any]:
    return list(http.get("/_sandbox/state/north.myshopify.com/InventoryItem").json()["records"])


def result_of(http: httpx.Client, started: Any) -> str:
    assert started["userErrors"] == []
    query = f'{{ bulkOperation(id: "{started["bulkOperation"]["id"]}") {{ status url }} }}'
    wait_until(lambda: ask(http, {"query": query}).json()["data"]["bulkOperation"]["status"] == "COMPLETED")
    return str(ask(http, {"query": query}).json()["data"]["bulkOperation"]["url"])


def test_a_file_without_a_target_is_refused(http: httpx.Client) -> None:
    assert http.put("/_uploads/tmp/1/files/none/a.png", content=b"x").status_code == 403
    assert http.get("/_bulk/bulk-404.jsonl").status_code == 404


def test_an_empty_shop_can_be_opened_while_it_runs(http: httpx.Client) -> None:
    http.post("/_sandbox/shops", json={"domain": "third.myshopify.com"})
    prefix = "/shops/third.myshopify.com"
    http.headers["X-Shopify-Access-Token"] = token(http, prefix)

    answer = ask(http, {"query": "{ locationsCount { count } }"}, f"{prefix}/admin/api/2026-10/graphql.json")

    assert answer.json()["data"]["locationsCount"] == {"count": 0}


def test_a_token_expires(tmp_path: Path) -> None:
    arguments = ("--client-id", CLIENT_ID, "--client-secret", CLIENT_SECRET, "--token-seconds", "0", "--empty")
    with (
        running("deployments.sandbox.shopify", *arguments, workspace=tmp_path) as process,
        httpx.Client(base_url=process.url) as client,
    ):
        client.headers["X-Shopify-Access-Token"] = token(client)

        assert ask(client).status_code == 401


def test_a_stand_in_keeps_its_state_through_a_kill_and_ends_in_order_when_asked(tmp_path: Path) -> None:
    arguments = ("--client-id", CLIENT_ID, "--client-secret", CLIENT_SECRET, "--state", str(tmp_path / "state.db"))
    create = 'mutation { customerCreate(input: {email: "kept@example.com"}) { customer { id } } }'
    with (
        running("deployments.sandbox.shopify", *arguments, workspace=tmp_path) as process,
        httpx.Client(base_url=process.url) as client,
    ):
        headers = {"X-Shopify-Access-Token": token(client)}
        client.headers.update(headers)
        made = ask(client, {"query": create}).json()["data"]["customerCreate"]["customer"]["id"]
        process.kill()
    (tmp_path / "second").mkdir()
    with (
        running("deployments.sandbox.shopify", *arguments, workspace=tmp_path / "second") as process,
        httpx.Client(base_url=process.url, headers=headers) as client,
    ):
        found = ask(client, {"query": f'{{ customer(id: "{made}") {{ email }} }}'}).json()["data"]["customer"]

        assert found == {"email": "kept@example.com"}
        assert process.stop() == 0
        assert not list((tmp_path / "second").glob("*.port"))
