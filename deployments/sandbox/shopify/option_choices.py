"""Which option values a variant is, worked out from an input: shared by productSet and the bulk variant mutations."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from deployments.sandbox.shopify.goods import MOST_OPTIONS, chosen_options, new_option
from deployments.sandbox.shopify.records import Record, gid
from deployments.sandbox.shopify.registry import Call

# What a shop says of a fault: the path below the variant, the words, and the name of the fault.
Fault = tuple[list[str], str, str]


@dataclass(slots=True)
class Choices:
    """Options of a product while variants choose from them. `open_ended`: a value that is new is added."""

    call: Call
    options: list[Record]
    open_ended: bool = True
    taken: set[tuple[str, ...]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Options of an older state file keep no values: those their variants have join as they are chosen."""
        self.options = [{"optionValues": [], **one} for one in self.options]

    def choose(
        self, given: Sequence[Record], known: Sequence[str] | None = None
    ) -> tuple[tuple[str, ...], list[Fault]]:
        """The value of each option in order; `known` are those a variant has already."""
        names: dict[str, str] = {}
        if known is not None:
            names = {option["name"]: name for option, name in zip(self.options, known, strict=False)}
        told: set[str] = set()
        for place, one in enumerate(given):
            path = ["optionValues", str(place)]
            option = self._option(one)
            if option is None:
                return (), [(path, "Option does not exist", "OPTION_DOES_NOT_EXIST")]
            if option["name"] in told:
                words = f"Duplicated option name '{option['name']}'"
                return (), [(["optionValues"], words, "DUPLICATED_OPTION_NAME")]
            told.add(option["name"])
            name = self._value(option, one)
            if name is None:
                return (), [(path, "Option value does not exist", "OPTION_VALUE_DOES_NOT_EXIST")]
            names[option["name"]] = name
        missing = [option["name"] for option in self.options if option["name"] not in names]
        if missing:
            words = f"You need to add option values for {', '.join(missing)}"
            return (), [([], words, "NEED_TO_ADD_OPTION_VALUES")]
        return tuple(names[option["name"]] for option in self.options), []

    def take(self, names: tuple[str, ...]) -> list[Fault]:
        """Claim a combination for one variant; a fault when another has it."""
        if names in self.taken:
            words = f"The variant '{' / '.join(names)}' already exists. Please change at least one option value."
            return [([], words, "VARIANT_ALREADY_EXISTS")]
        self.taken.add(names)
        return []

    def settle(self, used: Iterable[tuple[str, ...]]) -> None:
        """Keep the values that variants chose and no option had yet."""
        for place, option in enumerate(self.options):
            values = {one["name"]: one for one in option["optionValues"]}
            for names in used:
                if names[place] not in values:
                    row = {"id": gid("ProductOptionValue", self.call.space.number()), "name": names[place]}
                    values[names[place]] = row
            self.options[place] = {**option, "optionValues": list(values.values())}

    def fields(self, names: tuple[str, ...]) -> Record:
        """What a variant stores of its choice."""
        return chosen_options(self.options, names)

    def _option(self, given: Record) -> Record | None:
        if given.get("optionId"):
            return next((one for one in self.options if one["id"] == given["optionId"]), None)
        return next((one for one in self.options if one["name"] == given.get("optionName")), None)

    def _value(self, option: Record, given: Record) -> str | None:
        if given.get("id"):
            return next((str(one["name"]) for one in option["optionValues"] if one["id"] == given["id"]), None)
        name = given.get("name")
        known = any(one["name"] == name for one in option["optionValues"])
        return str(name) if name and (known or self.open_ended) else None


def option_faults(given: Sequence[Record], *, values_needed: bool = True) -> list[Fault]:
    """What is wrong with options as an input gives them, by place in the list."""
    if len(given) > MOST_OPTIONS:
        return [([], f"Can only specify a maximum of {MOST_OPTIONS} options", "OPTIONS_OVER_LIMIT")]
    found: list[Fault] = []
    names: set[str] = set()
    for place, one in enumerate(given):
        found += _faults_of(str(place), one, names, values_needed=values_needed)
        names.add(one.get("name") or "")
    return found


def _faults_of(place: str, one: Record, names: set[str], *, values_needed: bool) -> list[Fault]:
    name, values = one.get("name"), [value.get("name") for value in one.get("values") or ()]
    if not name and not one.get("id"):
        return [([place], "Each option must have a name specified.", "OPTION_NAME_MISSING")]
    if name and " / " in name:
        return [([place, "name"], "The name contains unsupported sequence ' / '", "INVALID_NAME")]
    if name and len(name) > 255:
        return [([place], "Option name is too long.", "OPTION_NAME_TOO_LONG")]
    if name in names:
        return [([place], "Duplicated option name.", "DUPLICATED_OPTION_NAME")]
    if values_needed and not values:
        return [([place], f"Option '{name}' must specify at least one option value.", "OPTION_VALUES_MISSING")]
    doubled = next((value for value in values if value and values.count(value) > 1), None)
    if doubled:
        return [([place], f"Duplicated option value '{doubled}'.", "DUPLICATED_OPTION_VALUE")]
    return []


def options_of(call: Call, given: Sequence[Record], known: Sequence[Record] = ()) -> list[Record]:
    """Options as an input lists them; those known by id or name keep their ids and those of their values."""
    found = []
    for place, one in enumerate(sorted(given, key=lambda row: row.get("position") or 0)):
        before = next((old for old in known if old["id"] == one.get("id") or old["name"] == one.get("name")), None)
        values = one.get("values") or ()
        if before is None:
            names = [value.get("name") for value in values]
            found.append(new_option(call, one["name"], [name for name in names if name], place + 1))
            continue
        rows = [_kept_value(call, before, value) for value in values] or before["optionValues"]
        found.append({**before, "name": one.get("name") or before["name"], "position": place + 1, "optionValues": rows})
    return found


def _kept_value(call: Call, option: Record, given: Record) -> Record:
    for old in option["optionValues"]:
        if given.get("id") == old["id"]:
            return {**old, "name": given.get("name") or old["name"]}
        if given.get("id") is None and old["name"] == given.get("name"):
            return {**old}
    return {"id": gid("ProductOptionValue", call.space.number()), "name": given.get("name")}
