"""Settings of one company in Lambda ERP, from the environment: `CROSSDOCK_COMPANY_NORTH_LAMBDA_API_KEY` and so on."""

from typing import Annotated, Self

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from connectors.environment import prefix_of, read_settings


def env_prefix_of(company: str) -> str:
    """CROSSDOCK_COMPANY_NORTH_LAMBDA_ for the company that the landscape calls north."""
    return prefix_of("company", company, "lambda")


class LambdaErpSettings(BaseSettings):
    """How we reach one company. The key prints as asterisks."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)

    url: Annotated[str, Field(pattern=r"^https?://[^/]+")]
    api_key: SecretStr
    company: Annotated[str, Field(min_length=1)]
    """The company's name in Lambda ERP."""
    source: Annotated[str, Field(min_length=1)] = "crossdock"
    """Half of the key that Lambda ERP keeps unique; the other half is ours for the document."""
    rounding_account: Annotated[str, Field(min_length=1)] = "Round Off"
    """The account that takes roundings, without the company's suffix."""
    payment_account: Annotated[str, Field(min_length=1)] = "Primary Bank"
    """The account that money of any payment method comes to, without the company's suffix; of type Bank or Cash."""
    payment_accounts: dict[str, str] = {"gift_card": "Gift Card Clearing", "cash": "Cash"}
    """Other accounts by payment method; a JSON object in the environment."""
    credit_accounts: dict[str, str] = {"restocking_fee": "Other Income"}
    """The account of what a credit memo names and the order has no row of, by purpose; else the rounding account."""
    price_currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "USD"
    """The currency of the items' standard rates. They are the prices of a company that books in it, and of no other."""
    not_products: tuple[str, ...] = ("SHIPPING", "TIP", "DUTY", "ROUNDING")
    """Patterns of item codes that orders need but no shop shows; a JSON list in the environment."""
    connections: Annotated[int, Field(ge=1, le=16)] = 4
    best_batch: Annotated[int, Field(ge=1, le=50)] = 50
    timeout: Annotated[float, Field(gt=0)] = 30.0
    """Seconds for one call."""

    @classmethod
    def load(cls, company: str, /, **known: str | None) -> Self:
        """Read the environment of a company; `known` are settings the landscape already gives.

        Raises `MisconfiguredError` with every variable that is missing or wrong at once.
        """
        return read_settings(cls, env_prefix_of(company), "company", company, known)

    @property
    def suffix(self) -> str:
        """How the company's own accounts and warehouses end: Lambda ERP names its chart that way."""
        return f" - {self.company[:4].upper()}"
