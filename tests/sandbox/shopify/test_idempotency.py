"""`@idempotent`: once for a key, whatever is repeated; with a handler of our own in the place of a real one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deployments.sandbox.shopify.domains import DOMAINS
from deployments.sandbox.shopify.execution import Engine
from deployments.sandbox.shopify.registry import Arguments, Call, Domain, combine
from deployments.sandbox.shopify.schema import IDEMPOTENT_MUTATIONS, published
from tests.sandbox.shopify.asking import Shop

CALL = """mutation M($id: ID!, $key: String!) {
  locationActivate(locationId: $id) @idempotent(key: $key) {
    location { name } locationActivateUserErrors { code message }
  }
}"""

TRANSFER = """mutation M($id: ID!, $key: String!) {
  inventoryTransferDuplicate(id: $id) @idempotent(key: $key) {
    inventoryTransfer { id } userErrors { code message }
  }
}"""
TRANSFER_ID = "gid://shopify/InventoryTransfer/1"


class Activations:
    """How often the mutation really ran; `failing` makes it break."""

    def __init__(self) -> None:
        self.count = 0
        self.failing = False

    def __call__(self, call: Call, arguments: Arguments) -> dict[str, Any]:
        if self.failing:
            raise RuntimeError("broken on purpose")
        self.count += 1
        return {"location": {"id": arguments.get("locationId")}, "locationActivateUserErrors": [], "userErrors": []}


@pytest.fixture
def activations(shop: Shop) -> Activations:
    handler = Activations()
    domain = Domain(mutations={"locationActivate": handler, "inventoryTransferDuplicate": handler})
    shop.stand_in.engine = Engine(published(), combine((*DOMAINS, domain)))
    return handler


def location_id(shop: Shop, place: int = 0) -> str:
    return str(shop.state.all(shop.domain, "Location")[place]["id"])


def codes(answer: Any) -> list[str]:
    errors = answer.get("locationActivateUserErrors", answer.get("userErrors"))
    return [error["code"] for error in errors]


def test_all_sixteen_mutations_of_the_schema_that_speak_of_it_are_known() -> None:
    mutations = published().schema.mutation_type
    assert mutations is not None

    speaking = {name for name, field in mutations.fields.items() if "@idempotent" in (field.description or "")}

    assert len(IDEMPOTENT_MUTATIONS) == 16
    assert mutations.fields.keys() >= IDEMPOTENT_MUTATIONS
    assert speaking <= IDEMPOTENT_MUTATIONS


def test_a_mutation_that_needs_a_key_is_refused_without_one(shop: Shop, activations: Activations) -> None:
    error = shop.refusal(
        "mutation M($id: ID!) { locationActivate(locationId: $id) { location { id } } }", id=location_id(shop)
    )

    assert error["extensions"]["code"] == "BAD_REQUEST"
    assert error["message"] == "The @idempotent directive is required for this mutation but was not provided."
    assert activations.count == 0


def test_a_blank_key_is_refused(shop: Shop, activations: Activations) -> None:
    assert shop.refusal(CALL, id=location_id(shop), key="  ")["extensions"]["code"] == "BAD_REQUEST"


def test_a_repeat_does_nothing_and_answers_from_the_records_of_now(shop: Shop, activations: Activations) -> None:
    place = location_id(shop)
    first = shop.ask(CALL, id=place, key="k1")
    shop.state.update(shop.domain, place, {"name": "Renamed"})

    second = shop.ask(CALL, id=place, key="k1")

    assert activations.count == 1
    assert first["location"]["name"] != second["location"]["name"] == "Renamed"


def test_the_same_key_with_something_else_is_a_mismatch(shop: Shop, activations: Activations) -> None:
    shop.ask(CALL, id=location_id(shop), key="k1")

    assert codes(shop.ask(CALL, id=location_id(shop, 1), key="k1")) == ["IDEMPOTENCY_KEY_PARAMETER_MISMATCH"]
    assert activations.count == 1


def test_a_key_whose_first_attempt_failed_is_spent(shop: Shop, activations: Activations) -> None:
    activations.failing = True
    assert shop.refusal(TRANSFER, id=TRANSFER_ID, key="k1")["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    activations.failing = False

    assert codes(shop.ask(TRANSFER, id=TRANSFER_ID, key="k1")) == ["IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"]
    assert codes(shop.ask(TRANSFER, id=TRANSFER_ID, key="k2")) == []


def test_a_mutation_whose_errors_cannot_say_so_is_simply_tried_again(shop: Shop, activations: Activations) -> None:
    activations.failing = True
    assert shop.refusal(CALL, id=location_id(shop), key="k1")["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    activations.failing = False

    assert codes(shop.ask(CALL, id=location_id(shop), key="k1")) == []
    assert activations.count == 1


def test_a_key_survives_a_restart_with_what_its_mutation_did(tmp_path: Path) -> None:
    handler = Activations()
    domain = combine((*DOMAINS, Domain(mutations={"locationActivate": handler})))
    for _ in range(2):
        shop = Shop(state_file=tmp_path / "state.db")
        shop.stand_in.engine = Engine(published(), domain)
        shop.ask(CALL, id=location_id(shop), key="k1")
        shop.state.close()

    assert handler.count == 1


def test_a_key_is_forgotten_after_a_day(shop: Shop, activations: Activations) -> None:
    shop.ask(CALL, id=location_id(shop), key="k1")
    shop.later(hours=24)

    assert codes(shop.ask(CALL, id=location_id(shop, 1), key="k1")) == []
    assert activations.count == 2
