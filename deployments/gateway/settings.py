"""Settings of the gateway, from `CROSSDOCK_GATEWAY_*`. Read when the process starts, never at import."""

from typing import Annotated

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

MEBIBYTE = 1024 * 1024


class EventSender(BaseModel):
    """A system that may send events, with the event types it may send (`shipments.created`).

    Secrets are base64, with or without `whsec_`. Keep the previous one until the sender has changed over.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    secret: SecretStr
    previous_secret: SecretStr | None = None
    topics: tuple[str, ...] = Field(min_length=1)


class GatewaySettings(BaseSettings):
    """How the gateway listens, what it accepts and how it wakes the flows.

    A sender of events is configured by its name in the landscape:
    `CROSSDOCK_GATEWAY_SENDERS__WMS__SECRET`, `CROSSDOCK_GATEWAY_SENDERS__WMS__TOPICS='["shipments.created"]'`.
    """

    model_config = SettingsConfigDict(
        env_prefix="CROSSDOCK_GATEWAY_", env_nested_delimiter="__", frozen=True, extra="ignore", populate_by_name=True
    )

    host: str = Field("127.0.0.1", description="Address to listen on; a TLS terminator stands in front of it.")
    port: int = Field(8090, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    max_body: int = Field(5 * MEBIBYTE, gt=0, description="Largest webhook body, bytes.")
    max_event_body: int = Field(MEBIBYTE, gt=0, description="Largest event body, bytes.")
    commit_timeout: float = Field(
        4.0, gt=0, description="Seconds to wait for a commit before answering 503; Shopify hangs up after 5."
    )
    retry_after: int = Field(5, gt=0, description="Seconds a sender is asked to wait when the store cannot take more.")
    stop_timeout: int = Field(10, gt=0, description="Seconds that open requests get to finish when asked to stop.")
    cookie_secure: bool = Field(True, description="Send the trace page's cookie over HTTPS only; loopback is exempt.")
    senders: dict[str, EventSender] = Field(default_factory=dict, description="Systems that may send events.")
    wake_interval: float = Field(1.0, gt=0, description="Seconds between two wake-up events of one kind, at least.")
    wake_patience: float = Field(
        10.0, gt=0, description="Longest pause between wake-up events while nobody answers them, seconds."
    )
    prefect_api_url: Annotated[
        str | None, Field(validation_alias=AliasChoices("prefect_api_url", "PREFECT_API_URL"))
    ] = None
    prefect_api_auth: Annotated[
        SecretStr | None, Field(validation_alias=AliasChoices("prefect_api_auth", "PREFECT_API_AUTH_STRING"))
    ] = None
