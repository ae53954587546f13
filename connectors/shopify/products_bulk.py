"""Writing many products by bulk operations: one for the products, one for each kind of call that follows many of them.

Lines find their product as single calls do: by id, or by our own key. So an operation that was started twice, or broke
in the middle, may be repeated.
"""

from asyncio import Semaphore, gather
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from canonical.errors import CrossdockError
from canonical.outcomes import Failed, Outcome, Settled
from canonical.ports.budget import Lane
from canonical.product import ProductChange, ProductRef
from connectors.shopify.bulk import Bulk
from connectors.shopify.bulk_lines import Payload, run_lines
from connectors.shopify.client import ShopifyClient
from connectors.shopify.documents import bulk_text, operation
from connectors.shopify.products_after import Followers, Step, Written, step_error
from connectors.shopify.products_state import ProductState
from connectors.shopify.products_writing import AT_ONCE, ProductWriter, refuse

MANY: Final = 50
"""From so many calls of one kind on a bulk operation makes them."""
_IN_BULK: Final = frozenset({"set_metafields", "publish_resource", "unpublish_resource", "set_fixed_prices"})

Outcomes = dict[int, Outcome[ProductRef]]
Steps = list[tuple[int, Step]]


class ProductBulk:
    """Bulk writing of one shop."""

    def __init__(self, client: ShopifyClient, writer: ProductWriter, followers: Followers) -> None:
        self._client, self._writer, self._followers = client, writer, followers
        self._bulk = Bulk(client, Lane.CATALOGUE)

    async def publish(self, changes: Sequence[ProductChange]) -> list[Outcome[ProductRef]]:
        """As `ProductChannel.publish_many`."""
        states = await self._writer.states(changes)
        if any(change.product_id is None for change in changes):
            await self._writer.define_key()
        outcomes: Outcomes = {}
        given: dict[int, Mapping[str, Any]] = {}
        for place, change in enumerate(changes):
            try:
                given[place] = await self._writer.input_of(change, states.get(change.product_id or ""))
            except CrossdockError as error:
                outcomes[place] = Failed(error)
        lines = [orjson.dumps(variables) for variables in given.values()]
        payloads = await run_lines(self._client, self._bulk, bulk_text("set_product"), "productSet", lines)
        for (place, variables), payload in zip(given.items(), payloads, strict=True):
            outcomes[place] = await self._outcome(changes[place], variables, payload)
        await self._follow(changes, states, outcomes)
        return [outcomes[place] for place in range(len(changes))]

    async def _outcome(
        self, change: ProductChange, variables: Mapping[str, Any], payload: Payload | CrossdockError
    ) -> Outcome[ProductRef]:
        if isinstance(payload, CrossdockError):
            return Failed(payload)
        try:
            refuse(payload.get("userErrors"), {}, change, variables["input"].get("variants") or ())
            return Settled(await self._writer.ref_of(payload.get("product"), change))
        except CrossdockError as error:
            return Failed(error)

    async def _follow(
        self, changes: Sequence[ProductChange], states: Mapping[str, ProductState], outcomes: Outcomes
    ) -> None:
        """Make the calls that follow the products that were written; one that fails fails its product."""
        steps: Steps = []
        for place, outcome in outcomes.items():
            if isinstance(outcome, Settled):
                change = changes[place]
                written = Written(change, states.get(change.product_id or ""), outcome.value)
                try:
                    steps += [(place, step) async for step in self._followers.steps(written)]
                except CrossdockError as error:
                    outcomes[place] = Failed(error)
        for name in dict.fromkeys(step.operation for _, step in steps):
            alike = [(place, step) for place, step in steps if step.operation == name]
            if len(alike) >= MANY and name in _IN_BULK:
                await self._steps_in_bulk(changes, alike, outcomes)
            else:
                await self._steps_singly(changes, alike, outcomes)

    async def _steps_in_bulk(self, changes: Sequence[ProductChange], steps: Steps, outcomes: Outcomes) -> None:
        first = steps[0][1]
        lines = [orjson.dumps(step.variables) for _, step in steps]
        payloads = await run_lines(self._client, self._bulk, operation(first.operation).text, first.root, lines)
        for (place, step), payload in zip(steps, payloads, strict=True):
            if isinstance(payload, CrossdockError):
                outcomes[place] = Failed(payload)
            elif errors := payload.get("userErrors"):
                outcomes[place] = Failed(step_error(errors, {}, step, changes[place]))

    async def _steps_singly(self, changes: Sequence[ProductChange], steps: Steps, outcomes: Outcomes) -> None:
        turn = Semaphore(AT_ONCE)

        async def one(place: int, step: Step) -> None:
            async with turn:
                try:
                    await self._followers.make(step, changes[place])
                except CrossdockError as error:
                    outcomes[place] = Failed(error)

        await gather(*(one(place, step) for place, step in steps))
