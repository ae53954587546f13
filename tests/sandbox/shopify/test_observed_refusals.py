"""Refusals of stock and bulk operations against the user errors seen at real shops: the same words and codes."""

from __future__ import annotations

import gzip
import re
from typing import Any

import orjson
import pytest

from deployments.sandbox.shopify.records import gid
from deployments.sandbox.shopify.schema import DATA
from deployments.sandbox.shopify.stock import level_gid
from deployments.sandbox.shopify.uploads import keep_target, receive
from tests.sandbox.shopify.asking import Shop
from tests.sandbox.shopify.stocking import Shelf

OBSERVED = orjson.loads(gzip.decompress((DATA / "user-errors-observed.json.gz").read_bytes()))
ROOTS = (
    "bulkOperationCancel",
    "bulkOperationRunMutation",
    "bulkOperationRunQuery",
    "inventoryActivate",
    "inventoryAdjustQuantities",
    "inventoryBulkToggleActivation",
    "inventoryDeactivate",
    "inventoryItemUpdate",
    "inventoryMoveQuantities",
    "inventorySetOnHandQuantities",
    "inventorySetQuantities",
    "stagedUploadsCreate",
)
# Seen in a version this stand-in does not serve, or made by a file or a document too large to build in a test.
LEFT_OUT = (
    re.compile(r"already in progress: gid://shopify/BulkOperation/N\.$"),
    re.compile(r"maximum allowed size of 100 MB"),
    re.compile(r"^Country code of origin is invalid$"),
)
TAG = "mutation T($id: ID!, $tags: [String!]!) { tagsAdd(id: $id, tags: $tags) { node { id } } }"
NOWHERE, NOTHING = gid("Location", 404), gid("InventoryItem", 404)
Told = tuple[str, tuple[str, ...] | None, str, str | None]
UNSAID = "<not selected>"  # the code was not asked for


def told(root: str, error: dict[str, Any]) -> Told:
    """A user error without what differs from shop to shop: places of rows, names of locations, ids."""
    path = tuple("#" if step.isdigit() else step for step in error["field"]) if error["field"] else None
    message = re.sub(r"(gid://shopify/BulkOperation/)\w+", r"\1N", error["message"])
    message = re.sub(r"(stocked at|unstocked from) .+? because", r"\1 X because", message)
    message = re.sub(r"har-704-image\.exe|lamp\.exe", "F", message)
    message = re.sub(r"'orders( \{ edges|'\.)", r"'products\1", message)
    message = re.sub(r"at \[1, \d+\]$", "at [1, N]", message)
    return root, path, message, error.get("code", UNSAID)


def observed() -> set[Told]:
    """What real shops said to the roots this stand-in has."""
    rows = (one for one in OBSERVED if one["root"] in ROOTS)
    return {told(one["root"], one) for one in rows if not any(kind.search(one["message"]) for kind in LEFT_OUT)}


