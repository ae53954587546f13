"""What the contract suite needs of each real ERP: connect the connector, and look behind its back."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, Protocol

import httpx

from canonical.ports import SalesOrders
from connectors.lambda_erp.erp import open_erp as open_lambda_erp
from connectors.lambda_erp.settings import LambdaErpSettings
from connectors.tryton.erp import open_erp as open_tryton
from connectors.tryton.settings import TrytonSettings
from deployments.sandbox.catalogue import load_catalogue
from tests.processes import RunningProcess
from tests.sandbox.tryton.rpc import PASSWORD, Tryton


@dataclass(frozen=True)
class Standing:
    """A sales order as the ERP's own API shows it."""

    total: str
    lines: int
    payments: int | None  # None where the ERP records none on an order


class Counterpart(Protocol):
    """A real ERP, served by its own process."""

    name: str
    process: RunningProcess

    def connect(self, company: str = "north", **changes: Any) -> SalesOrders:
        """A connector of its own, as another worker would have."""
        ...

    def standing(self, key: str) -> list[Standing]:
        """Every order under the key, drafts included."""
        ...

    def customers(self, email: str) -> int:
        """How many customers have the e-mail address, in whatever case."""
        ...

    def writes(self, request: httpx.Request) -> bool:
        """Whether a request changes something for orders."""
        ...


class TrytonCounterpart:
    """Tryton."""

    name = "tryton"

    def __init__(self, process: RunningProcess, database: str) -> None:
        self.process, self._database = process, database

    def connect(self, company: str = "north", **changes: Any) -> SalesOrders:
        transport = changes.pop("transport", None)
        settings = TrytonSettings(
            **{
                "url": f"{self.process.url}/{self._database}",
                "login": f"connector-{company}",
                "password": PASSWORD,
                **changes,
            }
        )
        domain = load_catalogue().shop(company).domain
        return open_tryton("erp", settings, {company: domain}, transport)

    def standing(self, key: str) -> list[Standing]:
        with Tryton(self.process.url, self._database, f"connector-{key.split(':')[0]}") as client:
            rows = client.find("sale.sale", [("web_id", "=", key)], ["total_amount", "lines", "payments"])
        return [Standing(str(row["total_amount"]), len(row["lines"]), len(row["payments"])) for row in rows]

    def customers(self, email: str) -> int:
        with Tryton(self.process.url, self._database, "connector-north") as client:
            found = client.find("party.contact_mechanism", [("value", "ilike", email.replace("_", "\\_"))], ["party"])
        return len({row["party"] for row in found})

    def writes(self, request: httpx.Request) -> bool:
        body = request.content.decode()
        return any(f'"model.sale.sale.{method}"' in body for method in ("create", "write", "quote", "confirm"))


class LambdaCounterpart:
    """Lambda ERP."""

    name = "lambda_erp"
    _key = "sk_erp_sandbox-connector"

    def __init__(self, process: RunningProcess) -> None:
        self.process = process

    def connect(self, company: str = "north", **changes: Any) -> SalesOrders:
        transport = changes.pop("transport", None)
        settings = LambdaErpSettings(
            **{"url": self.process.url, "company": company.upper(), "api_key": self._key, **changes}
        )
        return open_lambda_erp("erp", settings, transport)

    def standing(self, key: str) -> list[Standing]:
        with self._http() as http:
            rows = http.get("documents/sales-order", params={"external_reference": key}).json()["rows"]
            found = [http.get(f"documents/sales-order/{row['name']}").json() for row in rows]
        return [Standing(f"{row['grand_total']:.2f}", len(row["items"]), None) for row in found]

    def customers(self, email: str) -> int:
        params: dict[str, str] = {"search": email, "search_fields": "email", "limit": "100"}
        with self._http() as http:
            rows = http.get("masters/customer", params=params).json()["rows"]
        return sum(row["email"].lower() == email.lower() for row in rows)

    def _http(self) -> httpx.Client:
        return httpx.Client(base_url=f"{self.process.url}/api/", headers={"Authorization": f"Bearer {self._key}"})

    def writes(self, request: httpx.Request) -> bool:
        return request.method == "POST" and "/documents/sales-order" in request.url.path


def nth_write(counterpart: Counterpart, which: int) -> Any:
    """Picks the n-th writing request, counted from one."""
    count = itertools.count(1)
    return lambda request: counterpart.writes(request) and next(count) == which
