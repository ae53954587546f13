"""Variants in bulk: create, update, delete and reorder those of one product."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from deployments.sandbox.shopify import goods
from deployments.sandbox.shopify.domains import metafields
from deployments.sandbox.shopify.domains.product_changes import NOT_THERE, under
from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.goods_checks import variant_faults
from deployments.sandbox.shopify.media import media_of_input, product_media
from deployments.sandbox.shopify.option_choices import Choices
from deployments.sandbox.shopify.records import Record, reference
from deployments.sandbox.shopify.registry import Arguments, Call, Domain
from deployments.sandbox.shopify.stock import level_at, move

domain = Domain()
NO_QUANTITIES = (
    "Inventory quantities can only be provided during create. To update inventory for existing variants, "
    "use inventoryAdjustQuantities."
)
STALE = "The changeFromQuantity value does not match persisted value."


@dataclass(slots=True)
class Change:
    """One variant of a bulk update that may be written."""

    variant: Record
    given: Record
    fields: Record = field(default_factory=dict)


@domain.mutation("productVariantsBulkCreate")
def product_variants_bulk_create(call: Call, arguments: Arguments) -> Record:
    """Add variants, all or none. The lone default variant of a product without options gives way to them."""
    product = call.find(arguments["productId"])
    if product is None:
        return _refused([user_error(["productId"], NOT_THERE, "PRODUCT_DOES_NOT_EXIST")])
    present = goods.variants_of(call, product)
    standalone = _gives_way(product, present, arguments.get("strategy") or "DEFAULT")
    choices = _choices(call, product, [] if standalone else present)
    chosen, errors = _choose_new(call, choices, arguments["variants"])
    if not errors and len(present) + len(chosen) > goods.MOST_VARIANTS:
        words = f"You can only have a maximum of {goods.MOST_VARIANTS} variants per product"
        errors = [user_error(["variants"], words, "INVALID_INPUT")]
    if errors:
        return _refused(errors)
    choices.settle(chosen)
    media = product_media(call, media_of_input(arguments.get("media")))
    added = [
        _add(call, product["id"], given, {**choices.fields(names), "position": len(present) + place + 1})
        for place, (given, names) in enumerate(zip(arguments["variants"], chosen, strict=True))
    ]
    if standalone:
        goods.remove_variant(call, present[0])
        present = []
    fields = {"options": choices.options, "hasOnlyDefaultVariant": False}
    goods.relink(call, product, [*present, *added], {**fields, "media": [*product.get("media", ()), *media]})
    return {"product": reference(product), "productVariants": [reference(one) for one in added], "userErrors": []}


def _gives_way(product: Record, present: Sequence[Record], strategy: str) -> bool:
    if strategy == "PRESERVE_STANDALONE_VARIANT" or len(present) != 1:
        return False
    return strategy == "REMOVE_STANDALONE_VARIANT" or goods.names_of(present[0]) == (goods.DEFAULT_VALUE,)


def _choices(call: Call, product: Record, present: Sequence[Record]) -> Choices:
    options = list(product.get("options") or goods.default_options(call))
    if not present and goods.is_standalone(options):
        options = [{**options[0], "optionValues": []}]
    return Choices(call, options, taken={goods.names_of(one) for one in present})


def _choose_new(call: Call, choices: Choices, rows: Sequence[Record]) -> tuple[list[tuple[str, ...]], list[Record]]:
    chosen, errors = [], []
    for place, given in enumerate(rows):
        names, faults = choices.choose(given.get("optionValues") or ())
        faults = faults or choices.take(names) or variant_faults(given)
        faults = faults or _place_faults(call, given, names)
        rest = metafields.input_faults(call, None, given.get("metafields") or ())
        faults += [(["metafields", *path], words, code) for path, words, code in rest]
        errors += under(["variants", str(place)], faults, **CREATE_CODES)
        chosen.append(names)
    return chosen, errors


CREATE_CODES = {
    "OPTION_DOES_NOT_EXIST": "INVALID_INPUT",
    "OPTION_VALUE_DOES_NOT_EXIST": "INVALID_INPUT",
    "DUPLICATED_OPTION_NAME": "INVALID_INPUT",
    "INVALID_VALUE": "INVALID_INPUT",
    "BLANK": "INVALID_INPUT",
    "APP_NOT_AUTHORIZED": "INVALID_INPUT",
}
UPDATE_CODES = {"DUPLICATED_OPTION_NAME": "INVALID_INPUT", "APP_NOT_AUTHORIZED": "INVALID_INPUT"}


def _place_faults(call: Call, given: Record, names: tuple[str, ...]) -> list[tuple[list[str], str, str]]:
    for row in given.get("inventoryQuantities") or ():
        if call.find(row["locationId"]) is None:
            words = f"Quantity for {' / '.join(names)} couldn't be set because the location was deleted."
            return [(["inventoryQuantities"], words, "TRACKED_VARIANT_LOCATION_NOT_FOUND")]
    return []


def _add(call: Call, product_id: str, given: Record, fields: Record) -> Record:
    fields = {**goods.variant_fields(given), **fields, **_media_fields(call, given)}
    variant = goods.add_variant(call, product_id, fields, goods.item_fields(given, call.currency))
    rows = given.get("inventoryQuantities")
    quantities = [(row["locationId"], row["availableQuantity"]) for row in rows] if rows else None
    goods.stock_new(call, variant, quantities)
    if given.get("metafields"):
        metafields.put_all(call, variant["id"], given["metafields"], replace=False)
    return variant


def _media_fields(call: Call, given: Record) -> Record:
    if given.get("mediaId"):
        return {"media": [{"id": given["mediaId"]}]}
    sources = given.get("mediaSrc") or ()
    return {"media": product_media(call, [{"originalSource": one} for one in sources])} if sources else {}


@domain.mutation("productVariantsBulkUpdate")
def product_variants_bulk_update(call: Call, arguments: Arguments) -> Record:
    """Change variants, all or none, or with `allowPartialUpdates` those that can be."""
    product = call.find(arguments["productId"])
    if product is None:
        return _refused([user_error(["productId"], NOT_THERE, "PRODUCT_DOES_NOT_EXIST")])
    present = goods.variants_of(call, product)
    touched = {one.get("id") for one in arguments["variants"] if one.get("optionValues")}
    choices = _choices(call, product, present)
    choices.taken = {goods.names_of(one) for one in present if one["id"] not in touched}
    changes: list[Change] = []
    errors: list[Record] = []
    for place, given in enumerate(arguments["variants"]):
        change, faults = _planned(call, product, choices, given)
        errors += under(["variants", str(place)], faults, **UPDATE_CODES)
        if change is not None and not faults:
            changes.append(change)
    if errors and not (arguments.get("allowPartialUpdates") and changes):
        return {**_refused(errors), "product": reference(product)}
    _write(call, product, present, choices, changes)
    written = [reference(one.variant) for one in changes]
    return {"product": reference(product), "productVariants": written, "userErrors": errors}


def _planned(
    call: Call, product: Record, choices: Choices, given: Record
) -> tuple[Change | None, list[tuple[list[str], str, str]]]:
    if not given.get("id"):
        return None, [(["id"], "Product variant is missing ID attribute", "PRODUCT_VARIANT_ID_MISSING")]
    variant = call.find(given["id"])
    if variant is None or variant["product"]["id"] != product["id"]:
        return None, [(["id"], "Product variant does not exist", "PRODUCT_VARIANT_DOES_NOT_EXIST")]
    if given.get("inventoryQuantities") is not None:
        return None, [(["inventoryQuantities"], NO_QUANTITIES, "NO_INVENTORY_QUANTITIES_ON_VARIANTS_UPDATE")]
    change = Change(variant, given)
    faults = variant_faults(given)
    rest = metafields.input_faults(call, variant, given.get("metafields") or ())
    faults += [(["metafields", *path], words, code) for path, words, code in rest]
    faults += _adjustment_faults(call, variant, given)
    if given.get("optionValues") and not faults:
        names, faults = choices.choose(given["optionValues"], goods.names_of(variant))
        faults = faults or choices.take(names)
        change.fields = {"names": names}
    return change, faults


def _adjustment_faults(call: Call, variant: Record, given: Record) -> list[tuple[list[str], str, str]]:
    found: list[tuple[list[str], str, str]] = []
    for place, row in enumerate(given.get("quantityAdjustments") or ()):
        level = level_at(call.space, variant["inventoryItem"]["id"], row["locationId"])
        path = ["quantityAdjustments", str(place)]
        if level is None:
            found.append(([*path, "locationId"], "The variant is not stocked at the location", "INVALID_INPUT"))
        elif row.get("changeFromQuantity") not in (None, level["quantities"].get("available", 0)):
            found.append(([*path, "changeFromQuantity"], STALE, "INVALID_INPUT"))
    return found


def _write(call: Call, product: Record, present: list[Record], choices: Choices, changes: list[Change]) -> None:
    choices.settle(one.fields["names"] for one in changes if one.fields)
    moved = False
    for one in changes:
        fields = goods.variant_fields(one.given) | _media_fields(call, one.given)
        if one.fields:
            fields |= choices.fields(one.fields["names"])
        moved |= goods.write_variant(call, one.variant, fields, goods.item_fields(one.given, call.currency))
        moved |= _adjust(call, one)
        if one.given.get("metafields"):
            moved |= metafields.put_all(call, one.variant["id"], one.given["metafields"], replace=False)
    if moved:
        goods.relink(call, product, present, {"options": choices.options})


def _adjust(call: Call, change: Change) -> bool:
    rows = change.given.get("quantityAdjustments") or ()
    for row in rows:
        level = level_at(call.space, change.variant["inventoryItem"]["id"], row["locationId"])
        if level is not None and row.get("adjustment"):
            move(call.state, call.shop, level, {"available": row["adjustment"]})
    return bool(rows)


@domain.mutation("productVariantsBulkDelete")
def product_variants_bulk_delete(call: Call, arguments: Arguments) -> Record:
    """Take variants out, all or none; a product keeps at least one, so the last becomes its default."""
    product = call.find(arguments["productId"])
    if product is None:
        return _refused([user_error(["productId"], NOT_THERE, "PRODUCT_DOES_NOT_EXIST")])
    present = goods.variants_of(call, product)
    known, gone = {one["id"] for one in present}, set(arguments["variantsIds"])
    foreign = [place for place, one in enumerate(arguments["variantsIds"]) if one not in known]
    if foreign:
        code = "AT_LEAST_ONE_VARIANT_DOES_NOT_BELONG_TO_THE_PRODUCT"
        words = "At least one variant does not belong to the product"
        return _refused([user_error(["variantsIds", str(place)], words, code) for place in foreign])
    rest = [one for one in present if one["id"] not in gone]
    if not rest:
        words = "Cannot delete default variant"
        return _refused([user_error(["variantsIds"], words, "CANNOT_DELETE_LAST_VARIANT")])
    for variant in present:
        if variant["id"] in gone:
            goods.remove_variant(call, variant)
    goods.relink(call, product, placed(call, rest), {})
    return {"product": reference(product), "userErrors": []}


@domain.mutation("productVariantsBulkReorder")
def product_variants_bulk_reorder(call: Call, arguments: Arguments) -> Record:
    """Move variants to other places in the list; the others keep their order."""
    product = call.find(arguments["productId"])
    if product is None:
        return _refused([user_error(["productId"], NOT_THERE, "PRODUCT_DOES_NOT_EXIST")])
    present = goods.variants_of(call, product)
    errors = _position_errors(arguments["positions"], {one["id"] for one in present})
    if errors:
        return _refused(errors)
    wanted = {row["id"]: row["position"] for row in arguments["positions"]}
    order = [one for one in present if one["id"] not in wanted]
    for row in sorted(arguments["positions"], key=lambda one: int(one["position"])):
        order.insert(row["position"] - 1, next(one for one in present if one["id"] == row["id"]))
    goods.relink(call, product, placed(call, order), {})
    return {"product": reference(product), "userErrors": []}


def placed(call: Call, variants: Sequence[Record]) -> Sequence[Record]:
    """Variants with the positions their order gives them."""
    for place, variant in enumerate(variants):
        if variant.get("position") != place + 1:
            call.state.update(call.shop, variant["id"], {"position": place + 1}, topics=())
    return variants


def _position_errors(rows: Sequence[Record], known: set[str]) -> list[Record]:
    ids = [row["id"] for row in rows]
    if len(set(ids)) != len(ids):
        return [user_error(["positions"], "Product variant IDs must be unique", "DUPLICATED_VARIANT_ID")]
    found = []
    for place, row in enumerate(rows):
        path = ["positions", str(place)]
        if row["position"] < 1:
            words = "Position can not be zero or negative number"
            found.append(user_error([*path, "position"], words, "INVALID_POSITION"))
        if row["id"] not in known:
            found.append(user_error([*path, "id"], "Product variant does not exist", "MISSING_VARIANT"))
    return found


def _refused(errors: list[Record]) -> Record:
    return {"product": None, "productVariants": None, "userErrors": errors}
