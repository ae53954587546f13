"""Settings of one company in an ERP by file, from the environment: `CROSSDOCK_COMPANY_NORTH_FILE_URL` and so on."""

from typing import Annotated, Self

from pydantic import Field, Json, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from connectors.environment import prefix_of, read_settings
from connectors.file_drop import DropSettings


class FileErpSettings(BaseSettings):
    """Where the folders of the company lie and how long an answer may take. Options print as asterisks."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)

    url: Annotated[str, Field(min_length=1)]
    """The root of the company's folders, as fsspec writes it: /srv/erp/north, sftp://host/north."""
    options: Json[dict[str, SecretStr]] | None = None
    """What fsspec needs besides: {"username": "...", "password": "...", "host_key_policy": "reject"}."""
    ack_hours: Annotated[float, Field(gt=0)] = 24.0
    """After so long without an answer an order is overdue."""
    best_batch: Annotated[int, Field(ge=1, le=50)] = 50
    timeout: Annotated[float, Field(gt=0)] = 60.0
    """Seconds for one file."""

    @classmethod
    def load(cls, company: str, **known: str | None) -> Self:
        """Read the environment of a company. Raises `MisconfiguredError` with everything that is missing or wrong."""
        return read_settings(cls, prefix_of("company", company, "file"), "company", company, known)

    def drop(self, system: str) -> DropSettings:
        """The same for the folders."""
        return DropSettings(system, self.url, dict(self.options or {}), self.timeout)
