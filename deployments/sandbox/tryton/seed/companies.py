"""A company per shop of the catalogue: currency, books, taxes, fiscal years, ways to be paid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from deployments.sandbox.catalogue import Catalogue, Shop
from deployments.sandbox.tryton.seed.places import Countries

CHART = "account.account_template_root_en"  # the universal chart that ships with Tryton's account module
OWN_ACCOUNTS = {
    "shipping": ("4.1.3", "Shipping income", "4.1.0"),
    "tip": ("4.1.4", "Tips received", "4.1.0"),
    "duty": ("4.1.5", "Duties charged on", "4.1.0"),
    "rounding": ("4.3.5", "Rounding differences", "4.3.0"),
}
"""Revenue accounts that the universal chart lacks: purpose -> code, name, code of the parent."""


@dataclass(frozen=True)
class CompanyBooks:
    """A company with the accounts that its goods and services post to, by purpose."""

    company: Any
    accounts: dict[str, Any]


def create_companies(pool: Any, catalogue: Catalogue, countries: Countries) -> dict[str, CompanyBooks]:
    """Create a company with its books for each shop; return them by shop code."""
    from trytond.transaction import Transaction

    currencies = _create_currencies(pool, catalogue)
    books = {}
    for shop in catalogue.shops:
        company = _create_company(pool, shop, currencies[shop.currency])
        with Transaction().set_context(company=company.id):
            accounts = _open_books(pool, company)
            _create_taxes(pool, catalogue, company, accounts["tax"])
            _create_fiscal_years(pool, company)
            _create_payment_journals(pool, catalogue, company, accounts)
        books[shop.code] = CompanyBooks(company, accounts)
    return books


def _create_currencies(pool: Any, catalogue: Catalogue) -> dict[str, Any]:
    """The currencies the shops keep their books in, to the cent."""
    codes = sorted({shop.currency for shop in catalogue.shops})
    values = [{"name": c, "symbol": c, "code": c, "digits": 2, "rates": [("create", [_par()])]} for c in codes]
    return dict(zip(codes, pool.get("currency.currency").create(values), strict=True))


def _par() -> dict[str, Any]:
    """A rate is required; nothing is converted here, because every order is booked in its shop's currency."""
    return {"date": date(2000, 1, 1), "rate": 1}


def _create_company(pool: Any, shop: Shop, currency: Any) -> Any:
    (party,) = pool.get("party.party").create([{"name": shop.legal_name, "code": f"COMPANY-{shop.code}"}])
    (company,) = pool.get("company.company").create(
        [{"party": party.id, "currency": currency.id, "timezone": shop.timezone}]
    )
    return company


def _open_books(pool: Any, company: Any) -> dict[str, Any]:
    """Create the chart of accounts with our own accounts in it, and make it the company's default."""
    _create_chart(pool, company)
    chart = {account.code: account for account in pool.get("account.account").search([("company", "=", company.id)])}
    accounts = {
        "revenue": chart["4.1.1"],
        "expense": chart["5.2.1"],
        "tax": chart["2.2.3"],
        "cash": chart["1.1.1"],
        "gift_card": _create_gift_card_account(pool, company, chart["2.2.2"]),
        **_create_own_accounts(pool, company, chart),
    }
    settings = pool.get("account.configuration")(1)
    settings.default_account_receivable = chart["1.2.1"]
    settings.default_account_payable = chart["2.1.1"]
    settings.default_category_account_revenue = accounts["revenue"]
    settings.default_category_account_expense = accounts["expense"]
    settings.gift_card_account_revenue = accounts["gift_card"]
    settings.gift_card_account_expense = accounts["gift_card"]
    settings.tax_rounding = "line"  # a shop rounds the tax of each line, so the books have to
    settings.save()
    return accounts


def _create_chart(pool: Any, company: Any) -> None:
    """Run the wizard a person would run to create a chart of accounts."""
    create_chart = pool.get("account.create_chart", type="wizard")
    session, _, _ = create_chart.create()
    wizard = create_chart(session)
    wizard.account.account_template = pool.get("ir.model.data").get_id(CHART)
    wizard.account.company = company
    wizard.transition_create_account()
    create_chart.delete(session)


