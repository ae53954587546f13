"""The default resolver: records in, fields out, with the checks a shop makes on the way.

For each field in turn: scope, ids of the right type, then the domain's own handler or the stored value, then references
are followed, connections paged, and a missing value the schema does not allow becomes a neutral one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLScalarType,
    get_directive_values,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)

from deployments.sandbox.shopify.errors import access_denied, not_implemented
from deployments.sandbox.shopify.gid_checks import GidChecker
from deployments.sandbox.shopify.idempotency import Use, run_once
from deployments.sandbox.shopify.paging import page
from deployments.sandbox.shopify.records import gid_type, is_reference, money_bag
from deployments.sandbox.shopify.registry import Call, Domain, FieldHandler, RootHandler
from deployments.sandbox.shopify.schema import IDEMPOTENT_MUTATIONS, Published, Requirement, record_type

Neutral = Callable[[Call], Any]
_SCALARS: dict[str, Any] = {
    "Int": 0,
    "Float": 0.0,
    "Boolean": False,
    "Decimal": "0",
    "Money": "0.00",
    "UnsignedInt64": "0",
    "String": "",
    "HTML": "",
    "FormattedString": "",
    "StorefrontID": "",
    "JSON": {},
}


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """What resolving one field of one type takes; made once and kept."""

    name: str
    requirement: Requirement | None
    handler: Callable[[Call, Any, dict[str, Any]], Any] | None
    root_missing: str | None
    mutation: bool
    fallback: str | None
    gids: GidChecker
    connection: bool
    abstract: bool
    neutral: Neutral | None
    # A plain value, open to all, answered as it is stored: most of what is asked for.
    stored: bool


class Resolver:
    """Resolves every field of the schema over the records, by the tables of the domains."""

    def __init__(self, published: Published, domain: Domain) -> None:
        self._published = published
        self._domain = domain
        self._idempotent = next(one for one in published.schema.directives if one.name == "idempotent")
        self._plans: dict[tuple[str, str], FieldPlan] = {}

    def field(self, source: Any, info: GraphQLResolveInfo[Call], **arguments: Any) -> Any:
        """Resolve one field; the signature is graphql-core's."""
        call = info.context
        plan = self._plan(info)
        if plan.stored and isinstance(source, dict) and (stored := source.get(plan.name)) is not None:
            return stored
        self._check(plan, call, arguments)
        if plan.mutation:
            value = self._mutate(plan, call, info, arguments)
        elif plan.handler is not None:
            value = plan.handler(call, source, arguments)
        else:
            value = source.get(plan.name) if isinstance(source, dict) else None
            if value is None and plan.fallback is not None:
                value = source.get(plan.fallback)
        if plan.connection and call.window is not None:
            value = call.window.page(value, arguments, info.path.as_list())
        return self._finish(plan, call, value, arguments)

    def _mutate(self, plan: FieldPlan, call: Call, info: GraphQLResolveInfo[Call], arguments: dict[str, Any]) -> Any:
        handler = plan.handler
        assert handler is not None
        with call.state.action():
            if plan.name not in IDEMPOTENT_MUTATIONS:
                return handler(call, {}, arguments)
            if precheck := self._domain.prechecks.get(plan.name):
                precheck(arguments)
            values = get_directive_values(self._idempotent, info.field_nodes[0], info.variable_values)
            key = values["key"] if values else None
            return run_once(call, _use(plan.name, info), key, arguments, lambda: handler(call, {}, arguments))

    def type_of(self, value: Any, _info: GraphQLResolveInfo[Call], abstract: Any) -> str | None:
        """The concrete type of a value of an interface or union: told, read from its gid, or guessed by its fields."""
        if "__typename" in value:
            return str(value["__typename"])
        possible = {one.name: one for one in self._published.schema.get_possible_types(abstract)}
        named = gid_type(value.get("id"))
        if named in possible:
            return named
        fitting = [name for name, one in possible.items() if value.keys() <= one.fields.keys()]
        return fitting[0] if fitting else None

    def _check(self, plan: FieldPlan, call: Call, arguments: dict[str, Any]) -> None:
        if plan.root_missing is not None:
            raise not_implemented(plan.root_missing, plan.name)
        if plan.requirement is not None and plan.requirement.words not in call.met:
            if not plan.requirement.met_by(call.scopes):
                raise access_denied(plan.name, plan.requirement.words)
            call.met.add(plan.requirement.words)
        if arguments:
            plan.gids.check(arguments)

    def _finish(self, plan: FieldPlan, call: Call, value: Any, arguments: dict[str, Any]) -> Any:
        if plan.connection and (call.window or not (isinstance(value, dict) and "pageInfo" in value)):
            value = value if call.window else page(value, arguments)
            value["nodes"] = [self._follow(call, one) for one in value["nodes"]]
            for edge in value["edges"]:
                edge["node"] = self._follow(call, edge["node"])
            return value
        if is_reference(value):
            value = call.find(value["id"])
        elif isinstance(value, list):
            value = [self._follow(call, one) for one in value]
        if value is None:
            return plan.neutral(call) if plan.neutral is not None else None
        if plan.abstract and isinstance(value, dict):
            self._check_type(plan, call, value)
        return value

    def _check_type(self, plan: FieldPlan, call: Call, value: dict[str, Any]) -> None:
        requirement = self._published.access.get((gid_type(value.get("id")) or "", None))
        if requirement is not None and not requirement.met_by(call.scopes):
            raise access_denied(plan.name, requirement.words)

    @staticmethod
    def _follow(call: Call, value: Any) -> Any:
        return call.find(value["id"]) if is_reference(value) else value

    def _plan(self, info: GraphQLResolveInfo[Call]) -> FieldPlan:
        key = (info.parent_type.name, info.field_name)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = self._make_plan(info.parent_type, info.field_name)
        return plan

    def _make_plan(self, parent: GraphQLObjectType, name: str) -> FieldPlan:
        definition = parent.fields[name]
        named = get_named_type(definition.type)
        handler, missing = self._handler(parent, name)
        writes = parent is self._published.schema.mutation_type
        requirement = self._published.requirement(parent.name, name)
        worked_out = handler is not None or missing is not None or definition.args
        return FieldPlan(
            name=name,
            requirement=requirement,
            handler=handler,
            root_missing=missing,
            mutation=writes,
            fallback=self._domain.fallbacks.get((parent.name, name)),
            gids=GidChecker(self._published.gid_types, parent.name, name, definition.args, writes=writes),
            connection=named.name.endswith("Connection") and record_type(named) != named.name,
            abstract=is_abstract_type(named),
            neutral=neutral_of(definition.type) if is_non_null_type(definition.type) else None,
            stored=is_leaf_type(get_nullable_type(definition.type)) and requirement is None and not worked_out,
        )

    def _handler(self, parent: GraphQLObjectType, name: str) -> tuple[Any, str | None]:
        schema = self._published.schema
        for root, table, kind in (
            (schema.query_type, self._domain.queries, "query"),
            (schema.mutation_type, self._domain.mutations, "mutation"),
        ):
            if parent is root:
                handler = table.get(name)
                if handler is None:
                    return None, kind
                return _root(handler), None
        return self._domain.fields.get((parent.name, name)), None


