"""How products, variants and their inventory items are kept: what the mutations on products have in common.

A product holds its options with their values, and references to its variants in order. A variant's SKU is its
inventory item's; both records carry it, so that both are found by it.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from deployments.sandbox.shopify.handles import plain_text
from deployments.sandbox.shopify.records import Record, gid, reference
from deployments.sandbox.shopify.registry import Call
from deployments.sandbox.shopify.stock import level_at, move, open_level, quantity, remove_item

MOST_OPTIONS = 3
MOST_VARIANTS = 2048
DEFAULT_OPTION, DEFAULT_VALUE = "Title", "Default Title"
# Input fields that are stored under their own name.
VARIANT_FIELDS = ("barcode", "inventoryPolicy", "taxable", "taxCode", "showUnitPrice", "requiresComponents")
ITEM_FIELDS = ("sku", "tracked", "requiresShipping", "harmonizedSystemCode", "countryCodeOfOrigin")
PRODUCT_FIELDS = (
    "title",
    "descriptionHtml",
    "vendor",
    "productType",
    "templateSuffix",
    "giftCardTemplateSuffix",
    "status",
    "requiresSellingPlan",
)
NOTHING: Record = {}


def variants_of(call: Call, product: Record) -> list[Record]:
    """The variants of a product, in order."""
    return [found for one in product.get("variants", ()) if (found := call.find(one["id"])) is not None]


def new_option(call: Call, name: str, values: Iterable[str], position: int) -> Record:
    """An option with values, to be kept on a product."""
    number = call.space.number
    rows = [{"id": gid("ProductOptionValue", number()), "name": value} for value in values]
    return {"id": gid("ProductOption", number()), "name": name, "position": position, "optionValues": rows}


def default_options(call: Call) -> list[Record]:
    """The one option of a product that has none: Title, Default Title."""
    return [new_option(call, DEFAULT_OPTION, [DEFAULT_VALUE], 1)]


def is_standalone(options: Sequence[Record]) -> bool:
    """Whether options are those of a product without options."""
    if len(options) != 1 or options[0]["name"] != DEFAULT_OPTION:
        return False
    return [one["name"] for one in options[0].get("optionValues", ())] in ([], [DEFAULT_VALUE])


def chosen_options(options: Sequence[Record], names: Sequence[str]) -> Record:
    """The fields of a variant that say which value of each option it is."""
    selected = [
        {"name": option["name"], "value": name, "optionValue": {"hasVariants": True, **value_of(option, name)}}
        for option, name in zip(options, names, strict=True)
    ]
    return {"title": " / ".join(names), "selectedOptions": selected}


def value_of(option: Record, name: str) -> Record:
    """A value of an option by name; the name alone when it is not kept."""
    return next((one for one in option.get("optionValues", ()) if one["name"] == name), {"name": name})


def names_of(variant: Record) -> tuple[str, ...]:
    """The option values of a variant."""
    return tuple(one["value"] for one in variant.get("selectedOptions", ()))


def money_text(value: Any) -> str | None:
    """An amount as a variant shows it: two decimals."""
    return None if value is None else f"{Decimal(str(value)):.2f}"


def variant_fields(given: Record) -> Record:
    """What an input says of a variant, as it is stored."""
    fields = {name: given[name] for name in VARIANT_FIELDS if name in given}
    for name in ("price", "compareAtPrice"):
        if name in given and (name != "price" or given[name] is not None):
            fields[name] = money_text(given[name])
    if "unitPriceMeasurement" in given:
        fields["unitPriceMeasurement"] = given["unitPriceMeasurement"]
    sku = sku_of(given)
    return fields if sku is NOTHING else {**fields, "sku": sku}


def sku_of(given: Record) -> Any:
    """The SKU an input gives, wherever it stands; NOTHING when it gives none."""
    if "sku" in given:
        return given["sku"]
    return (given.get("inventoryItem") or NOTHING).get("sku", NOTHING)


def item_fields(given: Record, currency: str) -> Record:
    """What a variant's input says of its inventory item, as it is stored."""
    item = given.get("inventoryItem") or NOTHING
    fields = {name: item[name] for name in (*ITEM_FIELDS, "provinceCodeOfOrigin") if name in item}
    if "sku" in given:
        fields["sku"] = given["sku"]
    if "cost" in item:
        cost = money_text(item["cost"])
        fields["unitCost"] = None if cost is None else {"amount": cost, "currencyCode": currency}
    if "countryHarmonizedSystemCodes" in item:
        fields["countryHarmonizedSystemCodes"] = item["countryHarmonizedSystemCodes"] or []
    weight = (item.get("measurement") or NOTHING).get("weight")
    if weight is not None:
        fields["weight"] = {"unit": weight["unit"], "value": float(weight["value"])}
    return fields