class Refused:
    """Calls that must be refused, and every user error they were refused with."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf, self.shop = shelf, shelf.shop
        self.errors: list[Told] = []

    def ask(self, root: str, document: str, /, **variables: Any) -> None:
        self.errors += [told(root, error) for error in self.shop.ask(document, **variables)["userErrors"]]

    def write(self, root: str, **given: Any) -> None:
        self.errors += [told(root, error) for error in self.shelf.write(root, given)["userErrors"]]

    def all(self) -> set[Told]:
        for step in (self.quantities, self.moves, self.places, self.items, self.bulk, self.bulk_shapes, self.uploads):
            step()
        return set(self.errors)

    def quantities(self) -> None:
        row = self.shelf.row
        missing = [row(inventoryItemId=NOTHING), row(locationId=NOWHERE)]
        for name, figures in (("available", (10**9 + 1, -(10**9) - 1)), ("on_hand", (-1,))):
            rows = [row(quantity=figure) for figure in figures] + [{**one, "quantity": 1} for one in missing]
            self.write("inventorySetQuantities", name=name, reason="because", quantities=rows)
        self.write("inventorySetQuantities", name="damaged", quantities=[])
        rows = [row(quantity=10**9 + 1), row(quantity=-1), *({**one, "quantity": 1} for one in missing)]
        self.write("inventorySetOnHandQuantities", reason="because", setQuantities=rows)
        self.write("inventoryAdjustQuantities", name="committed", changes=[])
        available = [row(delta=1, ledgerDocumentUri="a://b"), *({**one, "delta": 1} for one in missing)]
        self.write("inventoryAdjustQuantities", name="available", reason="because", changes=available)
        damaged = [row(delta=1), row(delta=1, ledgerDocumentUri="gid://shopify/Order/1")]
        self.write("inventoryAdjustQuantities", name="damaged", changes=damaged)

    def moves(self) -> None:
        here, gone = self.shelf.here, {"locationId": NOWHERE, "changeFromQuantity": None}
        end = {"locationId": here, "changeFromQuantity": None}
        changes = [
            {"inventoryItemId": NOTHING, "from": {**end, "name": "committed"}, "to": {**end, "name": "available"}},
            {
                "inventoryItemId": self.shelf.item,
                "from": {**gone, "name": "available"},
                "to": {**gone, "name": "damaged"},
            },
        ]
        given = {"referenceDocumentUri": "a://b", "changes": [{**one, "quantity": 1} for one in changes]}
        self.write("inventoryMoveQuantities", reason="because", **given)

    def places(self) -> None:
        activate = """mutation A($item: ID!, $place: ID!, $available: Int, $onHand: Int, $key: String!) {
          inventoryActivate(inventoryItemId: $item, locationId: $place, available: $available, onHand: $onHand)
            @idempotent(key: $key) { userErrors { field message } } }"""
        item, here, there = self.shelf.item, self.shelf.here, self.shelf.there
        for number, (what, place, figures) in enumerate(
            (
                (item, here, {"available": 1, "onHand": 1}),
                (item, NOWHERE, {}),
                (NOTHING, there, {}),
                (item, there, {"available": 1, "onHand": 1}),
                (item, there, {"onHand": 10**9 + 1}),
            )
        ):
            self.ask("inventoryActivate", activate, item=what, place=place, key=f"a-{number}", **figures)
        deactivate = (
            "mutation D($id: ID!) { inventoryDeactivate(inventoryLevelId: $id) { userErrors { field message } } }"
        )
        for level in (level_gid(item, here), level_gid(NOTHING, here), level_gid(item, NOWHERE)):
            self.ask("inventoryDeactivate", deactivate, id=level)
        toggle = """mutation T($item: ID!, $rows: [InventoryBulkToggleActivationInput!]!) {
          inventoryBulkToggleActivation(inventoryItemId: $item, inventoryItemUpdates: $rows) {
            userErrors { code field message } } }"""
        for place, on in ((here, False), (NOWHERE, True)):
            rows = [{"locationId": place, "activate": on}]
            self.ask("inventoryBulkToggleActivation", toggle, item=item, rows=rows)

    def items(self) -> None:
        update = """mutation U($id: ID!, $input: InventoryItemInput!) {
          inventoryItemUpdate(id: $id, input: $input) { userErrors { field message } } }"""
        weight = {"weight": {"unit": "KILOGRAMS", "value": -1}}
        given = {"cost": "-1", "harmonizedSystemCode": "1", "measurement": weight}
        self.ask("inventoryItemUpdate", update, id=self.shelf.item, input=given)
        self.ask("inventoryItemUpdate", update, id=NOTHING, input={})

    def bulk(self) -> None:
        mutation = """mutation R($m: String!, $p: String!, $c: String) {
          bulkOperationRunMutation(mutation: $m, stagedUploadPath: $p, clientIdentifier: $c) {
            userErrors { code field message } } }"""
        path = self._upload(b"")
        two = "mutation { productCreate(product: {}) { product { %s } } }"
        two %= " ".join(f"{one}(first: 1) {{ edges {{ node {{ id }} }} }}" for one in ("variants", "media"))
        several = "mutation { a: tagsAdd(id: 1, tags: []) { node { id } } b: tagsAdd(id: 1, tags: []) { node { id } } }"
        forbidden = "mutation { bulkOperationCancel(id: 1) { userErrors { message } } }"
        texts = (TAG, two, several, forbidden, "mutation { not parseable", "{ shop { id } }", TAG + "#" * 65_536)
        for text in (*texts[:-1], texts[-1][:65_536]):
            self.ask("bulkOperationRunMutation", mutation, m=text, p="tmp/404")
        self.ask("bulkOperationRunMutation", mutation, m=TAG, p=path)
        for identifier in ("short", "x" * 256):
            self.ask("bulkOperationRunMutation", mutation, m=TAG, p="tmp/404", c=identifier)
        for _ in range(6):
            self.ask("bulkOperationRunMutation", mutation, m=TAG, p=self._upload(b"{}"))
        cancel = "mutation C($id: ID!) { bulkOperationCancel(id: $id) { userErrors { field message } } }"
        for _ in range(3):
            self.shop.later(seconds=1)
        done = self.shop.state.all(self.shop.domain, "BulkOperation")[0]["id"]
        for one in (done, gid("BulkOperation", 404)):
            self.ask("bulkOperationCancel", cancel, id=one)

    def bulk_shapes(self) -> None:
        run = "mutation R($q: String!) { bulkOperationRunQuery(query: $q) { userErrors { code field message } } }"
        node = "edges { node { id } }"
        five = " ".join(f"{one} {{ {node} }}" for one in ("variants", "metafields", "collections", "media"))
        inner = f"variants {{ edges {{ node {{ id metafields {{ {node} }} }} }} }}"
        deep = f"products {{ edges {{ node {{ id {inner} }} }} }}"
        for text in (
            "",
            "{ shop { id } }",
            "{ products { nodes { id } } }",
            "mutation { tagsAdd(id: 1, tags: []) { node { id } } }",
            '{ node(id: "gid://shopify/Product/1") { id } }',
            f"{{ collections {{ edges {{ node {{ id {deep} }} }} }} }}",
            f"{{ products {{ edges {{ node {{ id {five} sellingPlanGroups {{ {node} }} }} }} }} }}",
            f"{{ products {{ edges {{ node {{ title variants {{ {node} }} }} }} }} }}",
            f"{{ orders {{ edges {{ node {{ id fulfillments {{ events {{ {node} }} }} }} }} }} }}",
            "#" * 65_536,
            *[f"{{ products {{ {node} }} }}"] * 6,
        ):
            self.ask("bulkOperationRunQuery", run, q=text)

    def uploads(self) -> None:
        stage = """mutation S($input: [StagedUploadInput!]!) {
          stagedUploadsCreate(input: $input) { userErrors { field message } } }"""
        rows = [{"resource": one, "filename": "a", "mimeType": "a/b"} for one in ("VIDEO", "MODEL_3D")]
        rows.append({"resource": "IMAGE", "filename": "lamp.exe", "mimeType": "application/x-msdownload"})
        self.ask("stagedUploadsCreate", stage, input=rows)

    def _upload(self, content: bytes) -> str:
        key = f"tmp/1/bulk/{len(self.errors)}-{len(content)}-{self.shop.state.space(self.shop.domain).number()}/a.jsonl"
        keep_target(self.shop.state, self.shop.domain, key, "text/jsonl", "BULK_MUTATION_VARIABLES")
        assert receive(self.shop.state, self.shop.stand_in.blobs, key, content) is not None
        return key


@pytest.fixture(scope="module")
def said() -> set[Told]:
    return Refused(Shelf(Shop())).all()


def test_every_refusal_seen_at_a_real_shop_is_given_with_its_field_and_words(said: set[Told]) -> None:
    assert len(observed()) >= 60
    without_code = {(*one[:3], UNSAID) for one in said}
    assert sorted(observed() - said - without_code, key=str) == []
