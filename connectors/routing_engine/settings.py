"""Settings of a routing engine, from the environment: `CROSSDOCK_ROUTING_ROUTER_URL` for the system called router."""

from typing import Annotated, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from connectors.environment import prefix_of, read_settings


def env_prefix_of(system: str) -> str:
    """CROSSDOCK_ROUTING_ROUTER_ for the system router."""
    return prefix_of("routing", system)


class EngineSettings(BaseSettings):
    """How we reach the engine. It knows us by a bearer token, or by a signature over each request."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)

    url: Annotated[str, Field(pattern=r"^https?://[^/]+")]
    token: SecretStr | None = None
    secret: SecretStr | None = None
    """Of the signature: HMAC-SHA256 over the moment, a dot and the body."""
    timeout: Annotated[float, Field(gt=0, le=60)] = 2.0
    """Seconds for one answer. An order waits for nothing longer: our own rules decide in less than a millisecond."""
    best_batch: Annotated[int, Field(gt=0, le=1000)] = 100
    """Orders in one request."""

    @model_validator(mode="after")
    def _one_way_to_be_known(self) -> Self:
        if (self.token is None) == (self.secret is None):
            raise ValueError("set a token or a secret, one of them")
        return self

    @classmethod
    def load(cls, system: str, **known: str | None) -> Self:
        """Read the environment of an engine; `known` are settings the landscape already gives.

        Raises `MisconfiguredError` with every variable that is missing or wrong at once.
        """
        return read_settings(cls, env_prefix_of(system), "routing engine", system, known)
