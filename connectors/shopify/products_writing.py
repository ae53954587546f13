"""Writing products one by one: what is there is read, what must stay is kept, and a lost reply makes no second one.

Before a product is made it is looked for by our own key, a metafield that Shopify keeps unique; and it is made under
that key. So whoever asks again, after whatever was lost, finds it.
"""

from asyncio import Semaphore, gather, sleep
from collections.abc import Mapping, Sequence
from typing import Any, Final

from canonical.errors import CrossdockError, MisconfiguredError, RetryableError
from canonical.outcomes import Failed, Outcome, Settled
from canonical.ports.budget import Lane
from canonical.ports.products import Pictures
from canonical.product import ProductChange, ProductRef
from connectors.shopify.client import Answer, ShopifyClient
from connectors.shopify.errors import user_error
from connectors.shopify.product_mapper import reference
from connectors.shopify.product_mapper_input import Context, identifier_of, product_input
from connectors.shopify.products_after import Followers, Written
from connectors.shopify.products_directory import Directory
from connectors.shopify.products_errors import product_error
from connectors.shopify.products_pictures import with_addresses
from connectors.shopify.products_state import ProductState, states_of
from connectors.shopify.stock_reading import tail

AT_ONCE: Final = 4
"""Products written side by side; the budget says how many calls that may be."""
LARGE: Final = 100
"""From so many variants on Shopify does it in a job: a call that long would end with a 502."""
_ATTEMPTS: Final = 3
_JOB_LOOKS: Final = 120

Input = dict[str, Any]


