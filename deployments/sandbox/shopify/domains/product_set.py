"""productSet: a product as an input describes it, made or changed in one call.

A list that is sent replaces what the product has: what it does not name is taken out. A list that is not sent stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from deployments.sandbox.shopify import goods
from deployments.sandbox.shopify.domains import metafields
from deployments.sandbox.shopify.domains.collections import join, leave
from deployments.sandbox.shopify.domains.product_changes import (
    BAD_IMAGE,
    CREATED,
    NOT_THERE,
    create,
    identified,
    later_call,
    under,
)
from deployments.sandbox.shopify.domains.product_variants import placed
from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.goods_checks import product_faults, variant_faults
from deployments.sandbox.shopify.handles import handle_of
from deployments.sandbox.shopify.jobs import start_job
from deployments.sandbox.shopify.media import product_media, source_errors
from deployments.sandbox.shopify.option_choices import Choices, Fault, option_faults, options_of
from deployments.sandbox.shopify.records import Record, gid, reference
from deployments.sandbox.shopify.registry import Arguments, Call, Domain
from deployments.sandbox.shopify.state import State
from deployments.sandbox.shopify.stock import level_at

domain = Domain()
SETTING = "productSet"
MOST_QUANTITIES = 50_000
INPUT = ["input"]
# What a fault is called here.
CODES = {
    "BLANK": "INVALID_PRODUCT",
    "TOO_LONG": "INVALID_PRODUCT",
    "GREATER_THAN_OR_EQUAL_TO": "INVALID_VARIANT",
    "NEED_TO_ADD_OPTION_VALUES": "INVALID_VARIANT",
    "VARIANT_ALREADY_EXISTS": "INVALID_VARIANT",
    "INVALID_NAME": "INVALID_INPUT",
    "OPTION_NAME_MISSING": "INVALID_INPUT",
    "OPTION_NAME_TOO_LONG": "INVALID_INPUT",
}
VARIANT_CODES = {**CODES, "INVALID_INPUT": "INVALID_VARIANT"}
METAFIELD_CODES = dict.fromkeys(
    ("INVALID_VALUE", "BLANK", "APP_NOT_AUTHORIZED", "TOO_SHORT", "TOO_LONG"), "INVALID_METAFIELD"
)


@dataclass(slots=True)
class Plan:
    """What a call is going to do, once nothing speaks against it."""

    given: Record
    product: Record | None
    options: list[Record] = field(default_factory=list)
    # For each variant of the input: the one it changes, if any, and its option values.
    variants: list[tuple[Record, Record | None, tuple[str, ...]]] = field(default_factory=list)


@domain.mutation("productSet")
def product_set(call: Call, arguments: Arguments) -> Record:
    """Make or change a product now, or in a job whose outcome `productOperation` tells."""
    if arguments.get("synchronous", True) is not False:
        return _set(call, arguments.get("identifier"), arguments["input"])
    operation = {"id": gid("ProductSetOperation", call.space.number()), "status": "CREATED", "userErrors": []}
    kept = call.state.add(call.shop, "ProductSetOperation", operation, topics=())
    task = {"operation": kept["id"], "identifier": arguments.get("identifier"), "input": arguments["input"]}
    start_job(call, SETTING, {**task, "app": call.app.number})
    return {"product": None, "productSetOperation": kept, "userErrors": []}


def finish_set(state: State, shop: str, job: Record) -> Record:
    """Do what was asked to be done later."""
    outcome = _set(later_call(state, shop, job), job["identifier"], job["input"])
    done = {"status": "COMPLETE", "product": outcome["product"], "userErrors": outcome["userErrors"]}
    state.update(shop, job["operation"], done, topics=())
    return {"status": "DONE"}


def _set(call: Call, identifier: Record | None, given: Record) -> Record:
    product, given, errors = _locate(call, identifier, given)
    if errors:
        return _refused(errors)
    plan = Plan(given, product)
    errors = _check(call, plan)
    if errors:
        return _refused(errors)
    kept = _make(call, plan) if product is None else _change(call, plan, product)
    return {"product": reference(kept), "productSetOperation": None, "userErrors": []}


def _refused(errors: list[Record]) -> Record:
    return {"product": None, "productSetOperation": None, "userErrors": errors}


def _locate(call: Call, identifier: Record | None, given: Record) -> tuple[Record | None, Record, list[Record]]:
    """The product meant, the input completed by what the identifier says, and what is wrong with either."""
    if identifier is None:
        if not given.get("id"):
            return None, given, []
        product = call.find(given["id"])
        missing = [user_error([*INPUT, "id"], NOT_THERE, "PRODUCT_DOES_NOT_EXIST")] if product is None else []
        return product, given, missing
    if given.get("id"):
        words = "The id field is not allowed if identifier is provided."
        return None, given, [user_error(INPUT, words, "ID_NOT_ALLOWED")]
    product = identified(call, identifier)
    if product is None and identifier.get("id"):
        return None, given, [user_error([*INPUT, "id"], NOT_THERE, "PRODUCT_DOES_NOT_EXIST")]
    handle, custom = identifier.get("handle"), identifier.get("customId")
    if handle and given.get("handle") and handle_of(given["handle"]) != handle_of(handle) and product is None:
        words = "The identifier value does not match the value of the corresponding field in the input."
        return None, given, [user_error(["identifier", "handle"], words, "INPUT_MISMATCH")]
    if handle and product is None:
        given = {"handle": handle, **given}
    if custom and not _holds(call, given.get("metafields"), custom):
        words = "The input argument `metafields` (if present) must contain the `customId` value."
        if given.get("metafields") is not None or product is None:
            return None, given, [user_error(["identifier", "customId"], words, "METAFIELD_MISMATCH")]
    return product, given, []


def _holds(call: Call, rows: Sequence[Record] | None, custom: Record) -> bool:
    wanted = (metafields.app_namespace(call, custom.get("namespace")), custom["key"], custom["value"])
    for one in rows or ():
        if (metafields.app_namespace(call, one.get("namespace")), one.get("key"), one.get("value")) == wanted:
            return True
    return False


def _check(call: Call, plan: Plan) -> list[Record]:
    given, product = plan.given, plan.product
    found = _product_errors(call, given, product)
    found += source_errors(given.get("files"), [*INPUT, "files"], "INVALID_INPUT", BAD_IMAGE)
    faults = metafields.input_faults(call, product, given.get("metafields") or ())
    found += under([*INPUT, "metafields"], faults, **METAFIELD_CODES)
    for place, one in enumerate(given.get("collections") or ()):
        if call.find(one) is None:
            found.append(user_error([*INPUT, "collections", str(place)], "Collection does not exist", "INVALID_INPUT"))
    return found or _plan_variants(call, plan)


def _product_errors(call: Call, given: Record, product: Record | None) -> list[Record]:
    found = []
    for path, words, code in product_faults(call, given, product):
        if path == ["title"]:
            told = words.removeprefix("Title ") if code == "TOO_LONG" else words
            found.append(user_error([*INPUT, "title"], told, CODES[code]))
        elif code == "TOO_LONG":
            found.append(user_error(INPUT, words, CODES[code]))
        else:
            found.append(user_error(path, words, code))
    return found


def _plan_variants(call: Call, plan: Plan) -> list[Record]:
    given, product = plan.given, plan.product
    rows, options = given.get("variants"), given.get("productOptions")
    if options is not None and rows is None and product is not None:
        words = "Variants input is required when updating product options"
        return [user_error([*INPUT, "variants"], words, "VARIANTS_INPUT_MISSING")]
    if rows and options is None and product is None:
        words = "Product options input is required when updating variants"
        return [user_error([*INPUT, "productOptions"], words, "PRODUCT_OPTIONS_INPUT_MISSING")]
    errors = under([*INPUT, "productOptions"], option_faults(options or ()), **CODES) or _size_errors(rows or ())
    if errors:
        return errors
    known = list(product.get("options", ())) if product else []
    plan.options = options_of(call, options, known) if options is not None else known
    return _match(call, plan, rows) if rows is not None else []


def _size_errors(rows: Sequence[Record]) -> list[Record]:
    if len(rows) > goods.MOST_VARIANTS:
        words = f"Number of product variants exceeds shop limit of {goods.MOST_VARIANTS}."
        return [user_error([*INPUT, "variants"], words, "VARIANTS_OVER_LIMIT")]
    if sum(len(one.get("inventoryQuantities") or ()) for one in rows) > MOST_QUANTITIES:
        words = (
            f"Inventory quantity input exceeds the limit of {MOST_QUANTITIES}. "
            "Consider using separate `inventorySetQuantities` mutations."
        )
        return [user_error([*INPUT, "variants"], words, "INVENTORY_QUANTITIES_LIMIT_EXCEEDED")]
    return []


def _match(call: Call, plan: Plan, rows: Sequence[Record]) -> list[Record]:
    """Find which variant each row changes: the one of its id, else the one of its option values."""
    present = goods.variants_of(call, plan.product) if plan.product else []
    by_id = {one["id"]: one for one in present}
    by_names = {goods.names_of(one): one for one in present}
    choices = Choices(call, plan.options, open_ended=False)
    errors: list[Record] = []
    for place, row in enumerate(rows):
        path = [*INPUT, "variants", str(place)]
        if row.get("id") and row["id"] not in by_id:
            words = "Product variant does not exist"
            errors.append(user_error([*path, "id"], words, "PRODUCT_VARIANT_DOES_NOT_EXIST"))
            continue
        names, faults = choices.choose(row.get("optionValues") or ())
        old = by_id[row["id"]] if row.get("id") else by_names.get(names)
        faults = faults or choices.take(names)
        errors += under(path, faults + variant_faults(row) + _quantity_faults(call, row, old), **VARIANT_CODES)
        rest = metafields.input_faults(call, old, row.get("metafields") or ())
        errors += under([*path, "metafields"], rest, **METAFIELD_CODES)
        plan.variants.append((row, old, names))
    return errors


def _quantity_faults(call: Call, row: Record, old: Record | None) -> list[Fault]:
    found: list[Fault] = []
    for place, one in enumerate(row.get("inventoryQuantities") or ()):
        path = ["inventoryQuantities", str(place)]
        if one["name"] not in ("available", "on_hand"):
            found.append(([*path, "name"], "Name must be one of available or on_hand", "INVALID_INPUT"))
        if call.find(one["locationId"]) is None:
            found.append(([*path, "locationId"], "Location does not exist", "INVALID_INPUT"))
        elif old is not None and level_at(call.space, old["inventoryItem"]["id"], one["locationId"]) is None:
            words = "The variant is not stocked at the location"
            found.append(([*path, "locationId"], words, "INVALID_INPUT"))
    return found


def _make(call: Call, plan: Plan) -> Record:
    given = plan.given
    options = plan.options or goods.default_options(call)
    product = create(call, {**given, "collectionsToJoin": given.get("collections")}, options, given.get("files") or [])
    if not plan.variants:
        plan.variants = [({}, None, tuple(one["optionValues"][0]["name"] for one in options))]
    plan.options = options
    variants = _variants(call, plan, product)[0]
    alone = {"hasOnlyDefaultVariant": goods.is_standalone(options)}
    return goods.relink(call, product, variants, alone, topics=CREATED)


def _variants(call: Call, plan: Plan, product: Record) -> tuple[list[Record], bool]:
    """Write the variants of the plan in its order; whether anything of them is new."""
    choices = Choices(call, plan.options)
    changed, kept = False, []
    for place, (row, old, names) in enumerate(plan.variants):
        fields = {**goods.variant_fields(row), **choices.fields(names), "position": place + 1}
        if row.get("file"):
            fields["media"] = _variant_media(call, row["file"], product)
        item = goods.item_fields(row, call.currency)
        if old is None:
            variant = goods.add_variant(call, product["id"], fields, item)
            rows = row.get("inventoryQuantities")
            goods.stock_new(call, variant, [(one["locationId"], one["quantity"]) for one in rows] if rows else None)
            changed = True
        else:
            variant = old
            changed |= goods.write_variant(call, old, fields, item)
            for one in row.get("inventoryQuantities") or ():
                changed |= goods.set_quantity(call, old, one["locationId"], one["name"], one["quantity"])
        if row.get("metafields") is not None:
            changed |= metafields.put_all(call, variant["id"], row["metafields"], replace=True)
        kept.append(variant)
    return kept, changed


def _variant_media(call: Call, given: Record, product: Record) -> list[Record]:
    """The picture of a variant: one of the product's, found by id or by the address it came from."""
    if given.get("id"):
        return [{"id": given["id"]}]
    for one in (call.find(product["id"]) or product).get("media", ()):
        file = call.find(one["id"])
        if file is not None and file.get("source") == given.get("originalSource"):
            return [reference(file)]
    return []


