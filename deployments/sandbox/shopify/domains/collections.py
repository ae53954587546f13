"""Collections put together by hand. A product holds the collections it is in; an index answers the other way round."""

from collections.abc import Sequence

from deployments.sandbox.shopify.domains import metafields
from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.goods import differs
from deployments.sandbox.shopify.handles import LONGEST, free_handle, handle_of, owner_of, plain_text
from deployments.sandbox.shopify.jobs import start_job
from deployments.sandbox.shopify.listing import by, listing, sorted_by
from deployments.sandbox.shopify.paging import Listing
from deployments.sandbox.shopify.records import Record, reference
from deployments.sandbox.shopify.registry import Arguments, Call, Domain
from deployments.sandbox.shopify.search import Search
from deployments.sandbox.shopify.state import State

domain = Domain()
SORTING = "collection"
NOT_THERE = "Collection does not exist"
_SEARCH = Search(
    {"id": by("id"), "title": by("title"), "handle": by("handle"), "updated_at": by("updatedAt")},
    words=(by("title"),),
)
_SORT = {"TITLE": sorted_by("title"), "UPDATED_AT": sorted_by("updatedAt"), "ID": sorted_by("id")}


@domain.query("collections")
def collections(call: Call, arguments: Arguments) -> Listing:
    """All collections."""
    return listing(call, "collections", call.all("Collection"), _SEARCH, _SORT, arguments)


@domain.query("collection")
def collection(call: Call, arguments: Arguments) -> Record | None:
    """A collection by id."""
    return call.find(arguments["id"])


@domain.query("collectionByIdentifier")
def collection_by_identifier(call: Call, arguments: Arguments) -> Record | None:
    """A collection by id, handle or unique metafield."""
    identifier = arguments["identifier"]
    if identifier.get("id"):
        return call.find(identifier["id"])
    if identifier.get("handle"):
        return call.find(owner_of(call, "Collection", handle_of(identifier["handle"])))
    return metafields.by_value(call, "COLLECTION", identifier["customId"])


@domain.mutation("collectionCreate")
def collection_create(call: Call, arguments: Arguments) -> Record:
    """A collection, with the products it starts with."""
    given = arguments.get("collection") or arguments.get("input") or {}
    errors = _errors(call, given, None)
    if errors:
        return {"collection": None, "userErrors": errors}
    title = given["title"].strip()
    handle = handle_of(given["handle"]) if given.get("handle") else free_handle(call, "Collection", title)
    start = {"descriptionHtml": "", "description": "", "sortOrder": "BEST_SELLING", "templateSuffix": None}
    fields = {**start, "publishedTo": [], **_fields(given), "handle": handle}
    kept = call.state.add(call.shop, "Collection", fields, topics=("collections/create",))
    metafields.put_all(call, kept["id"], given.get("metafields") or (), replace=False)
    join(call, kept["id"], given.get("products") or ())
    return {"collection": reference(kept), "userErrors": []}


@domain.mutation("collectionUpdate")
def collection_update(call: Call, arguments: Arguments) -> Record:
    """Change a collection's own fields."""
    given = arguments.get("collection") or arguments.get("input") or {}
    kept = call.find(given.get("id"))
    if kept is None:
        return {"collection": None, "job": None, "userErrors": [user_error(["id"], NOT_THERE)]}
    errors = _errors(call, given, kept)
    if errors:
        return {"collection": None, "job": None, "userErrors": errors}
    fields = _fields(given)
    if given.get("handle"):
        fields["handle"] = handle_of(given["handle"])
    metafields.put_all(call, kept["id"], given.get("metafields") or (), replace=False)
    if differs(kept, fields):
        call.state.update(call.shop, kept["id"], fields, topics=("collections/update",))
    return {"collection": reference(kept), "job": None, "userErrors": []}


@domain.mutation("collectionDelete")
def collection_delete(call: Call, arguments: Arguments) -> Record:
    """Take a collection out; its products stay."""
    kept = call.find(arguments["input"]["id"])
    if kept is None:
        return {"deletedCollectionId": None, "userErrors": [user_error(["id"], NOT_THERE)]}
    leave(call, kept["id"], list(members(call, kept["id"])))
    call.state.remove(call.shop, kept["id"], topics=("collections/delete",))
    return {"deletedCollectionId": kept["id"], "userErrors": []}


@domain.mutation("collectionAddProducts")
def collection_add_products(call: Call, arguments: Arguments) -> Record:
    """Put products into a collection, none of them when one is in it already."""
    kept, wanted = call.find(arguments["id"]), arguments["productIds"]
    if kept is None:
        return {"collection": None, "userErrors": [user_error(["id"], NOT_THERE)]}
    inside = set(members(call, kept["id"]))
    if inside & set(wanted):
        message = "Product is already in the collection"
        return {"collection": None, "userErrors": [user_error(["productIds"], message)]}
    join(call, kept["id"], wanted)
    return {"collection": reference(kept), "userErrors": []}


