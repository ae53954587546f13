"""Settings of a feed, from the environment: `CROSSDOCK_FEED_PIM_URL` for the system that the landscape calls pim."""

import re
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, Json, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from canonical.errors import MisconfiguredError


def env_prefix_of(system: str) -> str:
    """CROSSDOCK_FEED_PIM_ for the system pim."""
    return f"CROSSDOCK_FEED_{re.sub(r'[^A-Za-z0-9]+', '_', system).upper()}_"


class FeedSettings(BaseSettings):
    """Where the files lie and how they are written. Options print as asterisks: they hold passwords and keys."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)

    url: Annotated[str, Field(min_length=1)]
    """A file, a folder or a pattern, as fsspec writes it: data/feeds/*.csv, sftp://host/out/, s3://bucket/pim/*.jsonl."""
    options: Json[dict[str, SecretStr]] | None = None
    """What fsspec needs besides, as a JSON object: {"username": "...", "password": "..."}."""
    layout: Path | None = None
    """A TOML file with the layout; without one, columns are named as our fields."""
    timeout: Annotated[float, Field(gt=0)] = 120.0
    """Seconds for one file."""

    @classmethod
    def load(cls, system: str, **known: str | None) -> Self:
        """Read the environment of a feed; `known` are settings the landscape already gives.

        Raises `MisconfiguredError` with every variable that is missing or wrong at once.
        """
        prefix = env_prefix_of(system)
        given = {name: value for name, value in known.items() if value is not None}
        try:
            return cls(_env_prefix=prefix, **given)  # type: ignore[arg-type]
        except ValidationError as error:
            wrong = "; ".join(
                f"{prefix}{'_'.join(str(part) for part in problem['loc'][:1]).upper()}: {problem['msg']}"
                for problem in error.errors(include_input=False, include_url=False)
            )
            raise MisconfiguredError(
                f"settings of the feed are missing or wrong: {wrong}",
                code="settings",
                document=system,
                way_out="Set these environment variables and start again.",
            ) from error

    def storage_options(self) -> dict[str, str]:
        """The options in clear, for fsspec."""
        return {name: secret.get_secret_value() for name, secret in (self.options or {}).items()}
