"""Settings of a 3PL by file, from the environment: `CROSSDOCK_WAREHOUSE_HARBOUR_URL` for the system called harbour."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, Json, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from connectors.environment import prefix_of, read_settings
from connectors.file_drop import DropSettings


class File3plSettings(BaseSettings):
    """Where the folders lie and how long an answer may take. Options print as asterisks."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)

    url: Annotated[str, Field(min_length=1)]
    """The root of the folders, as fsspec writes it: /srv/3pl, sftp://host/outgoing."""
    options: Json[dict[str, SecretStr]] | None = None
    """What fsspec needs besides: {"username": "...", "password": "...", "host_key_policy": "reject"}."""
    layout: Path | None = None
    """A TOML file with the layout; without one, columns are named as our fields."""
    ack_hours: Annotated[float, Field(gt=0)] = 24.0
    """After so long without an acknowledgement a request is overdue."""
    most_files: Annotated[int, Field(ge=1, le=1000)] = 100
    """Files of one poll."""
    timeout: Annotated[float, Field(gt=0)] = 60.0
    """Seconds for one file."""

    @classmethod
    def load(cls, system: str, **known: str | None) -> Self:
        """Read the environment of a system. Raises `MisconfiguredError` with everything that is missing or wrong."""
        return read_settings(cls, prefix_of("warehouse", system), "warehouse", system, known)

    def drop(self, system: str) -> DropSettings:
        """The same for the folders."""
        return DropSettings(system, self.url, dict(self.options or {}), self.timeout)
