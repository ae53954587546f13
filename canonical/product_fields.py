"""Which fields a product has, and which system owns each."""

from collections import Counter
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Final

from pydantic import Field

from canonical.model import Code, Model
from canonical.product import Product, Variant

EVERY_SHOP: Final = "*"
OWNING_ROLES: Final = frozenset({"erp", "pim", "channel"})
_LINKS: Final = frozenset({"id", "inventory_item_id", "sku"})  # what a variant is known by: not content


class FieldOwnership(Model):
    """The owner of fields of a product, for one shop or for every shop (`*`); the entry of a shop goes first.

    Fields are named as in `Product` (`title`) and, for those of its variants, `variants.price`. A field nobody is
    named for belongs to the owner of the product master. One that a channel owns is never written there.
    """

    fields: tuple[Code, ...] = Field(min_length=1)
    owner: Code
    shop: Code = EVERY_SHOP


def product_fields() -> tuple[str, ...]:
    """Every field of a product that has an owner. `variants` is which variants there are, and their SKUs."""
    own = (name for name in Product.model_fields if name != "id")
    return (*own, *(f"variants.{name}" for name in Variant.model_fields if name not in _LINKS))


def field_owners(entries: Iterable[FieldOwnership], master: str, shop: str) -> dict[str, str]:
    """The owner of every field of the shop's products, none left out."""
    owners = dict.fromkeys(product_fields(), master)
    known = tuple(entries)
    for scope in (EVERY_SHOP, shop):
        for entry in known:
            if entry.shop == scope:
                owners |= dict.fromkeys(entry.fields, entry.owner)
    return owners


def field_problems(entries: Iterable[FieldOwnership], roles: Mapping[str, str], shops: Iterable[str]) -> Iterable[str]:
    """What contradicts itself, one sentence each. `roles` of the declared systems by name."""
    known, places = tuple(entries), {EVERY_SHOP, *shops}
    for entry in known:
        place = f"fields of {entry.owner} ({'every shop' if entry.shop == EVERY_SHOP else entry.shop})"
        if entry.owner not in roles:
            yield f"{place}: owner {entry.owner} is not a declared system"
        elif roles[entry.owner] not in OWNING_ROLES:
            yield f"{place}: a {roles[entry.owner]} cannot own fields of products"
        if entry.shop not in places:
            yield f"{place}: shop {entry.shop} is not declared"
        for name in entry.fields:
            if name not in product_fields():
                yield f"{place}: products have no field {name}{_meant(name)}"
    counts = Counter((name, entry.shop) for entry in known for name in entry.fields)
    for (name, shop), count in counts.items():
        if count > 1:
            owners = [entry.owner for entry in known if entry.shop == shop and name in entry.fields]
            yield f"field {name} ({shop}): {count} owners ({', '.join(owners)}); there is one owner"


def _meant(name: str) -> str:
    near = get_close_matches(name, product_fields(), n=1)
    return f"; did you mean {near[0]}?" if near else ""
