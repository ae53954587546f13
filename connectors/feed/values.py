"""One cell, or one value of JSON, as a value of ours. Raises `ValueError` with words that say what is expected."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from canonical.money import Money
from canonical.product import Image, Metafield, ProductStatus, Translation, Weight

_TRUE, _FALSE = frozenset({"true", "yes", "1"}), frozenset({"false", "no", "0"})


def text(value: Any) -> str | None:
    """Text; None when there is none."""
    if value is None or (isinstance(value, str | int | Decimal) and not isinstance(value, bool)):
        return str(value if value is not None else "").strip() or None
    raise ValueError("is no text")


def listed(value: Any, separator: str) -> list[Any]:
    """The values of a cell, or a list of JSON, without empty ones."""
    if isinstance(value, list):
        return [one for one in value if one not in (None, "")]
    return [part.strip() for part in (text(value) or "").split(separator) if part.strip()]


def texts(value: Any, separator: str) -> tuple[str, ...]:
    """A list of texts."""
    return tuple(str(text(one)) for one in listed(value, separator))


def number(value: Any) -> Decimal | None:
    """An exact number, written with a point; None when there is none."""
    if (written := text(value)) is None:
        return None
    try:
        found = Decimal(written)
    except InvalidOperation as error:
        raise ValueError(f"is no number: {written[:40]}") from error
    if not found.is_finite():
        raise ValueError(f"is no number: {written[:40]}")
    return found


def money(value: Any, currency: str | None) -> Money | None:
    """An amount of the layout's currency, or one that names its own: `24.00 USD`."""
    amount, _, named = (text(value) or "").partition(" ")
    found = number(amount)
    if found is None:
        return None
    code = named.strip() or currency
    if code is None:
        raise ValueError("has no currency, and the layout names none")
    if found < 0:
        raise ValueError(f"is below zero: {found}")
    return Money(amount=found, currency=code)


def weight(value: Any) -> Weight | None:
    """A weight in grams."""
    grams = number(value)
    if grams is not None and grams < 0:
        raise ValueError(f"is below zero: {grams}")
    return Weight(grams=grams) if grams is not None else None


def flag(value: Any) -> bool | None:
    """Yes or no; None when it is not said."""
    if isinstance(value, bool):
        return value
    written = (text(value) or "").lower()
    if written in _TRUE | _FALSE:
        return written in _TRUE
    if written:
        raise ValueError("is neither true nor false")
    return None


def status(value: Any) -> ProductStatus | None:
    """The life of a product; None when it is not said."""
    written = (text(value) or "").lower()
    if written and written not in set(ProductStatus):
        raise ValueError(f"is none of {', '.join(ProductStatus)}")
    return ProductStatus(written) if written else None


def images(value: Any, separator: str) -> tuple[Image, ...]:
    """Pictures by address, in their order."""
    return tuple(image(one) for one in listed(value, separator))


def image(value: Any) -> Image:
    """A picture: its address, or an object with url and alt."""
    given = value if isinstance(value, Mapping) else {"url": value}
    url = text(given.get("url"))
    if url is None or not url.startswith(("https://", "http://")):
        raise ValueError("is no address of a picture, such as https://example.com/tee.jpg")
    return Image(url=url, alt=text(given.get("alt")))


def metafields(value: Any) -> tuple[Metafield, ...]:
    """Extra fields as a list of objects."""
    if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
        raise ValueError("is no list of objects with namespace, key, type and value")
    names = ("namespace", "key", "type", "value")
    return tuple(Metafield(**{name: text(one.get(name)) or "" for name in names}) for one in value)


def translations(value: Any) -> tuple[Translation, ...]:
    """Translations as an object: language, then field."""
    if not isinstance(value, Mapping) or not all(isinstance(one, Mapping) for one in value.values()):
        raise ValueError('is no object such as {"de": {"title": "..."}}')
    return tuple(
        Translation(locale=locale, field=field, value=said)
        for locale, fields in value.items()
        for field, words in fields.items()
        if (said := text(words))
    )


def options(value: Any) -> dict[str, str]:
    """What makes a variant different, as an object."""
    return {name: said for name, one in by_name(value).items() if (said := text(one))}


def by_name(value: Any) -> dict[str, Any]:
    """Values by name, as an object."""
    if not isinstance(value, Mapping):
        raise ValueError('is no object such as {"Size": "S"}')
    return dict(value)


def moment(value: Any) -> datetime | None:
    """A time with its zone; one without is UTC."""
    written = text(value)
    if written is None:
        return None
    try:
        found = datetime.fromisoformat(written)
    except ValueError as error:
        raise ValueError(f"is no time such as 2026-11-02T10:00:00Z: {written[:40]}") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)
