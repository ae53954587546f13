"""Settings of one company in Tryton, from the environment: `CROSSDOCK_COMPANY_NORTH_TRYTON_LOGIN` and so on."""

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from connectors.environment import prefix_of, read_settings


def env_prefix_of(company: str) -> str:
    """CROSSDOCK_COMPANY_NORTH_TRYTON_ for the company that the landscape calls north."""
    return prefix_of("company", company, "tryton")


class TrytonSettings(BaseSettings):
    """How we reach one company. The password prints as asterisks."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)

    url: str
    """Address and database in one: http://127.0.0.1:8000/erp."""
    login: Annotated[str, Field(min_length=1)]
    password: SecretStr
    invoice_method: Literal["order", "fulfillment"] = "order"
    """When Tryton makes the invoice: with the order as a whole, or shipment by shipment."""
    rounding_item: Annotated[str, Field(min_length=1)] = "ROUNDING"
    """Code of the service that takes the cents which Tryton's own rounding forces."""
    credit_items: dict[str, str] = {"shipping": "SHIPPING", "duty": "DUTY", "tip": "TIP"}
    """Code of the service that a credit memo names for a purpose the sale has no line of; the rounding item for any
    other purpose. A JSON object in the environment."""
    lost_locations: dict[str, str] = {}
    """Code of the place that goods go to or come from, by the reason of a stock movement; else the warehouse's lost
    and found. A JSON object in the environment."""
    hold_on_warnings: tuple[str, ...] = ()
    """Patterns of warning names that hold an order instead of being acknowledged; a JSON list in the environment."""
    queue_worker: bool = False
    """Whether a trytond-worker processes confirmed sales; without one we ask for it ourselves."""
    not_products: tuple[str, ...] = ("SHIPPING", "TIP", "DUTY", "ROUNDING")
    """Patterns of item codes that orders need but no shop shows; a JSON list in the environment."""
    best_batch: Annotated[int, Field(ge=1, le=50)] = 50
    timeout: Annotated[float, Field(gt=0)] = 120.0
    """Seconds for one call; a batch of 50 sales takes Tryton five to ten."""

    @field_validator("url")
    @classmethod
    def _names_a_database(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or not parts.path.strip("/"):
            raise ValueError("must name the server and the database, such as http://127.0.0.1:8000/erp")
        return value.rstrip("/")

    @classmethod
    def load(cls, company: str, **known: str | None) -> Self:
        """Read the environment of a company; `known` are settings the landscape already gives.

        Raises `MisconfiguredError` with every variable that is missing or wrong at once.
        """
        return read_settings(cls, env_prefix_of(company), "company", company, known)