def _create_own_accounts(pool: Any, company: Any, chart: dict[str, Any]) -> dict[str, Any]:
    created = pool.get("account.account").create(
        [
            {
                "code": code,
                "name": name,
                "company": company.id,
                "type": chart["4.1.1"].type.id,
                "parent": chart[parent].id,
            }
            for code, name, parent in OWN_ACCOUNTS.values()
        ]
    )
    return dict(zip(OWN_ACCOUNTS, created, strict=True))


def _create_gift_card_account(pool: Any, company: Any, beside: Any) -> Any:
    """The liability for gift cards sold and not yet redeemed; Tryton knows it by a flag on the account's type."""
    (kind,) = pool.get("account.account.type").create(
        [
            {
                "name": "Gift cards outstanding",
                "company": company.id,
                "parent": beside.type.parent.id,
                "statement": "balance",
                "gift_card": True,
            }
        ]
    )
    (account,) = pool.get("account.account").create(
        [
            {
                "code": "2.2.5",
                "name": "Gift cards outstanding",
                "company": company.id,
                "type": kind.id,
                "parent": beside.parent.id,
                "reconcile": True,
            }
        ]
    )
    return account


def _create_taxes(pool: Any, catalogue: Catalogue, company: Any, account: Any) -> None:
    """Each tax of the catalogue that the back office knows, named by its code, as a percentage of the net price."""
    pool.get("account.tax").create(
        [
            {
                "name": tax.code,
                "description": tax.title,
                "type": "percentage",
                "rate": tax.rate,
                "company": company.id,
                "invoice_account": account.id,
                "credit_note_account": account.id,
            }
            for tax in catalogue.taxes
            if tax.in_erp
        ]
    )


def _create_fiscal_years(pool: Any, company: Any) -> None:
    """This calendar year and the next, with monthly periods and invoice numbers that restart each year."""
    fiscal_year = pool.get("account.fiscalyear")
    this_year = datetime.now(UTC).year
    years = []
    for year in (this_year, this_year + 1):
        moves = _strict_sequence(pool, company, f"Moves {year}", "account", "sequence_type_account_move")
        invoices = _strict_sequence(
            pool, company, f"Invoices {year}", "account_invoice", "sequence_type_account_invoice"
        )
        numbering = dict.fromkeys(
            (f"{way}_{kind}_sequence" for way in ("in", "out") for kind in ("invoice", "credit_note")), invoices.id
        )
        years.append(
            {
                "name": str(year),
                "start_date": date(year, 1, 1),
                "end_date": date(year, 12, 31),
                "company": company.id,
                "move_sequence": moves.id,
                "invoice_sequences": [("create", [{"company": company.id, **numbering}])],
            }
        )
    fiscal_year.create_period(fiscal_year.create(years))


def _strict_sequence(pool: Any, company: Any, name: str, module: str, kind: str) -> Any:
    """A sequence without gaps, as the law wants for invoices."""
    (sequence,) = pool.get("ir.sequence.strict").create(
        [{"name": name, "company": company.id, "sequence_type": pool.get("ir.model.data").get_id(module, kind)}]
    )
    return sequence


def _create_payment_journals(pool: Any, catalogue: Catalogue, company: Any, accounts: dict[str, Any]) -> None:
    """A payment journal per gateway; a redeemed gift card clears against the liability, the others against cash."""
    (clearing,) = pool.get("account.journal").create([{"name": f"Clearing {company.party.name}", "type": "cash"}])
    pool.get("account.payment.journal").create(
        [
            {
                "name": gateway.code,
                "company": company.id,
                "currency": company.currency.id,
                "process_method": "manual",
                "clearing_journal": clearing.id,
                "clearing_account": accounts["gift_card" if gateway.kind == "gift_card" else "cash"].id,
            }
            for gateway in catalogue.payment_gateways
        ]
    )
