"""Exchanged goods: lines that join an order for what came back, with their price, tax and fulfillment order."""

from collections.abc import Sequence
from decimal import Decimal

from deployments.sandbox.shopify.domains.order_records import request_line
from deployments.sandbox.shopify.domains.payments import add_bags
from deployments.sandbox.shopify.domains.refunding import charged, current, in_both, nothing, portion, total
from deployments.sandbox.shopify.outbound import open_request, place_of, pledge, requests_of
from deployments.sandbox.shopify.records import Record, gid, reference
from deployments.sandbox.shopify.registry import Call
from deployments.sandbox.shopify.shares import rounded


def add_exchanges(call: Call, order: Record, one: Record, rows: Sequence[Record]) -> None:
    """Add exchanged goods to the order, to be shipped from where it was shipped before."""
    known = {line["id"]: line for line in one["exchangeLineItems"]}
    made: dict[str, Record] = {row["id"]: exchange_line(call, order, known[row["id"]], row["quantity"]) for row in rows}
    if not made:
        return
    lines = list(made.values())
    tax = total(nothing(order), (one["priceSet"] for line in lines for one in line["taxLines"]))
    goods = total(nothing(order), (charged(line) for line in lines))
    whole = total(nothing(order), (_whole(order, line) for line in lines))
    allocated = (row["allocatedAmountSet"] for line in lines for row in line["discountAllocations"])
    more = {
        "subtotalPriceSet": goods,
        "totalTaxSet": tax,
        "totalDiscountsSet": total(nothing(order), allocated),
        "totalPriceSet": whole,
    }
    # A total is of all lines there are, before returns; what it was once stays beside it, as after an edit.
    changes: Record = {"originalTotalPriceSet": order.get("originalTotalPriceSet") or order["totalPriceSet"]}
    changes |= {name: add_bags(order.get(name) or nothing(order), amount) for name, amount in more.items()}
    changes |= {
        "lineItems": [*order["lineItems"], *lines],
        "currentSubtotalPriceSet": add_bags(current(order, "currentSubtotalPriceSet"), goods),
        "currentTotalTaxSet": add_bags(current(order, "currentTotalTaxSet"), tax),
        "currentTotalPriceSet": add_bags(current(order, "currentTotalPriceSet"), whole),
        "currentTaxLines": [
            *(order.get("currentTaxLines") or order.get("taxLines") or ()),
            *(one for line in lines for one in line["taxLines"]),
        ],
    }
    kept = call.state.update_order(call.shop, order["id"], changes, topics=())
    _ship(call, kept, lines)
    exchanged = [
        {**line, "lineItems": [*line["lineItems"], reference(made[line["id"]])]} if line["id"] in made else line
        for line in one["exchangeLineItems"]
    ]
    call.state.update(call.shop, one["id"], {"exchangeLineItems": exchanged}, topics=())


def _ship(call: Call, order: Record, lines: Sequence[Record]) -> None:
    like = next(iter(requests_of(call.state, call.shop, order)), None)
    wanted = [line for line in lines if line["requiresShipping"]]
    if like is None or not wanted:
        return
    number = call.space.number
    rows = [
        {"id": gid("FulfillmentOrderLineItem", number()), **request_line(call.state, call.shop, line)}
        for line in wanted
    ]
    request = open_request(call.state, call.shop, like, rows)
    pledge(call.state, call.shop, place_of(request), rows)


def exchange_total(call: Call, order: Record, exchange: Record, pieces: int) -> Record:
    """What the shopper pays for exchanged pieces, taxes and all."""
    return _whole(order, exchange_line(call, order, exchange, pieces))


def _whole(order: Record, line: Record) -> Record:
    goods = charged(line)
    return goods if order.get("taxesIncluded") else total(goods, (one["priceSet"] for one in line["taxLines"]))


def exchange_line(call: Call, order: Record, exchange: Record, pieces: int) -> Record:
    """Exchanged pieces as a line of the order."""
    variant = call.find(exchange["variantId"]) or {}
    item = call.find((variant.get("inventoryItem") or {}).get("id")) or {}
    product = call.find(exchange.get("productId")) or {}
    unit = _from_shop(order, Decimal(str(variant.get("price") or "0.00")))
    whole = portion(unit, Decimal(pieces), Decimal(1))
    off = _discount(order, exchange.get("appliedDiscount"), whole)
    paid = add_bags(whole, off, -1)
    title = exchange.get("title") or ""
    return {
        "id": gid("LineItem", call.space.number()),
        "title": title,
        "name": title,
        "variantTitle": exchange.get("variantTitle"),
        "sku": exchange.get("variantSku"),
        "vendor": product.get("vendor"),
        "product": reference(product) if product else None,
        "variant": {"id": exchange["variantId"]},
        "taxable": variant.get("taxable", True),
        "requiresShipping": item.get("requiresShipping", True),
        "isGiftCard": False,
        "customAttributes": [],
        "duties": [],
        **dict.fromkeys(("quantity", "currentQuantity", "refundableQuantity", "unfulfilledQuantity"), pieces),
        "fulfillableQuantity": pieces,
        "originalUnitPriceSet": unit,
        "originalTotalSet": whole,
        "discountedTotalSet": paid,
        "discountedUnitPriceSet": portion(paid, Decimal(1), Decimal(pieces)),
        "discountAllocations": _allocations(exchange, off),
        "taxLines": _taxes(order, paid) if variant.get("taxable", True) else [],
    }


def _allocations(exchange: Record, off: Record) -> list[Record]:
    if not exchange.get("appliedDiscount"):
        return []
    application = {
        "__typename": "ManualDiscountApplication",
        "index": 0,
        "title": exchange["appliedDiscount"].get("description") or "Exchange discount",
        "allocationMethod": "ACROSS",
        "targetSelection": "EXPLICIT",
        "targetType": "LINE_ITEM",
        "value": {"__typename": "MoneyV2", **off["presentmentMoney"]},
    }
    return [{"allocatedAmountSet": off, "discountApplication": application}]


def _discount(order: Record, applied: Record | None, whole: Record) -> Record:
    value = (applied or {}).get("value") or {}
    if value.get("percentage") is not None:
        return portion(whole, Decimal(str(value["percentage"])), Decimal(100))
    return in_both(order, Decimal(str(value["amount"]["amount"]))) if value.get("amount") else nothing(order)


def _taxes(order: Record, paid: Record) -> list[Record]:
    """The taxes the order's other lines bear, on this price."""
    taxed = next((line for line in order["lineItems"] if line.get("taxLines")), None)
    rows = []
    for tax in taxed["taxLines"] if taxed else ():
        rate = Decimal(str(tax["rate"]))
        whole = 1 + rate if order.get("taxesIncluded") else Decimal(1)
        rows.append({**tax, "priceSet": portion(paid, rate, whole)})
    return rows


def _from_shop(order: Record, amount: Decimal) -> Record:
    """A price of the shop in both currencies of the order."""
    whole = order["totalPriceSet"]
    shop, other = whole["shopMoney"], whole["presentmentMoney"]
    base = Decimal(shop["amount"])
    rate = Decimal(other["amount"]) / base if base else Decimal(1)
    converted = rounded(amount * rate, other["currencyCode"])
    return {
        "shopMoney": {**shop, "amount": str(amount)},
        "presentmentMoney": {**other, "amount": str(converted)},
    }
