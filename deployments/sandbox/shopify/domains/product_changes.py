"""productCreate, productUpdate, productDelete and productChangeStatus."""

from deployments.sandbox.shopify import goods
from deployments.sandbox.shopify.domains import metafields
from deployments.sandbox.shopify.domains.collections import join, leave
from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.goods_checks import product_faults
from deployments.sandbox.shopify.handles import free_handle, handle_of, owner_of
from deployments.sandbox.shopify.jobs import start_job
from deployments.sandbox.shopify.media import media_of_input, product_media, source_errors
from deployments.sandbox.shopify.option_choices import Fault, option_faults, options_of
from deployments.sandbox.shopify.records import Record, gid, reference
from deployments.sandbox.shopify.registry import Arguments, Call, Domain
from deployments.sandbox.shopify.state import State
from deployments.sandbox.shopify.tokens import App

domain = Domain()
DELETING = "productDelete"
CREATED = ("products/create",)
NOT_THERE = "Product does not exist"
BAD_IMAGE = "Image URL is invalid"


@domain.mutation("productCreate")
def product_create(call: Call, arguments: Arguments) -> Record:
    """A product with its first variant; further variants come with productVariantsBulkCreate."""
    given = arguments.get("product") or arguments.get("input") or {}
    media = media_of_input(arguments.get("media"))
    if given.get("id"):
        return _refused([user_error(["input"], "id cannot be specified during creation", "INVALID")])
    errors = _errors(call, given, None, media)
    if errors:
        return _refused(errors)
    product = create(call, given, options_of(call, given.get("productOptions") or ()), media)
    variant = goods.add_variant(call, product["id"], _first_choice(product), {})
    goods.stock_new(call, variant, None)
    goods.relink(call, product, [variant], {}, topics=CREATED)
    return {"product": reference(product), "userErrors": []}


def create(call: Call, given: Record, options: list[Record], media: list[Record]) -> Record:
    """Keep a new product without variants: the news of it is told by whoever adds them.

    A product made by an app is published nowhere until it is told to be.
    """
    title = given["title"].strip()
    handle = handle_of(given["handle"]) if given.get("handle") else free_handle(call, "Product", title)
    fields = {
        "descriptionHtml": "",
        "description": "",
        "seo": {"title": None, "description": None},
        "publishedAt": None,
        "publishedTo": [],
        **goods.product_fields(call, given),
        "handle": handle,
        "options": options or goods.default_options(call),
        "media": product_media(call, media),
        "tracksInventory": False,
        "hasOnlyDefaultVariant": not options,
    }
    product = call.state.add(call.shop, "Product", fields, topics=())
    metafields.put_all(call, product["id"], given.get("metafields") or (), replace=False)
    for collection_id in given.get("collectionsToJoin") or ():
        join(call, collection_id, [product["id"]])
    return call.find(product["id"]) or product


@domain.mutation("productUpdate")
def product_update(call: Call, arguments: Arguments) -> Record:
    """Change a product's own fields; its variants have mutations of their own."""
    given = arguments.get("product") or arguments.get("input") or {}
    product, path = located(call, arguments.get("identifier"), given)
    if product is None:
        return _refused([user_error(path, NOT_THERE, "NOT_FOUND")])
    media = media_of_input(arguments.get("media"))
    errors = _errors(call, given, product, media)
    if errors:
        return _refused(errors)
    update(call, product, given, media)
    return {"product": reference(product), "userErrors": []}


def located(call: Call, identifier: Record | None, given: Record) -> tuple[Record | None, list[str]]:
    """The product an identifier or the input's id speaks of, and the path to blame when there is none."""
    if identifier is None:
        return call.find(given.get("id")), ["id"]
    return identified(call, identifier), ["identifier"]


def identified(call: Call, identifier: Record) -> Record | None:
    """A product by id, handle or unique metafield."""
    if identifier.get("id"):
        return call.find(identifier["id"])
    if identifier.get("handle"):
        return call.find(owner_of(call, "Product", handle_of(identifier["handle"])))
    wanted = identifier.get("customId")
    return metafields.by_value(call, "PRODUCT", wanted) if wanted else None