@domain.mutation("collectionAddProductsV2")
def collection_add_products_later(call: Call, arguments: Arguments) -> Record:
    """Put products into a collection in a job."""
    return _later(call, arguments, joining=True)


@domain.mutation("collectionRemoveProducts")
def collection_remove_products(call: Call, arguments: Arguments) -> Record:
    """Take products out of a collection in a job."""
    return _later(call, arguments, joining=False)


def _later(call: Call, arguments: Arguments, *, joining: bool) -> Record:
    if call.find(arguments["id"]) is None:
        return {"job": None, "userErrors": [user_error(["id"], NOT_THERE, "COLLECTION_DOES_NOT_EXIST")]}
    task = {"collection": arguments["id"], "products": arguments["productIds"], "joining": joining}
    job = start_job(call, SORTING, {**task, "app": call.app.number})
    return {"job": reference(job), "userErrors": []}


def sort_in(state: State, shop: str, job: Record) -> Record:
    """Do what a job of a collection was asked to do."""
    links = {"id": job["collection"]}
    for product_id in job["products"]:
        product = state.get(shop, product_id)
        if product is None:
            continue
        before = product.get("collections", [])
        after = [one for one in before if one != links] + ([links] if job["joining"] else [])
        if after != before:
            state.update(shop, product_id, {"collections": after})
    return {"status": "DONE"}


def members(call: Call, collection_id: str) -> list[str]:
    """The ids of the products of a collection, in the order they came."""
    return list(call.space.indexes.ids("Product", "collections", collection_id))


def join(call: Call, collection_id: str, product_ids: Sequence[str]) -> bool:
    """Put products into a collection; whether any was not in it."""
    changed = False
    for product in filter(None, map(call.find, product_ids)):
        before = product.get("collections", [])
        if {"id": collection_id} not in before:
            after = [*before, {"id": collection_id}]
            call.state.update(call.shop, product["id"], {"collections": after}, topics=())
            changed = True
    return changed


def leave(call: Call, collection_id: str, product_ids: Sequence[str]) -> bool:
    """Take products out of a collection; whether any was in it."""
    changed = False
    for product in filter(None, map(call.find, product_ids)):
        before = product.get("collections", [])
        after = [one for one in before if one["id"] != collection_id]
        if after != before:
            call.state.update(call.shop, product["id"], {"collections": after}, topics=())
            changed = True
    return changed


@domain.computed("Collection", "products")
def products(call: Call, record: Record, _arguments: Arguments) -> list[Record]:
    """What is in the collection."""
    return [reference({"id": one}) for one in members(call, record["id"])]


@domain.computed("Collection", "productsCount")
def products_count(call: Call, record: Record, _arguments: Arguments) -> Record:
    """How many products are in the collection."""
    return {"count": len(members(call, record["id"])), "precision": "EXACT"}


@domain.computed("Collection", "hasProduct")
def has_product(call: Call, record: Record, arguments: Arguments) -> bool:
    """Whether a product is in the collection."""
    return arguments["id"] in call.space.indexes.ids("Product", "collections", record["id"])


@domain.computed("Product", "inCollection")
def in_collection(_call: Call, record: Record, arguments: Arguments) -> bool:
    """Whether the product is in a collection."""
    return {"id": arguments["id"]} in record.get("collections", ())


@domain.computed("CollectionDeletePayload", "shop")
def shop_of_payload(call: Call, _payload: Record, _arguments: Arguments) -> Record:
    """The shop asked."""
    return call.space.shop


def _fields(given: Record) -> Record:
    names = ("title", "descriptionHtml", "sortOrder", "templateSuffix")
    fields = {name: given[name] for name in names if given.get(name) is not None}
    if given.get("seo") is not None:
        fields["seo"] = {"title": given["seo"].get("title"), "description": given["seo"].get("description")}
    if "descriptionHtml" in fields:
        fields["description"] = plain_text(fields["descriptionHtml"])
    return fields


def _errors(call: Call, given: Record, kept: Record | None) -> list[Record]:
    if kept is None and given.get("id"):
        return [user_error(["id"], "id cannot be specified on collection creation")]
    title = given.get("title", "" if kept is None else kept["title"])
    if not (title or "").strip():
        return [user_error(["title"], "Title can't be blank")]
    if len(str(title)) > LONGEST:
        return [user_error(["title"], f"Title is too long (maximum is {LONGEST} characters)")]
    missing = [place for place, one in enumerate(given.get("products") or ()) if call.find(one) is None]
    if missing:
        return [user_error(["products", str(place)], "Product does not exist") for place in missing]
    owner = owner_of(call, "Collection", handle_of(given["handle"])) if given.get("handle") else None
    if owner is not None and (kept is None or owner != kept["id"]):
        return [user_error(["handle"], "Handle has already been taken")]
    faults = metafields.input_faults(call, kept, given.get("metafields") or ())
    return [user_error(["metafields", *path], words, code) for path, words, code in faults]
