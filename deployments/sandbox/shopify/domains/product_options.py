"""Options of a product: read with what their values sell, created, changed, deleted and put in order."""

from collections.abc import Sequence
from itertools import product as combinations

from deployments.sandbox.shopify import goods
from deployments.sandbox.shopify.domains.product_changes import NOT_THERE, under
from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.option_choices import Choices, option_faults
from deployments.sandbox.shopify.records import Record, gid, reference
from deployments.sandbox.shopify.registry import Arguments, Call, Domain

domain = Domain()
SEPARATOR = " / "


@domain.computed("Product", "options")
def options(call: Call, record: Record, arguments: Arguments) -> list[Record]:
    """The options, each value with whether a variant has it."""
    variants = goods.variants_of(call, record)
    rows = [_told(one, place, variants) for place, one in enumerate(record.get("options", ()))]
    return rows[: arguments["first"]] if arguments.get("first") is not None else rows


def _told(option: Record, place: int, variants: Sequence[Record]) -> Record:
    used = {names[place] for one in variants if len(names := goods.names_of(one)) > place}
    values = [{**one, "hasVariants": one["name"] in used} for one in option.get("optionValues", ())]
    known = {one["name"] for one in values}
    bare = option["id"].rsplit("/", 1)[-1]
    for number, name in enumerate(sorted(used - known)):  # options of an older state file keep no values
        values.append({"id": gid("ProductOptionValue", f"{bare}{number:04}"), "name": name, "hasVariants": True})
    return {**option, "optionValues": values, "values": [one["name"] for one in values if one["hasVariants"]]}


@domain.mutation("productOptionsCreate")
def product_options_create(call: Call, arguments: Arguments) -> Record:
    """Add options. Variants there are get each option's first value; CREATE adds variants for the other values."""
    product = call.find(arguments["productId"])
    if product is None:
        return _refused("productId", NOT_THERE, "PRODUCT_DOES_NOT_EXIST")
    known = [] if goods.is_standalone(product.get("options", ())) else list(product["options"])
    given = arguments["options"]
    faults = option_faults(given)
    if len(known) + len(given) > goods.MOST_OPTIONS:
        words = f"Can only specify a maximum of {goods.MOST_OPTIONS} options"
        faults = [([], words, "OPTIONS_OVER_LIMIT")]
    for place, one in enumerate(given):
        if any(one.get("name") == old["name"] for old in known):
            faults.append(([str(place)], f"Option '{one['name']}' already exists.", "OPTION_ALREADY_EXISTS"))
    if faults:
        return {"product": None, "userErrors": under(["options"], faults)}
    every = known + [
        goods.new_option(call, one["name"], [value["name"] for value in one["values"]], len(known) + place + 1)
        for place, one in enumerate(given)
    ]
    present = goods.variants_of(call, product)
    creates = arguments.get("variantStrategy") == "CREATE"
    wanted = _wanted(present, known, every, creates=creates)
    if len(wanted) > goods.MOST_VARIANTS:
        words = f"The number of created variants would exceed the {goods.MOST_VARIANTS} variants per product limit"
        return _refused("options", words, "TOO_MANY_VARIANTS_CREATED")
    _spread(call, product, present, every, wanted)
    return {"product": reference(product), "userErrors": []}


def _wanted(
    present: Sequence[Record], known: Sequence[Record], every: Sequence[Record], *, creates: bool
) -> list[tuple[str, ...]]:
    """The combinations the product has afterwards, those of the variants there are first."""
    added = [[one["name"] for one in option["optionValues"]] for option in every[len(known) :]]
    firsts = tuple(values[0] for values in added)
    rows = [(goods.names_of(one) if known else ()) + firsts for one in present]
    if creates:
        rows += [names[: len(known)] + rest for names in list(rows) for rest in combinations(*added) if rest != firsts]
    return rows


def _spread(
    call: Call, product: Record, present: list[Record], every: list[Record], wanted: Sequence[tuple[str, ...]]
) -> None:
    rows = list(present)
    for variant, names in zip(present, wanted, strict=False):
        goods.write_variant(call, variant, goods.chosen_options(every, names), {})
    for place, names in enumerate(wanted[len(present) :]):
        price = present[0]["price"] if present else "0.00"
        fields = {**goods.chosen_options(every, names), "price": price, "position": len(present) + place + 1}
        variant = goods.add_variant(call, product["id"], fields, {})
        goods.stock_new(call, variant, None)
        rows.append(variant)
    goods.relink(call, product, rows, {"options": every, "hasOnlyDefaultVariant": False})


