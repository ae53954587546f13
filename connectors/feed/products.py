"""The rows of one product as a product, or everything that is wrong with them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError

from canonical.errors import RejectedError
from canonical.money import Money
from canonical.product import Metafield, Option, PriceListPrice, Product, SourceProduct, Translation, Variant
from connectors.feed import values as v
from connectors.feed.layout import METAFIELD, OPTION, PRICE_OF, TRANSLATION, UPDATED_AT, Layout, given_by
from connectors.feed.tables import Row, fault

_SKU: Final = "variants.sku"
_PER_VARIANT: Final = "variants."
_NOTHING: Final[tuple[Any, ...]] = (None, (), {})
Parse = Callable[[Any, Layout], Any]
_PARSERS: Final[Mapping[str, Parse]] = {
    "status": lambda value, _: v.status(value),
    "tags": lambda value, layout: v.texts(value, layout.separator),
    "images": lambda value, layout: v.images(value, layout.separator),
    "collections": lambda value, layout: v.texts(value, layout.separator),
    "publications": lambda value, layout: v.texts(value, layout.separator),
    "metafields": lambda value, _: v.metafields(value),
    "translations": lambda value, _: v.translations(value),
    "variants.price": lambda value, layout: v.money(value, layout.currency),
    "variants.compare_at_price": lambda value, layout: v.money(value, layout.currency),
    "variants.weight": lambda value, _: v.weight(value),
    "variants.tracked": lambda value, _: v.flag(value),
    "variants.image": lambda value, _: v.image(value) if value else None,
    "variants.metafields": lambda value, _: v.metafields(value),
    "variants.options": lambda value, _: v.options(value),
    "variants.prices": lambda value, _: v.by_name(value),
    UPDATED_AT: lambda value, _: v.moment(value),
}


class ProductBuilder:
    """Builds the products of one file. `faults` is all that is wrong with the one built last."""

    def __init__(self, file: str, layout: Layout, source: str, changed_at: datetime) -> None:
        self._file, self._layout, self._source, self._changed_at = file, layout, source, changed_at
        self.faults: list[RejectedError] = []

    def build(self, rows: Sequence[Row]) -> SourceProduct | None:
        """The product; None when a row of it is wrong, and `faults` says which."""
        self.faults = []
        if any("" in row.values for row in rows):  # its fault was told when the row was read
            return None
        own: dict[str, Any] = {}
        variants: list[Variant] = []
        for row in rows:
            parsed = self._parsed(row)
            for field, value in parsed.items():
                if not field.startswith(_PER_VARIANT) and own.get(field) in (None, ()):
                    own[field] = value
            variant = self._variant(row, parsed)
            if variant is not None and variant.sku in {known.sku for known in variants}:
                self._wrong(row, _SKU, f"{variant.sku} is there twice")
            elif variant is not None:
                variants.append(variant)
        product = None if self.faults else self._product(rows[0], own, variants)
        return self._told(product, rows, own) if product is not None else None

    def _told(self, product: Product, rows: Sequence[Row], own: Mapping[str, Any]) -> SourceProduct:
        fields = {field for row in rows for field in row.values}
        given = {name for field in fields if (name := given_by(field))}
        if "variants.options" in given:
            given.add("options")
        blank = {name for name in ("title", "status") if not own.get(name)}
        return SourceProduct(
            source=self._source,
            key=product.id,
            product=product,
            given=frozenset(given - blank),
            updated_at=own.get(UPDATED_AT) or self._changed_at,
        )

    def _parsed(self, row: Row) -> dict[str, Any]:
        """The values of a row; a field that cannot be read is a fault and left out."""
        parsed: dict[str, Any] = {}
        for field, value in row.values.items():
            try:
                parse = _PARSERS.get(field)
                parsed[field] = parse(value, self._layout) if parse else v.text(value)
            except ValidationError as error:
                self._wrong(row, field, error.errors(include_input=False)[0]["msg"], error)
            except ValueError as error:
                self._wrong(row, field, str(error), error)
        return parsed

    def _variant(self, row: Row, parsed: Mapping[str, Any]) -> Variant | None:
        """The variant of a row; None for a row without, or with faults."""
        said = {
            field: value for field, value in parsed.items() if field.startswith(_PER_VARIANT) and value not in _NOTHING
        }
        sku = parsed.get(_SKU)
        if not sku:
            if said:
                self._wrong(row, _SKU, "is empty")
            return None
        fields: dict[str, Any] = {
            name: value
            for field, value in said.items()
            if "." not in (name := field.removeprefix(_PER_VARIANT)) and name not in ("metafields", "prices")
        }
        options = {found[1]: str(value) for field, value in said.items() if (found := OPTION.match(field))}
        fields["options"] = fields.get("options") or options
        fields["metafields"] = (*(said.get("variants.metafields") or ()), *_metafields(said))
        try:
            fields["prices"] = self._prices(said)
            return Variant(id=sku, **fields)
        except ValidationError as error:
            self._invalid(row, error, _PER_VARIANT)
        except ValueError as error:
            self._wrong(row, "variants.prices", str(error), error)
        return None

    def _prices(self, said: Mapping[str, Any]) -> tuple[PriceListPrice, ...]:
        """The prices in price lists, as columns or as an object by list."""
        named = {found[1]: value for field, value in said.items() if (found := PRICE_OF.match(field))}
        named |= said.get("variants.prices") or {}
        prices: dict[str, Money | None] = {name: v.money(value, self._layout.currency) for name, value in named.items()}
        return tuple(PriceListPrice(price_list=name, price=price) for name, price in prices.items() if price)

    def _product(self, first: Row, own: Mapping[str, Any], variants: Sequence[Variant]) -> Product | None:
        fields = {
            name: value
            for name, value in own.items()
            if value is not None and "." not in name and name not in (UPDATED_AT, "metafields", "translations")
        }
        translations = (
            Translation(locale=found[1], field=found[2], value=value)
            for field, value in own.items()
            if value and (found := TRANSLATION.match(field))
        )
        try:
            return Product(
                **{"title": first.key, **fields},
                id=first.key,
                variants=tuple(variants),
                options=_options(variants),
                metafields=(*(own.get("metafields") or ()), *_metafields(own)),
                translations=(*(own.get("translations") or ()), *translations),
            )
        except ValidationError as error:
            self._invalid(first, error, "")
        return None

    def _invalid(self, row: Row, error: ValidationError, prefix: str) -> None:
        for problem in error.errors(include_input=False, include_url=False):
            self._wrong(row, f"{prefix}{problem['loc'][0] if problem['loc'] else 'product'}", problem["msg"], error)

    def _wrong(self, row: Row, field: str, words: str, cause: Exception | None = None) -> None:
        column = next((column for column, name in self._layout.columns.items() if name == field), field)
        self.faults.append(fault(self._file, row.place, column, words, cause))


def _metafields(said: Mapping[str, Any]) -> Iterator[Metafield]:
    for field, value in said.items():
        found = METAFIELD.match(field)
        if found and value:
            yield Metafield(namespace=found[1], key=found[2], type=found[3], value=str(value))


def _options(variants: Sequence[Variant]) -> tuple[Option, ...]:
    """How the variants differ, and every value, in the order in which they appear."""
    values: dict[str, dict[str, None]] = {}
    for variant in variants:
        for name, value in variant.options.items():
            values.setdefault(name, {})[value] = None
    return tuple(Option(name=name, values=tuple(found)) for name, found in values.items())
