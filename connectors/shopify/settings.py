"""Settings of one shop, from the environment: `CROSSDOCK_SHOP_NORTH_CLIENT_ID`, `..._CLIENT_SECRET` and so on.

The landscape gives name and domain, so any number of shops live side by side. Limits of the shop's plan are no
setting: Shopify tells them with every answer.
"""

from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from connectors.environment import prefix_of, read_settings
from connectors.shopify.topics import SUBSCRIBED

API_VERSION = "2026-10"
"""The stable Admin API version our operations are written for; Shopify serves it until 2027-10-16."""


def env_prefix_of(shop: str) -> str:
    """CROSSDOCK_SHOP_NORTH_ for the shop that the landscape calls north."""
    return prefix_of("shop", shop)


class ShopifySettings(BaseSettings):
    """How we reach one shop. Secrets print as asterisks."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)

    domain: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*\.myshopify\.com$")]
    client_id: Annotated[str, Field(min_length=1)]
    client_secret: SecretStr
    previous_client_secret: SecretStr | None = None
    """Accepted for webhooks only, up to an hour after a rotation."""
    access_token: SecretStr | None = None
    """A permanent token of an admin-created app. Without it a token is got by client credentials."""
    api_version: Annotated[str, Field(pattern=r"^\d{4}-(01|04|07|10)$")] = API_VERSION
    topics: tuple[str, ...] = SUBSCRIBED
    """Webhook topics we subscribe to and take; a JSON list in the environment."""
    base_url: str | None = None
    """Where to send the calls instead of the shop's domain: a stand-in, http://127.0.0.1:PORT."""

    @field_validator("base_url")
    @classmethod
    def _no_secret_over_open_http(cls, value: str | None) -> str | None:
        """Plain HTTP only to this machine or to a neighbour in the same compose network (a name without a dot)."""
        if value is None:
            return None
        parts = urlsplit(value)
        host = parts.hostname or ""
        if parts.scheme not in ("http", "https") or not host:
            raise ValueError("must be a URL such as http://127.0.0.1:8010")
        if parts.scheme == "http" and "." in host and not host.startswith("127."):
            raise ValueError("plain http is for a stand-in on this machine; use https")
        return value.rstrip("/")

    @classmethod
    def load(cls, shop: str, **known: str | None) -> Self:
        """Read the environment of a shop; `known` are settings the landscape already gives.

        Raises `MisconfiguredError` with every variable that is missing or wrong at once.
        """
        return read_settings(cls, env_prefix_of(shop), "shop", shop, known)

    @property
    def handle(self) -> str:
        """The shop's name in front of .myshopify.com."""
        return self.domain.removesuffix(".myshopify.com")