@domain.mutation("productOptionUpdate")
def product_option_update(call: Call, arguments: Arguments) -> Record:
    """Rename an option, move it, and add, rename or delete its values."""
    product = call.find(arguments["productId"])
    if product is None:
        return _refused("productId", NOT_THERE, "PRODUCT_DOES_NOT_EXIST")
    given = arguments["option"]
    option = next((one for one in product.get("options", ()) if one["id"] == given["id"]), None)
    if option is None:
        return _refused("option", "Option does not exist", "OPTION_DOES_NOT_EXIST")
    errors = _update_errors(call, product, option, arguments)
    if errors:
        return {"product": None, "userErrors": errors}
    _rewrite(call, product, option, arguments)
    return {"product": reference(product), "userErrors": []}


def _update_errors(call: Call, product: Record, option: Record, arguments: Arguments) -> list[Record]:
    name = arguments["option"].get("name")
    if name and SEPARATOR in name:
        words = f"The name contains unsupported sequence '{SEPARATOR}'"
        return [user_error(["option", "name"], words, "INVALID_NAME")]
    if name and any(one["name"] == name and one["id"] != option["id"] for one in product["options"]):
        return [user_error(["option", "name"], f"Option '{name}' already exists.", "OPTION_ALREADY_EXISTS")]
    known = {one["id"]: one["name"] for one in option["optionValues"]}
    found = []
    for place, one in enumerate(arguments.get("optionValuesToUpdate") or ()):
        if one["id"] not in known:
            path = ["optionValuesToUpdate", str(place)]
            found.append(user_error(path, "Option value does not exist", "OPTION_VALUE_DOES_NOT_EXIST"))
    used = {name for one in goods.variants_of(call, product) for name in goods.names_of(one)}
    for place, value_id in enumerate(arguments.get("optionValuesToDelete") or ()):
        path = ["optionValuesToDelete", str(place)]
        if value_id not in known:
            found.append(user_error(path, "Option value does not exist", "OPTION_VALUE_DOES_NOT_EXIST"))
        elif known[value_id] in used and arguments.get("variantStrategy") != "MANAGE":
            words = "Option value with variants linked cannot be deleted"
            found.append(user_error(path, words, "OPTION_VALUE_HAS_VARIANTS"))
    for place, one in enumerate(arguments.get("optionValuesToAdd") or ()):
        if one.get("name") in known.values():
            path = ["optionValuesToAdd", str(place)]
            found.append(user_error(path, "Option value already exists.", "OPTION_VALUE_ALREADY_EXISTS"))
    return found


def _rewrite(call: Call, product: Record, option: Record, arguments: Arguments) -> None:
    renamed = {one["id"]: one["name"] for one in arguments.get("optionValuesToUpdate") or () if one.get("name")}
    gone = set(arguments.get("optionValuesToDelete") or ())
    values = [{**one, "name": renamed.get(one["id"], one["name"])} for one in option["optionValues"]]
    added = goods.new_option(call, "", [one["name"] for one in arguments.get("optionValuesToAdd") or ()], 0)
    kept = [one for one in values if one["id"] not in gone] + added["optionValues"]
    fields = {"name": arguments["option"].get("name") or option["name"], "optionValues": kept}
    order = [one for one in product["options"] if one["id"] != option["id"]]
    place = arguments["option"].get("position") or option["position"]
    order.insert(place - 1, {**option, **fields})
    names_now = {old["name"]: new["name"] for old, new in zip(option["optionValues"], values, strict=True)}
    dead = {one["name"] for one in option["optionValues"] if one["id"] in gone}
    _rechoose(call, product, option, order, names_now, dead)


