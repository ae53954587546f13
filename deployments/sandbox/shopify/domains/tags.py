"""`tagsAdd` and `tagsRemove` on orders, customers and products."""

from collections.abc import Callable

from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.records import Record, gid_type, reference
from deployments.sandbox.shopify.registry import Arguments, Call, Domain

domain = Domain()
Edit = Callable[[list[str], list[str]], list[str]]


@domain.mutation("tagsAdd")
def tags_add(call: Call, arguments: Arguments) -> Record:
    """Add tags; one that is there already, in whatever case, stays as it is."""
    return _change(call, arguments, lambda tags, given: [*tags, *_new(tags, given)])


@domain.mutation("tagsRemove")
def tags_remove(call: Call, arguments: Arguments) -> Record:
    """Take tags away."""

    def without(tags: list[str], given: list[str]) -> list[str]:
        gone = {one.lower() for one in given}
        return [tag for tag in tags if tag.lower() not in gone]

    return _change(call, arguments, without)


def _change(call: Call, arguments: Arguments, edit: Edit) -> Record:
    record = call.find(arguments["id"])
    if record is None:
        message = f"{gid_type(arguments['id'])} does not exist"
        return {"node": None, "userErrors": [user_error(["id"], message)]}
    given = [tag.strip() for text in arguments["tags"] for tag in text.split(",") if tag.strip()]
    before = list(record.get("tags", ()))
    after = edit(before, given)
    if after != before:
        call.state.update(call.shop, record["id"], {"tags": after})
    return {"node": reference(record), "userErrors": []}


def _new(tags: list[str], given: list[str]) -> list[str]:
    known = {tag.lower() for tag in tags}
    return [tag for tag in dict.fromkeys(given) if tag.lower() not in known]
