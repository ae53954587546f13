"""Areas: `*` is everywhere, `US` a country, `US-NY` a region of it, `US:100` the postcodes of it that begin so."""

import math
import re
from typing import Annotated, Final

from pydantic import AfterValidator

EVERYWHERE: Final = "*"
_FORM: Final = re.compile(r"\*|[A-Z]{2}(-[A-Z0-9]{1,3}|:[A-Z0-9]{1,10})?")
_EARTH_KM: Final = 6371.0


def _area(text: str) -> str:
    if not _FORM.fullmatch(text):
        raise ValueError("write an area as US, US-NY, US:100 (postcodes that begin so) or *")
    return text


Area = Annotated[str, AfterValidator(_area)]
"""Part of the world, as the page says."""


def areas_of(country: str | None, region: str | None, postcode: str | None) -> tuple[str, ...]:
    """The areas that an address is in, the narrowest first.

    >>> areas_of("CA", "ON", "M6J")
    ('CA:M6J', 'CA:M6', 'CA:M', 'CA-ON', 'CA', '*')
    """
    if not country:
        return (EVERYWHERE,)
    land = country.upper()
    digits = re.sub(r"[^A-Z0-9]", "", (postcode or "").upper())[:10]
    narrow = tuple(f"{land}:{digits[:length]}" for length in range(len(digits), 0, -1))
    return (*narrow, *((f"{land}-{region.upper()}",) if region else ()), land, EVERYWHERE)


def kilometres(here: tuple[float, float], there: tuple[float, float]) -> int:
    """The distance as the crow flies between (latitude, longitude) in degrees, in whole kilometres.

    >>> kilometres((40.71, -74.01), (34.05, -118.24))
    3935
    """
    (lat, lon), (other_lat, other_lon) = ((math.radians(a), math.radians(b)) for a, b in (here, there))
    half = math.sin((other_lat - lat) / 2) ** 2
    half += math.cos(lat) * math.cos(other_lat) * math.sin((other_lon - lon) / 2) ** 2
    return round(2 * _EARTH_KM * math.asin(math.sqrt(half)))
