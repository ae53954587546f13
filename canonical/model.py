"""What every canonical model has in common: frozen, strict, nothing unknown, UTC time, no floats."""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field


class Model(BaseModel):
    """A value of the shared language. Equal when its fields are equal; never changed, only replaced.

    Errors do not quote the input: it may be customer data, and errors end up in logs.
    """

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        ser_json_timedelta="iso8601",
        defer_build=True,
        hide_input_in_errors=True,
    )


def _no_float(value: Any) -> Any:
    """Text and whole numbers become a Decimal (JSON has no decimals); a float is refused."""
    if isinstance(value, float):
        raise ValueError("a float has no exact decimal value; give a string or a Decimal")
    if isinstance(value, str | int) and not isinstance(value, bool):
        try:
            return Decimal(value)
        except InvalidOperation:
            raise ValueError("not a decimal number") from None
    return value


def _finite(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise ValueError("the number must be finite")
    return value


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


Exact = Annotated[Decimal, BeforeValidator(_no_float), AfterValidator(_finite)]
"""A finite decimal number. Floats are refused: 0.1 + 0.2 must be 0.3."""

Utc = Annotated[AwareDatetime, AfterValidator(_utc)]
"""A moment in UTC. Naive times are refused: nobody can tell what they mean."""

Text = Annotated[str, Field(min_length=1, max_length=2000)]
"""Text that says something."""

Code = Annotated[str, Field(min_length=1, max_length=200)]
"""A short name that another system knows a thing by."""