def _use(mutation: str, info: GraphQLResolveInfo[Call]) -> Use:
    """Where a mutation's payload tells user errors, and with which codes; some error types have none."""
    payload: Any = get_named_type(info.return_type)
    lists = tuple(name for name in payload.fields if name.endswith(("userErrors", "UserErrors")))
    errors: Any = get_named_type(payload.fields[lists[0]].type)
    codes: Any = get_named_type(errors.fields["code"].type) if "code" in errors.fields else None
    return Use(mutation, lists, frozenset(codes.values if codes else ()))


def _root(handler: RootHandler) -> FieldHandler:
    return lambda call, _source, arguments: handler(call, arguments)


def neutral_of(type_: Any) -> Neutral | None:
    """What answers a field that may not be null and is not stored; None where nothing neutral exists."""
    nullable = get_nullable_type(type_)
    if is_list_type(nullable):
        return lambda call: []
    named = get_named_type(nullable)
    if named.name == "MoneyBag":
        return lambda call: money_bag("0.00", call.currency)
    if named.name == "MoneyV2":
        return lambda call: {"amount": "0.00", "currencyCode": call.currency}
    if named.name == "CurrencyCode":
        return lambda call: call.currency
    if named.name == "DateTime":
        return lambda call: call.space.shop["createdAt"]
    if named.name == "URL":
        return lambda call: f"https://{call.shop}"
    if isinstance(named, GraphQLScalarType):
        value = _SCALARS.get(named.name)
        return None if value is None else lambda call: value
    if isinstance(named, GraphQLEnumType):
        first = next(iter(named.values))
        return lambda call: first
    return (lambda call: {}) if isinstance(named, GraphQLObjectType) else None
