"""Settings of a Tryton warehouse, from the environment: `CROSSDOCK_WAREHOUSE_WMS_URL` for the system called wms."""

from collections.abc import Mapping
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, Json, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from canonical.returns import Disposition
from connectors.environment import prefix_of, read_settings

DISPOSITIONS: Mapping[str, Disposition] = {
    "-REF": Disposition.REFURBISH,
    "-SCR": Disposition.SCRAP,
    "-MIS": Disposition.MISSING,
    "-WRO": Disposition.WRONG_ITEM,
}


class TrytonWmsSettings(BaseSettings):
    """How we reach it. The key prints as asterisks."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)

    url: str
    """Address and database in one: http://127.0.0.1:8001/wms."""
    api_key: SecretStr
    """A user application key for REST."""
    dispositions: Json[dict[str, Disposition]] | None = None
    """What it means that returned goods went to a location, by how its code ends; everything else is restocked."""
    accounts: Json[dict[str, str]] | None = None
    """The ledger account of a reason for a stock movement: {"scrap": "5.2.9"}."""
    best_batch: Annotated[int, Field(ge=1, le=100)] = 20
    timeout: Annotated[float, Field(gt=0)] = 60.0
    """Seconds for one call."""

    @field_validator("url")
    @classmethod
    def _names_a_database(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or not parts.path.strip("/"):
            raise ValueError("must name the server and the database, such as http://127.0.0.1:8001/wms")
        return value.rstrip("/")

    @classmethod
    def load(cls, system: str, **known: str | None) -> Self:
        """Read the environment of a system; `known` are settings the landscape already gives.

        Raises `MisconfiguredError` with every variable that is missing or wrong at once.
        """
        return read_settings(cls, prefix_of("warehouse", system), "warehouse", system, known)

    def disposition(self, location: str) -> Disposition:
        """What was found, by where the goods went."""
        endings = self.dispositions or DISPOSITIONS
        return next((found for ending, found in endings.items() if location.endswith(ending)), Disposition.RESTOCK)
