"""Catalogs and price lists: prices of variants for business customers and markets, fixed or by a percentage.

A fixed price is a record of its own, found by its list, so that a list of thousands costs no more than a short one.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.records import Record, gid, gid_tail, money, reference
from deployments.sandbox.shopify.registry import Arguments, Call, Domain

domain = Domain()
LONGEST_NAME = 255
BAD_ADJUSTMENT = (
    "The adjustment value must be a positive value and not be greater than 100% for PERCENTAGE_DECREASE and not be "
    "greater than 1000% for PERCENTAGE_INCREASE."
)
WRONG_CURRENCY = "The specified currency does not match the price list's currency."
NOT_THERE = "Price list does not exist."
NO_VARIANT = "Product variant ID does not exist."
MOST = {"PERCENTAGE_DECREASE": 100, "PERCENTAGE_INCREASE": 1000}


@domain.query("priceLists")
def price_lists(call: Call, _arguments: Arguments) -> list[Record]:
    """All price lists."""
    return call.all("PriceList")


@domain.query("priceList")
@domain.query("catalog")
def one(call: Call, arguments: Arguments) -> Record | None:
    """A price list or catalog by id."""
    return call.find(arguments["id"])


@domain.mutation("priceListCreate")
def price_list_create(call: Call, arguments: Arguments) -> Record:
    """A price list, for a catalog when one is named."""
    given = arguments["input"]
    errors = _list_errors(call, given, None)
    if errors:
        return {"priceList": None, "userErrors": errors}
    settings = {"compareAtMode": "ADJUSTED", **(given["parent"].get("settings") or {})}
    parent = {"adjustment": given["parent"]["adjustment"], "settings": settings}
    record = {"name": given["name"].strip(), "currency": given["currency"], "parent": parent}
    kept = call.state.add(call.shop, "PriceList", record, topics=())
    if given.get("catalogId"):
        _tie(call, given["catalogId"], kept["id"])
    return {"priceList": reference(kept), "userErrors": []}


@domain.mutation("priceListUpdate")
def price_list_update(call: Call, arguments: Arguments) -> Record:
    """Change a price list."""
    kept, given = call.find(arguments["id"]), arguments["input"]
    if kept is None:
        return {"priceList": None, "userErrors": [user_error(["id"], NOT_THERE, "PRICE_LIST_NOT_FOUND")]}
    errors = _list_errors(call, given, kept)
    if errors:
        return {"priceList": None, "userErrors": errors}
    fields = {name: given[name] for name in ("name", "currency") if given.get(name)}
    if given.get("parent"):
        said = {name: value for name, value in given["parent"].items() if value is not None}
        fields["parent"] = {**kept["parent"], **said}
    call.state.update(call.shop, kept["id"], fields, topics=())
    if given.get("catalogId"):
        _tie(call, given["catalogId"], kept["id"])
    return {"priceList": reference(kept), "userErrors": []}


def _list_errors(call: Call, given: Record, kept: Record | None) -> list[Record]:
    def fault(path: list[str], words: str, code: str) -> list[Record]:
        return [user_error(["input", *path], words, code)]

    name = given.get("name", "" if kept is None else kept["name"])
    if not (name or "").strip():
        return fault(["name"], "Name can't be blank", "BLANK")
    if len(str(name)) > LONGEST_NAME:
        return fault(["name"], f"Name is too long (maximum is {LONGEST_NAME} characters)", "TOO_LONG")
    if any(row["name"] == name and row is not kept for row in call.all("PriceList")):
        return fault(["name"], "Name has already been taken", "TAKEN")
    adjustment = (given.get("parent") or {}).get("adjustment")
    if adjustment and not 0 <= adjustment["value"] <= MOST[adjustment["type"]]:
        return fault(["parent", "adjustment", "value"], BAD_ADJUSTMENT, "INVALID_ADJUSTMENT_VALUE")
    if given.get("catalogId"):
        catalog = call.find(given["catalogId"])
        if catalog is None:
            return fault(["catalogId"], "Catalog does not exist.", "CATALOG_DOES_NOT_EXIST")
        if catalog.get("priceList") and (kept is None or catalog["priceList"]["id"] != kept["id"]):
            return fault(["catalogId"], "Catalog has a price list already assigned.", "CATALOG_TAKEN")
    return []


def _tie(call: Call, catalog_id: str, list_id: str | None) -> None:
    link = None if list_id is None else {"id": list_id}
    call.state.update(call.shop, catalog_id, {"priceList": link}, topics=())
    if list_id is not None:
        call.state.update(call.shop, list_id, {"catalog": {"id": catalog_id}}, topics=())


@domain.mutation("priceListDelete")
def price_list_delete(call: Call, arguments: Arguments) -> Record:
    """Take a price list out with its prices."""
    kept = call.find(arguments["id"])
    if kept is None:
        return {"deletedId": None, "userErrors": [user_error(["id"], NOT_THERE, "PRICE_LIST_NOT_FOUND")]}
    for price_id in list(call.space.indexes.ids("FixedPrice", "priceList", kept["id"])):
        call.state.remove(call.shop, price_id, topics=())
    if kept.get("catalog"):
        _tie(call, kept["catalog"]["id"], None)
    call.state.remove(call.shop, kept["id"], topics=())
    return {"deletedId": kept["id"], "userErrors": []}


@domain.mutation("priceListFixedPricesAdd")
def fixed_prices_add(call: Call, arguments: Arguments) -> Record:
    """Fix prices, all or none; a price that is fixed already is replaced."""
    kept = call.find(arguments["priceListId"])
    if kept is None:
        return {"prices": None, "userErrors": [_no_list()]}
    errors = _price_errors(call, kept, "prices", arguments["prices"])
    if errors:
        return {"prices": None, "userErrors": errors}
    return {"prices": [_told(_fix(call, kept, one)) for one in arguments["prices"]], "userErrors": []}


@domain.mutation("priceListFixedPricesUpdate")
def fixed_prices_update(call: Call, arguments: Arguments) -> Record:
    """Fix some prices and free others, all or none."""
    nothing = {"priceList": None, "pricesAdded": None, "deletedFixedPriceVariantIds": None}
    kept = call.find(arguments["priceListId"])
    if kept is None:
        return {**nothing, "userErrors": [_no_list()]}
    errors = _price_errors(call, kept, "pricesToAdd", arguments["pricesToAdd"])
    errors += _delete_errors(call, kept, "variantIdsToDelete", arguments["variantIdsToDelete"])
    if errors:
        return {**nothing, "userErrors": errors}
    _free(call, kept, arguments["variantIdsToDelete"])
    added = [_told(_fix(call, kept, one)) for one in arguments["pricesToAdd"]]
    deleted = arguments["variantIdsToDelete"]
    answer = {"priceList": reference(kept), "pricesAdded": added, "deletedFixedPriceVariantIds": deleted}
    return {**answer, "userErrors": []}


@domain.mutation("priceListFixedPricesDelete")
def fixed_prices_delete(call: Call, arguments: Arguments) -> Record:
    """Free prices, all or none."""
    kept = call.find(arguments["priceListId"])
    errors = [_no_list()] if kept is None else _delete_errors(call, kept, "variantIds", arguments["variantIds"])
    if kept is None or errors:
        return {"deletedFixedPriceVariantIds": None, "userErrors": errors}
    _free(call, kept, arguments["variantIds"])
    return {"deletedFixedPriceVariantIds": arguments["variantIds"], "userErrors": []}


def _no_list() -> Record:
    return user_error(["priceListId"], NOT_THERE, "PRICE_LIST_NOT_FOUND")


def _price_errors(call: Call, kept: Record, field: str, rows: Sequence[Record]) -> list[Record]:
    found = []
    for place, row in enumerate(rows):
        path = [field, str(place)]
        if call.find(row["variantId"]) is None:
            found.append(user_error([*path, "variantId"], NO_VARIANT, "VARIANT_NOT_FOUND"))
        for name in ("price", "compareAtPrice"):
            if row.get(name) and row[name]["currencyCode"] != kept["currency"]:
                where = [*path, name, "currencyCode"]
                found.append(user_error(where, WRONG_CURRENCY, "PRICE_LIST_CURRENCY_MISMATCH"))
    return found


def _delete_errors(call: Call, kept: Record, field: str, variant_ids: Sequence[str]) -> list[Record]:
    found = []
    for place, variant_id in enumerate(variant_ids):
        if call.find(variant_id) is None:
            found.append(user_error([field, str(place)], NO_VARIANT, "VARIANT_NOT_FOUND"))
        elif call.find(_price_id(kept["id"], variant_id)) is None:
            found.append(user_error([field, str(place)], "Only fixed prices can be deleted.", "PRICE_NOT_FIXED"))
    return found


def _price_id(list_id: str, variant_id: str) -> str:
    return gid("FixedPrice", f"{gid_tail(list_id)}-{gid_tail(variant_id)}")


def _fix(call: Call, kept: Record, given: Record) -> Record:
    price_id = _price_id(kept["id"], given["variantId"])
    fields = {"price": _amount(given["price"]), "compareAtPrice": _amount(given.get("compareAtPrice"))}
    if call.find(price_id) is not None:
        return call.state.update(call.shop, price_id, fields, topics=())
    links = {"id": price_id, "priceList": reference(kept), "variant": {"id": given["variantId"]}}
    return call.state.add(call.shop, "FixedPrice", {**links, **fields}, topics=())


def _amount(given: Record | None) -> Record | None:
    return None if given is None else money(f"{Decimal(str(given['amount'])):.2f}", given["currencyCode"])


def _free(call: Call, kept: Record, variant_ids: Sequence[str]) -> None:
    for variant_id in variant_ids:
        call.state.remove(call.shop, _price_id(kept["id"], variant_id), topics=())


def _told(price: Record) -> Record:
    return {name: price[name] for name in ("price", "compareAtPrice", "variant")} | {"originType": "FIXED"}


@domain.computed("PriceList", "fixedPricesCount")
def fixed_prices_count(call: Call, record: Record, _arguments: Arguments) -> int:
    """How many prices are fixed."""
    return len(list(call.space.indexes.ids("FixedPrice", "priceList", record["id"])))


@domain.computed("PriceList", "prices")
def prices(call: Call, record: Record, arguments: Arguments) -> list[Record]:
    """The price of each variant: fixed, or the shop's price changed by the list's percentage."""
    wanted = arguments.get("originType")
    ids = call.space.indexes.ids("FixedPrice", "priceList", record["id"])
    fixed = [_told(found) for one in ids if (found := call.find(one)) is not None]
    if wanted == "FIXED":
        return fixed
    taken = {row["variant"]["id"] for row in fixed}
    relative = [_relative(record, one) for one in call.all("ProductVariant") if one["id"] not in taken]
    return relative if wanted == "RELATIVE" else [*fixed, *relative]


def _relative(record: Record, variant: Record) -> Record:
    adjustment = record["parent"]["adjustment"]
    share = Decimal(str(adjustment["value"])) / 100
    factor = 1 - share if adjustment["type"] == "PERCENTAGE_DECREASE" else 1 + share
    keeps = record["parent"]["settings"]["compareAtMode"] == "ADJUSTED" and variant.get("compareAtPrice")

    def changed(amount: Any) -> Record:
        return money(f"{Decimal(amount) * factor:.2f}", record["currency"])

    compare = changed(variant["compareAtPrice"]) if keeps else None
    told = {"price": changed(variant["price"]), "compareAtPrice": compare, "variant": reference(variant)}
    return {**told, "originType": "RELATIVE"}
