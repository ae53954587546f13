"""Many plain products at once, for measuring: a shop with tens of thousands of items on its shelves."""

from collections.abc import Iterator
from dataclasses import dataclass

from deployments.sandbox.shopify.records import Record, gid, reference
from deployments.sandbox.shopify.state import State
from deployments.sandbox.shopify.stock import open_level

COMMITTED_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Goods:
    """What to make. `locations` None stocks the items at every active location, a number at the first so many.

    Raises ValueError when a figure makes no sense.
    """

    products: int
    variants: int = 1
    locations: int | None = None
    available: int = 10
    prefix: str = "ITEM"

    def __post_init__(self) -> None:
        """Check the figures."""
        if self.products < 1 or self.variants < 1 or (self.locations is not None and self.locations < 0):
            raise ValueError("products and variants are numbers from 1, locations a number from 0")


def add_goods(state: State, shop: str, goods: Goods) -> dict[str, int]:
    """Make them, without webhooks; how many records there are now. SKUs are `ITEM-00001` or `ITEM-00001-2`."""
    places = [one["id"] for one in state.all(shop, "Location") if one["isActive"]][: goods.locations]
    taken = len(state.space(shop).records.get("Product", {}))
    for start in range(0, goods.products, COMMITTED_AT_ONCE):
        with state.action():
            for place in range(start, min(start + COMMITTED_AT_ONCE, goods.products)):
                _product(state, shop, goods, f"{goods.prefix}-{taken + place + 1:05}", places)
    records = state.space(shop).records
    return {
        name: len(records.get(name, {})) for name in ("Product", "ProductVariant", "InventoryItem", "InventoryLevel")
    }


def _product(state: State, shop: str, goods: Goods, code: str, places: list[str]) -> None:
    number = state.space(shop).number
    several = goods.variants > 1
    values = [str(place + 1) for place in range(goods.variants)] if several else ["Default Title"]
    option = {
        "id": gid("ProductOption", number()),
        "name": "Size" if several else "Title",
        "position": 1,
        "optionValues": [{"id": gid("ProductOptionValue", number()), "name": value} for value in values],
    }
    product = {
        "title": f"Item {code}",
        "handle": code.lower(),
        "options": [option],
        "hasOnlyDefaultVariant": not several,
    }
    kept = state.add(shop, "Product", product, topics=())
    variants = [
        reference(variant) for variant in _variants(state, shop, goods, kept, (code, option["name"], values), places)
    ]
    state.update(shop, kept["id"], {"variants": variants}, topics=())


def _variants(
    state: State, shop: str, goods: Goods, product: Record, named: tuple[str, object, list[str]], places: list[str]
) -> Iterator[Record]:
    code, option, values = named
    number = state.space(shop).number
    for place, value in enumerate(values):
        sku = f"{code}-{place + 1}" if goods.variants > 1 else code
        variant_id, item_id = gid("ProductVariant", number()), gid("InventoryItem", number())
        item = {
            "id": item_id,
            "sku": sku,
            "tracked": True,
            "requiresShipping": True,
            "variant": {"id": variant_id},
            "measurement": {"id": f"{item_id}/measurement", "weight": {"unit": "GRAMS", "value": 100.0}},
        }
        state.add(shop, "InventoryItem", item, topics=())
        for location in places:
            open_level(state, shop, item_id, location, goods.available, topics=())
        variant = {
            "id": variant_id,
            "sku": sku,
            "title": value,
            "price": "10.00",
            "position": place + 1,
            "product": reference(product),
            "inventoryItem": {"id": item_id},
            "selectedOptions": [{"name": option, "value": value}],
        }
        yield state.add(shop, "ProductVariant", variant, topics=())