def _rechoose(
    call: Call, product: Record, option: Record, order: list[Record], renamed: dict[str, str], dead: set[str]
) -> None:
    """Let variants follow their product's options: names, places, and those whose value is gone."""
    before = [one["id"] for one in product["options"]]
    order = [{**one, "position": place + 1} for place, one in enumerate(order)]
    kept = []
    for variant in goods.variants_of(call, product):
        chosen = dict(zip(before, goods.names_of(variant), strict=True))
        if chosen[option["id"]] in dead:
            goods.remove_variant(call, variant)
            continue
        chosen[option["id"]] = renamed.get(chosen[option["id"]], chosen[option["id"]])
        goods.write_variant(call, variant, goods.chosen_options(order, [chosen[one["id"]] for one in order]), {})
        kept.append(variant)
    goods.relink(call, product, kept, {"options": order})


@domain.mutation("productOptionsDelete")
def product_options_delete(call: Call, arguments: Arguments) -> Record:
    """Take options out. One with several values goes only with strategy POSITION, which keeps the first variants."""
    product = call.find(arguments["productId"])
    if product is None:
        return {**_refused("productId", NOT_THERE, "PRODUCT_DOES_NOT_EXIST"), "deletedOptionsIds": None}
    every, gone = list(product.get("options", ())), set(arguments["options"])
    errors = []
    for place, option_id in enumerate(arguments["options"]):
        option = next((one for one in every if one["id"] == option_id), None)
        if option is None:
            errors.append(user_error(["options", str(place)], "Option does not exist", "OPTION_DOES_NOT_EXIST"))
        elif len(option["optionValues"]) > 1 and arguments.get("strategy") != "POSITION":
            words = "Can't delete option with multiple values."
            errors.append(user_error(["options", str(place)], words, "CANNOT_DELETE_OPTION_WITH_MULTIPLE_VALUES"))
    if errors:
        return {"product": None, "deletedOptionsIds": None, "userErrors": errors}
    _drop(call, product, every, gone)
    return {"product": reference(product), "deletedOptionsIds": arguments["options"], "userErrors": []}


def _drop(call: Call, product: Record, every: list[Record], gone: set[str]) -> None:
    places = [place for place, one in enumerate(every) if one["id"] not in gone]
    rest = [{**every[place], "position": number + 1} for number, place in enumerate(places)]
    choices = Choices(call, rest or goods.default_options(call))
    kept = []
    for variant in goods.variants_of(call, product):
        names = tuple(goods.names_of(variant)[place] for place in places) or (goods.DEFAULT_VALUE,)
        if choices.take(names):
            goods.remove_variant(call, variant)
            continue
        goods.write_variant(call, variant, choices.fields(names), {})
        kept.append(variant)
    goods.relink(call, product, kept, {"options": choices.options, "hasOnlyDefaultVariant": not rest})


@domain.mutation("productOptionsReorder")
def product_options_reorder(call: Call, arguments: Arguments) -> Record:
    """Put options, and the values within them, in another order."""
    product = call.find(arguments["productId"])
    if product is None:
        return _refused("productId", NOT_THERE, "PRODUCT_DOES_NOT_EXIST")
    order: list[Record] = []
    for place, given in enumerate(arguments["options"]):
        option = next((one for one in product["options"] if _is(one, given)), None)
        if option is None:
            return _unknown(given)
        if any(one["id"] == option["id"] for one in order):
            words = f"Duplicated option name '{option['name']}'."
            error = user_error(["options", str(place)], words, "DUPLICATED_OPTION_NAME")
            return {"product": None, "userErrors": [error]}
        named = [next((v for v in option["optionValues"] if _is(v, one)), None) for one in given.get("values") or ()]
        first = [one for one in named if one is not None]
        order.append({**option, "optionValues": [*first, *(v for v in option["optionValues"] if v not in first)]})
    order += [one for one in product["options"] if all(one["id"] != other["id"] for other in order)]
    _rechoose(call, product, product["options"][0], order, {}, set())
    return {"product": reference(product), "userErrors": []}


def _is(kept: Record, given: Record) -> bool:
    return bool(kept["id"] == given["id"] if given.get("id") else kept["name"] == given.get("name"))


def _unknown(given: Record) -> Record:
    if given.get("id"):
        tail = given["id"].rsplit("/", 1)[-1]
        return _refused("options", f"Option id '{tail}' does not exist.", "OPTION_ID_DOES_NOT_EXIST")
    words = f"Option name '{given.get('name')}' does not exist."
    return _refused("options", words, "OPTION_NAME_DOES_NOT_EXIST")


def _refused(field: str, words: str, code: str) -> Record:
    return {"product": None, "userErrors": [user_error([field], words, code)]}
