"""Settings of a system from the environment, such as `CROSSDOCK_SHOP_NORTH_CLIENT_ID` for the shop north."""

import re
from collections.abc import Mapping
from typing import TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings

from canonical.errors import MisconfiguredError

S = TypeVar("S", bound=BaseSettings)


def prefix_of(kind: str, name: str, *more: str) -> str:
    """How the variables of a shop, company or system begin.

    >>> prefix_of("company", "north-2", "tryton")
    'CROSSDOCK_COMPANY_NORTH_2_TRYTON_'
    """
    return "_".join(("CROSSDOCK", *(re.sub(r"[^A-Za-z0-9]+", "_", part).upper() for part in (kind, name, *more)), ""))


def read_settings(settings: type[S], prefix: str, owner: str, name: str, known: Mapping[str, str | None]) -> S:
    """Read the variables that begin with `prefix`; `known` are settings the landscape already gives.

    `owner` (shop, company, feed) and `name` say whose they are. Raises `MisconfiguredError` with every variable that
    is missing or wrong at once, and without what they hold.
    """
    given = {field: value for field, value in known.items() if value is not None}
    try:
        return settings(_env_prefix=prefix, **given)  # type: ignore[arg-type]
    except ValidationError as error:
        wrong = "; ".join(
            f"{prefix}{'_'.join(str(part) for part in problem['loc'][:1]).upper()}: {problem['msg']}"
            for problem in error.errors(include_input=False, include_url=False)
        )
        raise MisconfiguredError(
            f"settings of the {owner} are missing or wrong: {wrong}",
            code="settings",
            document=name,
            way_out="Set these environment variables and start again.",
        ) from error
