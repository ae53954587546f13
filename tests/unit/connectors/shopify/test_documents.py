"""The operations fit the published schema, cost what they say, and need no scope that `check` does not ask for."""

from pathlib import Path

import pytest
from graphql import (
    DocumentNode,
    FieldNode,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    parse,
    validate,
    visit,
)

from connectors.shopify import documents
from connectors.shopify.access import SCOPES
from connectors.shopify.documents import bulk_names, bulk_text, operation, operation_names
from deployments.sandbox.shopify.cost import CostEstimator
from deployments.sandbox.shopify.schema import Requirement, published

LARGEST_QUERY = 1000
"""Points one request may ask for, on every plan."""


def definition(document: DocumentNode) -> OperationDefinitionNode:
    return next(d for d in document.definitions if isinstance(d, OperationDefinitionNode))


@pytest.mark.parametrize("name", operation_names())
def test_an_operation_is_valid_against_the_published_schema(name: str) -> None:
    assert [error.message for error in validate(published().schema, parse(operation(name).text))] == []


@pytest.mark.parametrize("name", operation_names())
def test_an_operation_costs_what_its_first_line_says(name: str) -> None:
    document = parse(operation(name).text)
    cost = CostEstimator(published().schema, document, definition(document)).requested({})
    assert operation(name).cost == cost <= LARGEST_QUERY


@pytest.mark.parametrize("name", operation_names())
def test_the_file_the_operation_and_its_kind_agree(name: str) -> None:
    found = definition(parse(operation(name).text))
    assert found.name is not None
    assert found.name.value == "".join(part.capitalize() for part in name.split("_"))
    assert operation(name).changes == (found.operation.value == "mutation")


@pytest.mark.parametrize("name", operation_names())
def test_the_scopes_that_are_checked_cover_every_field_that_is_read(name: str) -> None:
    granted = frozenset(SCOPES) | {f"read_{s.removeprefix('write_')}" for s in SCOPES if s.startswith("write_")}
    refused = [f"{place}: {need.words}" for place, need in needs(operation(name).text) if not need.met_by(granted)]
    assert refused == []


@pytest.mark.parametrize("name", bulk_names())
def test_a_bulk_document_is_valid_and_keeps_to_the_scopes_that_are_checked(name: str) -> None:
    assert [error.message for error in validate(published().schema, parse(bulk_text(name)))] == []
    granted = frozenset(SCOPES) | {f"read_{s.removeprefix('write_')}" for s in SCOPES if s.startswith("write_")}
    assert [place for place, need in needs(bulk_text(name)) if not need.met_by(granted)] == []


def test_no_scope_is_asked_for_that_nothing_needs() -> None:
    needed = [need for name in operation_names() for _, need in needs(operation(name).text)]
    for scope in SCOPES:
        if scope.startswith("write_"):
            continue  # which write scope `metafieldsSet` needs depends on the owner, and the schema cannot say that
        without = frozenset(SCOPES) - {scope, scope.replace("read_", "write_")}
        assert not all(need.met_by(without) for need in needed), scope


def test_a_file_without_its_cost_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nameless.graphql").write_text("query Nameless { shop { id } }")
    monkeypatch.setattr(documents, "_FOLDER", tmp_path)
    with pytest.raises(ValueError, match="must state its cost"):
        operation("nameless")


def needs(text: str) -> list[tuple[str, Requirement]]:
    """What every field of an operation requires, by the schema's own table."""
    document, types = parse(text), TypeInfo(published().schema)
    found: list[tuple[str, Requirement]] = []

    class Reader(Visitor):
        def enter_field(self, node: FieldNode, *_: object) -> None:
            parent = types.get_parent_type()
            if parent is None or node.name.value.startswith("__"):
                return
            requirement = published().requirement(parent.name, node.name.value)
            if requirement:
                found.append((f"{parent.name}.{node.name.value}", requirement))

    visit(document, TypeInfoVisitor(types, Reader()))
    return found