def update(call: Call, product: Record, given: Record, media: list[Record]) -> None:
    """Change a product's own fields, if anything of them is new."""
    fields = goods.product_fields(call, given)
    if given.get("handle"):
        fields["handle"] = handle_of(given["handle"])
    if media:
        fields["media"] = [*product.get("media", ()), *product_media(call, media)]
    changed = metafields.put_all(call, product["id"], given.get("metafields") or (), replace=False)
    for collection_id in given.get("collectionsToJoin") or ():
        changed |= join(call, collection_id, [product["id"]])
    for collection_id in given.get("collectionsToLeave") or ():
        changed |= leave(call, collection_id, [product["id"]])
    if changed or goods.differs(product, fields):
        call.state.update(call.shop, product["id"], fields)


@domain.mutation("productDelete")
def product_delete(call: Call, arguments: Arguments) -> Record:
    """Take a product out with its variants, items and stock; later, when it is asked to be asynchronous."""
    product = call.find(arguments["input"]["id"])
    if product is None:
        return {"deletedProductId": None, "userErrors": [user_error(["id"], NOT_THERE, "NOT_FOUND")]}
    if arguments.get("synchronous", True) is not False:
        delete(call, product)
        return {"deletedProductId": product["id"], "userErrors": []}
    operation = {"id": gid("ProductDeleteOperation", call.space.number()), "status": "CREATED", "userErrors": []}
    kept = call.state.add(call.shop, "ProductDeleteOperation", {**operation, "product": reference(product)}, topics=())
    start_job(call, DELETING, {"operation": kept["id"], "product": product["id"], "app": call.app.number})
    return {"productDeleteOperation": kept, "userErrors": []}


def delete(call: Call, product: Record) -> None:
    """Take a product out with everything that is its own."""
    for variant in goods.variants_of(call, product):
        goods.remove_variant(call, variant)
    for one in product.get("metafields", ()):
        if call.find(one["id"]) is not None:
            call.state.remove(call.shop, one["id"], topics=())
    call.state.remove(call.shop, product["id"])


def finish_delete(state: State, shop: str, job: Record) -> Record:
    """Delete what was asked to be deleted later."""
    call = later_call(state, shop, job)
    product = call.find(job["product"])
    if product is not None:
        delete(call, product)
    done = {"status": "COMPLETE", "product": None, "deletedProductId": job["product"]}
    state.update(shop, job["operation"], done, topics=())
    return {"status": "DONE"}


def later_call(state: State, shop: str, job: Record) -> Call:
    """The request a job goes on with: what it needs of the app is its number."""
    return Call(state, shop, App("", "", number=job["app"]), frozenset(), "")


@domain.mutation("productChangeStatus")
def product_change_status(call: Call, arguments: Arguments) -> Record:
    """Set active, draft or archived."""
    product = call.find(arguments["productId"])
    if product is None:
        return {"product": None, "userErrors": [user_error(["productId"], NOT_THERE, "PRODUCT_NOT_FOUND")]}
    update(call, product, {"status": arguments["status"]}, [])
    return {"product": reference(product), "userErrors": []}


@domain.computed("ProductCreatePayload", "shop")
@domain.computed("ProductDeletePayload", "shop")
def shop_of_payload(call: Call, _payload: Record, _arguments: Arguments) -> Record:
    """The shop asked."""
    return call.space.shop


@domain.query("productOperation")
def product_operation(call: Call, arguments: Arguments) -> Record | None:
    """How far an asynchronous productSet or productDelete is."""
    return call.find(arguments["id"])


def _first_choice(product: Record) -> Record:
    names = [option["optionValues"][0]["name"] for option in product["options"]]
    return goods.chosen_options(product["options"], names)


def _errors(call: Call, given: Record, product: Record | None, media: list[Record]) -> list[Record]:
    found = [user_error(path, words, code) for path, words, code in product_faults(call, given, product)]
    if " / " in "".join(one.get("name") or "" for one in given.get("productOptions") or ()):
        found.append(user_error(["options"], 'Name cannot contain the character sequence " / "', "INVALID"))
    else:
        found += under(["productOptions"], option_faults(given.get("productOptions") or ()))
    found += under(["metafields"], metafields.input_faults(call, product, given.get("metafields") or ()))
    return found + source_errors(media, ["media"], "INVALID", BAD_IMAGE)


def under(path: list[str], faults: list[Fault], **codes: str) -> list[Record]:
    """Faults as user errors below a path; `codes` renames those another mutation calls otherwise."""
    return [user_error([*path, *below], words, codes.get(code, code)) for below, words, code in faults]


def _refused(errors: list[Record]) -> Record:
    return {"product": None, "userErrors": errors}