class ProductWriter:
    """Writes products of one shop."""

    def __init__(
        self, client: ShopifyClient, directory: Directory, followers: Followers, pictures: Pictures | None
    ) -> None:
        self._client, self._directory, self._followers, self._pictures = client, directory, followers, pictures
        self._key_defined = False

    async def publish(self, changes: Sequence[ProductChange]) -> list[Outcome[ProductRef]]:
        """As `ProductChannel.publish`. Once the shop cannot be reached, or refuses the app, nothing more is sent."""
        states = await self.states(changes)
        turn, stopped = Semaphore(AT_ONCE), list[CrossdockError]()

        async def one(change: ProductChange) -> Outcome[ProductRef]:
            async with turn:
                if stopped:
                    return Failed(_not_sent(stopped[0], change))
                try:
                    return Settled(await self._publish(change, states.get(change.product_id or "")))
                except CrossdockError as error:
                    unreachable = isinstance(error, RetryableError) and error.document is None
                    if unreachable or isinstance(error, MisconfiguredError):
                        stopped.append(error)
                    return Failed(error)

        return list(await gather(*(one(change) for change in changes)))

    async def states(self, changes: Sequence[ProductChange]) -> dict[str, ProductState]:
        """What the products are now, by id; those that are to be made are not in it."""
        return await states_of(self._client, [change.product_id for change in changes if change.product_id])

    async def input_of(self, change: ProductChange, state: ProductState | None) -> Input:
        """The variables of `productSet`, but for `synchronous`. Raises `RejectedError` naming the field."""
        if change.product_id is not None and state is None:
            raise product_error([{"code": "PRODUCT_DOES_NOT_EXIST", "message": "gone"}], {}, change, ())
        collections: list[str] = []
        if "collections" in change.owned:
            collections = await self._directory.collections(change.product.collections)
        change = await with_addresses(self._client, self._pictures, change, state)
        context = Context(state, await self._directory.currency(), collections)
        return {"identifier": identifier_of(change, state), "input": product_input(change, context)}

    async def define_key(self) -> None:
        """Have Shopify keep our key unique, once a process. Where it is defined already, it says so: no matter."""
        if self._key_defined:
            return
        definition = {
            "namespace": "crossdock",
            "key": "source_key",
            "name": "Crossdock source key",
            "type": "id",
            "ownerType": "PRODUCT",
            "capabilities": {"uniqueValues": {"enabled": True}},
        }
        self._key_defined = True
        try:
            answer = await self._client.call("define_source_key", {"definition": definition}, lane=Lane.CATALOGUE)
        except CrossdockError as error:
            self._client.notice(f"the key of products could not be defined: {error}")
            return
        errors = (answer.data.get("metafieldDefinitionCreate") or {}).get("userErrors") or []
        if refused := [error for error in errors if error.get("code") != "TAKEN"]:
            words = user_error(refused, answer.headers, None).words
            self._client.notice(f"the key of products could not be defined: {words}")

    async def _publish(self, change: ProductChange, state: ProductState | None) -> ProductRef:
        for attempt in range(1, _ATTEMPTS + 1):
            if change.product_id is None:
                state = await self._made_before(change)
            try:
                ref = await self._set(change, state)
                await self._followers.run(Written(change, state, ref))
                return ref
            except RetryableError as error:
                if not error.maybe_applied or attempt == _ATTEMPTS:
                    raise
                await sleep(error.retry_after or 0.2 * 5 ** (attempt - 1))
        raise _in_doubt("Shopify's answer did not come", "reply_lost", change)

    async def _made_before(self, change: ProductChange) -> ProductState | None:
        """The product that carries the key of this one already."""
        await self.define_key()
        variables = {"value": change.product.id}
        answer = await self._client.call("find_own_product", variables, lane=Lane.CATALOGUE)
        node = answer.data.get("productByIdentifier")
        if not node:
            return None
        product_id = tail(node["id"])
        return (await states_of(self._client, [product_id])).get(product_id)

    async def _set(self, change: ProductChange, state: ProductState | None) -> ProductRef:
        given = await self.input_of(change, state)
        rows = given["input"].get("variants") or ()
        variables = {**given, "synchronous": len(rows) < LARGE}
        answer = await self._client.call("set_product", variables, lane=Lane.CATALOGUE, document=change.product.id)
        payload = answer.data.get("productSet") or {}
        refuse(payload.get("userErrors"), answer.headers, change, rows)
        product = payload.get("product")
        if payload.get("productSetOperation") and not product:
            product = await self._job(payload["productSetOperation"]["id"], change, rows)
        return await self.ref_of(product, change)

    async def _job(self, operation_id: str, change: ProductChange, rows: Sequence[Input]) -> Input:
        """Wait for the end of a job."""
        for look in range(_JOB_LOOKS):
            await sleep(min(0.25 * 1.3**look, 5.0))
            answer = await self._operation(operation_id, change)
            found = answer.data.get("productOperation") or {}
            if found.get("status") == "COMPLETE":
                refuse(found.get("userErrors"), answer.headers, change, rows)
                return dict(found["product"])
        raise _in_doubt("the job of this product takes too long", "job_too_long", change)

    async def _operation(self, operation_id: str, change: ProductChange) -> Answer:
        return await self._client.call(
            "product_operation", {"id": operation_id}, lane=Lane.CATALOGUE, document=change.product.id
        )

    async def ref_of(self, product: Mapping[str, Any] | None, change: ProductChange) -> ProductRef:
        """The ids of a product that was written; read again when the answer has not all of its variants."""
        if not product:
            raise _in_doubt("Shopify's answer names no product", "reply_unreadable", change)
        page = product.get("variants")
        if page is not None and not page["pageInfo"]["hasNextPage"]:
            nodes = page["nodes"] if "nodes" in page else [edge["node"] for edge in page["edges"]]
            return reference(product["id"], product.get("handle"), nodes)
        product_id = tail(product["id"])
        state = (await states_of(self._client, [product_id])).get(product_id)
        if state is None:
            raise product_error([{"code": "PRODUCT_DOES_NOT_EXIST", "message": "gone"}], {}, change, ())
        rows = [{"id": v.id, "sku": v.sku, "inventoryItem": {"id": v.item_id}} for v in state.variants]
        return reference(product["id"], state.handle, rows)


def refuse(
    errors: Sequence[Mapping[str, Any]] | None, headers: Mapping[str, str], change: ProductChange, rows: Sequence[Input]
) -> None:
    """Raise what Shopify says against the product, if anything."""
    if errors:
        raise product_error(errors, headers, change, [row.get("sku") for row in rows])


def _in_doubt(words: str, code: str, change: ProductChange) -> RetryableError:
    return RetryableError(words, code=code, document=change.product.id, maybe_applied=True)


def _not_sent(cause: CrossdockError, change: ProductChange) -> CrossdockError:
    words = f"not sent, because a call before it failed: {cause.words}"
    document = change.product.id
    if isinstance(cause, MisconfiguredError):
        return MisconfiguredError(words, code=cause.code, document=document, way_out=cause.way_out)
    return RetryableError(words, code="not_sent", document=document)
