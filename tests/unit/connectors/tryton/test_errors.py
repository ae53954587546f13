"""Tryton's errors have the class that says what to do next, and nothing of the customer in their words."""

import pytest

from canonical.errors import ConflictError, MisconfiguredError, RejectedError
from connectors.tryton.errors import TrytonWarning, redacted, rpc_error


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (["UserError", ["The code on party must be unique.", "", None]], RejectedError, "erp_refused"),
        (["ConcurrencyException", ["Records were modified in the meanwhile"]], ConflictError, "erp_changed"),
        (["LoginException", ["password", "Password", "char"]], MisconfiguredError, "erp_incompatible"),
        (["'sale.gift_card'", ""], MisconfiguredError, "erp_incompatible"),
        (["division by zero", ""], RejectedError, "erp_failed"),
        ("a text", RejectedError, "erp_failed"),
        ([], RejectedError, "erp_failed"),
        (None, RejectedError, "erp_failed"),
    ],
)
def test_each_error_of_json_rpc_has_its_class(answer: object, kind: type[Exception], code: str) -> None:
    error = rpc_error(answer, "#1001")
    assert isinstance(error, kind)
    assert not isinstance(error, TrytonWarning)
    assert (error.code, error.document) == (code, "#1001")


def test_a_warning_carries_the_name_that_acknowledges_it() -> None:
    warning = rpc_error(["UserWarning", ["check_quantity,7", "The shipment differs.", ""]])
    assert isinstance(warning, TrytonWarning)
    assert (warning.name, warning.message) == ("check_quantity,7", "The shipment differs.")


@pytest.mark.parametrize(
    "message",
    [
        'The value "ada@example.com" for field "Value" in record "7" of "Contact Mechanism" is not valid.',
        "The e-mail address ada@example.com is not valid.",
        'The party "Ada Marsh" has no account.',
        "Call +1 (212) 555-0199 first.",
    ],
)
def test_what_may_be_a_customers_is_taken_out_of_a_message(message: str) -> None:
    text = redacted(message)
    assert "ada" not in text.lower()
    assert "555" not in text


def test_the_name_of_the_field_stays_in_the_message() -> None:
    assert redacted('The value "x" for field "Invoice Address" in "Sale" is not valid.').count('"Invoice Address"') == 1