def _change(call: Call, plan: Plan, product: Record) -> Record:
    given = plan.given
    fields = goods.product_fields(call, given)
    if given.get("handle"):
        fields["handle"] = handle_of(given["handle"])
    if given.get("files") is not None:
        fields["media"] = _files(call, product, given["files"])
    changed = _lists(call, product, given)
    if fields.get("media", product.get("media", [])) != product.get("media", []):
        call.state.update(call.shop, product["id"], {"media": fields["media"]}, topics=())
    present = goods.variants_of(call, product)
    variants = present
    if given.get("variants") is not None:
        variants, moved = _replace(call, plan, product, present)
        changed |= moved
        fields |= {"options": plan.options, "hasOnlyDefaultVariant": goods.is_standalone(plan.options)}
    if changed or goods.differs(product, fields):
        return goods.relink(call, product, variants, fields)
    return product


def _lists(call: Call, product: Record, given: Record) -> bool:
    """Metafields and collections as sent; whether that changed any."""
    changed = False
    if given.get("metafields") is not None:
        changed = metafields.put_all(call, product["id"], given["metafields"], replace=True)
    if given.get("collections") is not None:
        before = [one["id"] for one in product.get("collections", ())]
        for one in before:
            changed |= one not in given["collections"] and leave(call, one, [product["id"]])
        for one in given["collections"]:
            changed |= join(call, one, [product["id"]])
    return changed


def _files(call: Call, product: Record, given: Sequence[Record]) -> list[Record]:
    """The product's media as sent: by id, or new; text of those that stay follows."""
    for one in given:
        file = call.find(one.get("id"))
        if file is not None and "alt" in one and file.get("alt") != one["alt"]:
            call.state.update(call.shop, file["id"], {"alt": one["alt"]}, topics=())
    return product_media(call, given)


def _replace(call: Call, plan: Plan, product: Record, present: list[Record]) -> tuple[list[Record], bool]:
    if not plan.variants:
        plan.options = goods.default_options(call)
        plan.variants = [({}, None, (goods.DEFAULT_VALUE,))]
    variants, changed = _variants(call, plan, product)
    kept = {one["id"] for one in variants}
    for old in present:
        if old["id"] not in kept:
            goods.remove_variant(call, old)
            changed = True
    return list(placed(call, variants)), changed
