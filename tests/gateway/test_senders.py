"""Events of ERPs and warehouses, signed by the Standard Webhooks scheme."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook as Signer

from canonical.errors import MisconfiguredError, RejectedError
from canonical.ids import aggregate_key, correlation_id
from canonical.landscape import Landscape
from deployments.gateway.senders import EventSource, event_sources
from deployments.gateway.settings import EventSender, GatewaySettings
from tests.gateway.in_hand import PREVIOUS, SECRET, Gateway


def shipped(**changes: Any) -> dict[str, Any]:
    """An event as the warehouse sends it."""
    event = {
        "type": "shipments.created",
        "timestamp": "2026-11-02T10:00:00+01:00",
        "scope": "north",
        "subject": {"kind": "order", "id": "5123"},
        "data": {"tracking": "1Z999"},
    }
    return {**event, **changes}


@dataclass
class Event:
    """A signed event; every part can be spoiled."""

    content: Any = field(default_factory=shipped)
    id: str = "msg_1"
    secret: str = SECRET
    ahead: timedelta = timedelta(0)
    system: str = "erp"
    headers: dict[str, str | None] = field(default_factory=dict)

    async def send(self, client: httpx.AsyncClient) -> httpx.Response:
        body = self.content if isinstance(self.content, str) else json.dumps(self.content)
        at = datetime.now(UTC) + self.ahead
        headers: dict[str, str | None] = {
            "content-type": "application/json",
            "webhook-id": self.id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Signer(self.secret).sign(self.id, at, body),
            **self.headers,
        }
        given = {name: value for name, value in headers.items() if value is not None}
        return await client.post(f"/events/{self.system}", content=body.encode(), headers=given)


async def test_a_signed_event_lands_in_the_same_inbox(gateway: Gateway) -> None:
    answer = await Event().send(gateway.client)
    assert answer.status_code == 200
    (kept,) = gateway.inbox.kept.values()
    assert (kept.channel, kept.scope, kept.kind, kept.topic) == ("erp", "north", "shipments", "shipments.created")
    assert kept.aggregate_key == aggregate_key("north", "order", "5123")
    assert kept.correlation_id == correlation_id("north", "order", "5123"), "the order's own trace"
    assert kept.occurred_at == datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
    assert "webhook-signature" not in kept.headers


async def test_the_previous_secret_is_still_believed(gateway: Gateway) -> None:
    assert (await Event(secret=PREVIOUS).send(gateway.client)).status_code == 200


async def test_the_same_event_twice_is_kept_once(gateway: Gateway) -> None:
    later = timedelta(seconds=60)
    verdicts = [(await event.send(gateway.client)).json()["verdict"] for event in (Event(), Event(ahead=later))]
    assert verdicts == ["accepted", "duplicate"], "a redelivery is signed anew, under the same id"


@pytest.mark.parametrize(
    "event",
    [
        Event(secret="whsec_" + "A" * 32),
        Event(ahead=timedelta(minutes=-6)),
        Event(ahead=timedelta(minutes=6)),
        Event(headers={"webhook-id": "msg_2"}),
        Event(headers={"webhook-id": None}),
        Event(headers={"webhook-timestamp": None}),
        Event(headers={"webhook-timestamp": "soon"}),
        Event(headers={"webhook-timestamp": "inf"}),
        Event(headers={"webhook-signature": None}),
        Event(headers={"webhook-signature": "v1"}),
        Event(headers={"webhook-signature": "v1,%%%"}),
        Event(headers={"webhook-signature": "v2,AAAA"}),
    ],
    ids=lambda event: f"{event.headers}{event.ahead}{event.secret[:8]}",
)
async def test_an_event_that_is_not_signed_right_is_refused(gateway: Gateway, event: Event) -> None:
    answer = await event.send(gateway.client)
    assert (answer.status_code, answer.json()["error"]) == (401, "bad_signature")
    assert gateway.inbox.kept == {}


async def test_a_body_that_is_no_text_is_refused(gateway: Gateway) -> None:
    headers = {
        "content-type": "application/json",
        "webhook-id": "1",
        "webhook-timestamp": "1",
        "webhook-signature": "v1,A",
    }
    answer = await gateway.client.post("/events/erp", content=b"\xff\xfe", headers=headers)
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("content", "status", "code", "field"),
    [
        (shipped(type="invoices.paid"), 404, "unknown_topic", "type"),
        (shipped(scope="east"), 401, "unknown_shop", "scope"),
        (shipped(type=None), 422, "bad_event", "type"),
        (shipped(scope=5), 422, "bad_event", "scope"),
        (shipped(subject="5123"), 422, "bad_event", "subject"),
        (shipped(subject={"kind": "order"}), 422, "bad_event", "subject.id"),
        (shipped(subject={"kind": "order", "id": "x" * 201}), 422, "bad_event", "subject.id"),
        (shipped(timestamp="yesterday"), 422, "bad_event", "timestamp"),
        (shipped(timestamp="0001-01-01T00:00:00+14:00"), 422, "bad_event", "timestamp"),
        (shipped(timestamp="2026-11-02T10:00:00"), 422, "bad_event", "timestamp"),
        ("{", 422, "bad_event", "body"),
        ("[]", 422, "bad_event", "body"),
    ],
)
async def test_an_event_we_cannot_place_is_refused_by_field(
    gateway: Gateway, content: Any, status: int, code: str, field: str
) -> None:
    answer = await Event(content=content).send(gateway.client)
    said = answer.json()
    assert (answer.status_code, said["error"], said["field"]) == (status, code, field)
    assert said["way_out"]
    assert gateway.inbox.kept == {}


async def test_a_system_without_a_secret_may_not_send(gateway: Gateway) -> None:
    answer = await Event(system="wms").send(gateway.client)
    assert (answer.status_code, answer.json()["error"]) == (404, "unknown_system")


async def test_a_sender_outside_the_landscape_is_found_at_start(landscape: Landscape) -> None:
    sender = EventSender.model_validate({"secret": SECRET, "topics": ["a.b"]})
    with pytest.raises(MisconfiguredError, match="no system crm"):
        event_sources({"crm": sender}, landscape)


@pytest.mark.parametrize("secret", ["whsec_", "whsec_not base64!", "c2hvcnQ="])
async def test_a_secret_that_is_none_is_found_at_start(landscape: Landscape, secret: str) -> None:
    sender = EventSender.model_validate({"secret": secret, "topics": ["a.b"]})
    with pytest.raises(MisconfiguredError, match="a webhook secret of erp") as raised:
        event_sources({"erp": sender}, landscape)
    assert "not base64!" not in str(raised.value)


def test_senders_are_configured_by_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSDOCK_GATEWAY_SENDERS__ERP__SECRET", SECRET)
    monkeypatch.setenv("CROSSDOCK_GATEWAY_SENDERS__ERP__TOPICS", '["shipments.created"]')
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:4200/api")
    settings = GatewaySettings()
    assert settings.senders["erp"].topics == ("shipments.created",)
    assert settings.prefect_api_url == "http://127.0.0.1:4200/api"
    assert SECRET not in repr(settings)


def counted(**changes: Any) -> dict[str, Any]:
    """A stock event, as the ERP or a warehouse sends it."""
    return shipped(type="stock.changed", subject={"kind": "sku", "id": "MUG-WHT"}, **changes)


async def test_a_stock_event_is_of_the_kind_of_its_company(gateway: Gateway) -> None:
    assert (await Event(content=counted()).send(gateway.client)).status_code == 200
    (kept,) = gateway.inbox.kept.values()
    assert (kept.kind, kept.scope, kept.topic) == ("stock.north", "north", "stock.changed")
    assert kept.aggregate_key == aggregate_key("north", "sku", "MUG-WHT")


async def test_a_product_event_is_of_the_kind_products(gateway: Gateway) -> None:
    event = shipped(type="products.changed", subject={"kind": "product", "id": "MUG"})
    assert (await Event(content=event).send(gateway.client)).status_code == 200
    assert [kept.kind for kept in gateway.inbox.kept.values()] == ["products"]


def test_stock_of_what_is_no_company_is_refused() -> None:
    sender = EventSender.model_validate({"secret": SECRET, "topics": ["stock.changed"]})
    source = EventSource("erp", sender, scopes=["north", "outlet"], companies=["north"])
    with pytest.raises(RejectedError) as caught:
        source.delivery({"webhook-id": "m1"}, json.dumps(counted(scope="outlet")).encode())
    assert (caught.value.code, caught.value.field) == ("unknown_company", "scope")
