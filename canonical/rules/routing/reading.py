"""Reads routing rules from TOML; everything that is wrong is told at once."""

import json
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from canonical.errors import MisconfiguredError
from canonical.model import Model
from canonical.rules.routing.areas import Area
from canonical.rules.routing.rules import (
    ANY,
    EngineChoice,
    RoutedLocation,
    RoutingPolicy,
    RoutingRules,
    Weights,
    Zone,
)

_M = TypeVar("_M", bound=Model)
_SECTIONS: Final = ("policy", "weights", "engine", "kinds", "locations", "zones", "areas", "categories")


def read_rules(text: str, source: str = "routing.toml") -> RoutingRules:
    """The routing rules in a TOML text. Raises `MisconfiguredError` whose words list every problem, one a line."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as cause:
        raise MisconfiguredError(f"not TOML: {cause}", code="routing_invalid", document=source) from cause
    faults = [f"unknown section {name}" for name in data if name not in _SECTIONS]
    kinds = data.get("kinds", {})
    locations = _rows("location", RoutedLocation, [_with_kind(row, kinds) for row in data.get("locations", [])], faults)
    engine = _rows("engine", EngineChoice, [data["engine"]], faults) if "engine" in data else []
    policy = _rows("policy", RoutingPolicy, [data.get("policy", {})], faults)
    weights = _rows("weights", Weights, [data.get("weights", {})], faults)
    rules = RoutingRules(
        locations=tuple(sorted(locations, key=lambda location: location.code)),
        zones=tuple(_rows("zone", Zone, data.get("zones", []), faults)),
        areas=_coordinates(data.get("areas", {}), faults),
        categories=_by_sku(data.get("categories", {})),
        weights=weights[0] if weights else Weights(),
        policy=policy[0] if policy else RoutingPolicy(),
        engine=engine[0] if engine else None,
    )
    faults += _problems(rules, kinds)
    if faults:
        way_out = "Correct the file; what held before goes on holding."
        raise MisconfiguredError("\n".join(faults), code="routing_invalid", document=source, way_out=way_out)
    return rules


def _with_kind(row: Mapping[str, Any], kinds: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    kind = row.get("kind", RoutedLocation.model_fields["kind"].default)
    return {**kinds.get(kind, {}), **row}


def _rows(what: str, model: type[_M], rows: Sequence[Mapping[str, Any]], faults: list[str]) -> list[_M]:
    found: list[_M] = []
    for number, row in enumerate(rows, 1):
        label = row.get("code") or (number if len(rows) > 1 else "")
        try:
            found.append(model.model_validate_json(json.dumps(row, default=str)))
        except ValidationError as error:
            places = ((".".join(map(str, e["loc"])) or "entry", e["msg"]) for e in error.errors())
            faults += [f"{what} {label}: {place}: {words}".replace(" :", ":") for place, words in places]
    return found


def _coordinates(rows: Mapping[str, Any], faults: list[str]) -> dict[str, tuple[float, float]]:
    found: dict[str, tuple[float, float]] = {}
    area = TypeAdapter(Area)
    for name, value in rows.items():
        try:
            latitude, longitude = (float(part) for part in value)
            if abs(latitude) > 90 or abs(longitude) > 180:
                raise ValueError("out of range")
            found[area.validate_python(name)] = (latitude, longitude)
        except (TypeError, ValueError):
            faults.append(f'area {name}: write it as "US-NY" = [latitude, longitude], in degrees')
    return found


def _by_sku(rows: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for category, skus in sorted(rows.items()):
        for sku in skus:
            found[sku] = (*found.get(sku, ()), category)
    return found


def _problems(rules: RoutingRules, kinds: Mapping[str, Any]) -> Iterable[str]:
    for code, count in Counter(location.code for location in rules.locations).items():
        if count > 1:
            yield f"location {code}: {count} entries; write one"
    used = {location.kind for location in rules.locations}
    yield from (f"kind {kind}: no location is of this kind" for kind in kinds if kind not in used)
    for location in rules.locations:
        if location.leaves < location.cut_off:
            yield f"location {location.code}: the carrier leaves before the cut-off"
        if not location.days:
            yield f"location {location.code}: it works on no day; set ships = false instead"
        if (location.latitude is None) != (location.longitude is None):
            yield f"location {location.code}: latitude and longitude belong together"
        for category in location.handles:
            if category not in rules.policy.restricted:
                yield f"location {location.code}: handles {category}, which policy.restricted does not name"
    known = {ANY, *used, *rules.location}
    for zone in rules.zones:
        if zone.location not in known and not any(fnmatchcase(code, zone.location) for code in rules.location):
            yield f"zone to {zone.to}: there is no location or kind {zone.location}"
