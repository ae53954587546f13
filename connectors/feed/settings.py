"""Settings of a feed, from the environment: `CROSSDOCK_FEED_PIM_URL` for the system that the landscape calls pim."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, Json, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from connectors.environment import prefix_of, read_settings


def env_prefix_of(system: str) -> str:
    """CROSSDOCK_FEED_PIM_ for the system pim."""
    return prefix_of("feed", system)


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
        return read_settings(cls, env_prefix_of(system), "feed", system, known)

    def storage_options(self) -> dict[str, str]:
        """The options in clear, for fsspec."""
        return {name: secret.get_secret_value() for name, secret in (self.options or {}).items()}