def add_variant(call: Call, product_id: str, fields: Record, item: Record) -> Record:
    """Keep a new variant and its item; nothing is stocked yet."""
    number = call.space.number
    variant_id, item_id = gid("ProductVariant", number()), gid("InventoryItem", number())
    weight = item.pop("weight", None) or {"unit": call.space.shop.get("weightUnit", "KILOGRAMS"), "value": 0.0}
    call.state.add(
        call.shop,
        "InventoryItem",
        {
            "id": item_id,
            "sku": None,
            "tracked": False,
            "requiresShipping": True,
            **item,
            "variant": {"id": variant_id},
            "measurement": {"id": f"{item_id}/measurement", "weight": weight},
        },
    )
    links = {"product": {"id": product_id}, "inventoryItem": {"id": item_id}}
    record = {"id": variant_id, "sku": None, "barcode": None, "price": "0.00", **fields, **links}
    return call.state.add(call.shop, "ProductVariant", record, topics=())


def write_variant(call: Call, variant: Record, fields: Record, item: Record) -> bool:
    """Change a variant and its item; whether anything of either is different now."""
    kept = call.find(variant["inventoryItem"]["id"])
    if kept is not None and "weight" in item:
        item = {**item, "measurement": {**(kept.get("measurement") or NOTHING), "weight": item["weight"]}}
        del item["weight"]
    changed_item = kept is not None and differs(kept, item)
    if kept is not None and changed_item:
        call.state.update(call.shop, kept["id"], item)
    changed = differs(variant, fields)
    if changed or changed_item:
        call.state.update(call.shop, variant["id"], fields, topics=())
    return changed or changed_item


def remove_variant(call: Call, variant: Record) -> None:
    """Take a variant out with its item, the item's stock and its metafields."""
    for one in variant.get("metafields", ()):
        if call.find(one["id"]) is not None:
            call.state.remove(call.shop, one["id"], topics=())
    call.state.remove(call.shop, variant["id"], topics=())
    remove_item(call.state, call.shop, variant["inventoryItem"]["id"])


def differs(record: Record, fields: Record) -> bool:
    """Whether fields would change a record."""
    return any(record.get(name) != value for name, value in fields.items())


def stock_new(call: Call, variant: Record, quantities: Iterable[tuple[str, int]] | None) -> None:
    """Stock a new variant where it is said, else with nothing at the shop's first location."""
    item_id = variant["inventoryItem"]["id"]
    if quantities is None:
        home = next(iter(call.space.records.get("Location", ())), None)
        quantities = [(home, 0)] if home else []
    for location_id, pieces in quantities:
        if level_at(call.space, item_id, location_id) is None:
            open_level(call.state, call.shop, item_id, location_id, pieces)


def set_quantity(call: Call, variant: Record, location_id: str, name: str, pieces: int) -> bool:
    """Set `available` or `on_hand` of a variant where it is stocked; whether that changed it."""
    level = level_at(call.space, variant["inventoryItem"]["id"], location_id)
    if level is None:
        open_level(call.state, call.shop, variant["inventoryItem"]["id"], location_id, pieces)
        return True
    delta = pieces - quantity(level, name)
    if delta:
        move(call.state, call.shop, level, {"available": delta})
    return bool(delta)


def product_fields(call: Call, given: Record) -> Record:
    """What an input says of a product itself, as it is stored."""
    fields = {name: given[name] for name in PRODUCT_FIELDS if name in given and given[name] is not None}
    fields |= {name: None for name in ("templateSuffix", "giftCardTemplateSuffix") if given.get(name, "") is None}
    if given.get("giftCard") is not None:
        fields["isGiftCard"] = given["giftCard"]
    if given.get("tags") is not None:
        fields["tags"] = tags_of(given["tags"])
    if given.get("seo") is not None:
        fields["seo"] = {"title": given["seo"].get("title"), "description": given["seo"].get("description")}
    if given.get("vendor", NOTHING) in (None, ""):
        fields["vendor"] = call.space.shop["name"]
    if "category" in given:
        fields["category"] = category_of(given["category"])
    if "title" in fields:
        fields["title"] = fields["title"].strip()
    if "descriptionHtml" in fields:
        fields["description"] = plain_text(fields["descriptionHtml"])
    return fields


def category_of(category_id: str | None) -> Record | None:
    """A node of the product taxonomy, of which the stand-in knows only the id."""
    return None if category_id is None else {"id": category_id, "name": category_id.rsplit("/", 1)[-1]}


def tags_of(given: Sequence[str]) -> list[str]:
    """Tags as kept: trimmed, split at commas, each once whatever its case, in order of the alphabet."""
    found: dict[str, str] = {}
    for text in given:
        for tag in text.split(","):
            if tag.strip():
                found.setdefault(tag.strip().lower(), tag.strip())
    return sorted(found.values(), key=str.lower)


def relink(
    call: Call, product: Record, variants: Sequence[Record], fields: Record, *, topics: Sequence[str] | None = None
) -> Record:
    """Write a product with its variants in order; one news, whatever changed."""
    rows = call.space.records.get("InventoryItem", {})
    tracks = any(rows.get(one["inventoryItem"]["id"], NOTHING).get("tracked") for one in variants)
    summary = {"variants": [reference(one) for one in variants], "tracksInventory": tracks}
    return call.state.update(call.shop, product["id"], {**fields, **summary}, topics=topics)
