"""Where the state store lives and how much of it may be in flight."""

from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

Positive = Annotated[int, Field(gt=0)]


class StoreSettings(BaseSettings):
    """Read from `CROSSDOCK_STORE_*`. The URL may hold a password, so it is a secret and never printed."""

    model_config = SettingsConfigDict(env_prefix="CROSSDOCK_STORE_", frozen=True)

    url: SecretStr = SecretStr("sqlite:///.crossdock/crossdock.sqlite")
    """`sqlite:///path` or `postgresql://user:password@host/database`."""
    readers: Positive = 4
    """SQLite: reading threads beside the one writer. PostgreSQL: connections of the pool."""
    intake_batch: Positive = 256
    """Most deliveries in one commit of the intake."""
    intake_queue: Positive = 2000
    """Deliveries that may wait for a commit; beyond, `put` refuses with `store_busy`."""
    lock_timeout: Annotated[float, Field(gt=0)] = 30.0
    """PostgreSQL: seconds a statement waits for a lock before it gives up and may be tried again."""
    auto_upgrade: bool = True
    """Bring the schema up to date when the store is opened. Off: an old schema is a `MisconfiguredError`."""

    @field_validator("url")
    @classmethod
    def _known_database(cls, value: SecretStr) -> SecretStr:
        parsed_url(value.get_secret_value())
        return value

    @property
    def database(self) -> URL:
        """The URL with the driver this package uses."""
        return parsed_url(self.url.get_secret_value())


def parsed_url(text: str) -> URL:
    """The URL with our driver. Raises `ValueError` (without repeating the URL) for any other database."""
    try:
        url = make_url(text)
    except ArgumentError:
        raise ValueError("the store URL cannot be read; give sqlite:///path or postgresql://...") from None
    backend = url.get_backend_name()
    if backend == "sqlite":
        if not url.database or url.database == ":memory:":
            raise ValueError("the state store needs a file: sqlite:///path (memory is not durable)")
        return url.set(drivername="sqlite+pysqlite")
    if backend in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    raise ValueError(f"the state store runs on sqlite or postgresql, not on {backend}")
