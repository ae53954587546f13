"""What a stack consists of: which ERP, which ports, which secrets, and the environment its processes get."""

import base64
import json
import secrets
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from deployments.engine import POOL, WARM, engine_environment

SHOPS = {"north": "north.myshopify.com", "south": "south.myshopify.com"}
HERE = Path(__file__).parent.parent
House = Literal["orders", "whole"]
"""orders: booked and no more, as the figures of crash tests and benchmarks of orders want it. whole: shipped, too."""
LANDSCAPES: dict[tuple[str, House], Path] = {
    ("tryton", "whole"): HERE / "landscape.toml",
    ("tryton", "orders"): HERE / "landscape.orders.toml",
    ("lambda", "whole"): HERE / "landscape.lambda.toml",
    ("lambda", "orders"): HERE / "landscape.lambda.orders.toml",
}
THREE_PLS = ("parcels", "harbour")
"""The 3PLs by file of the whole house; each has a folder of its own."""
TILL_TELLS = (
    "picked", "short", "rejected", "packed", "ready_for_pickup", "shipped", "expired", "delivered", "return_received",
    "return_inspected",
)  # fmt: skip
"""What the till of a store may tell."""
WMS_KEY = "warehouse-key-of-the-sandbox-0123456789abcdef"
"""The key that the sandbox's warehouse is seeded with."""


def till_journal(drops: Path) -> Path:
    """Where the tills of the stores keep what they told, beside the folders of the 3PLs."""
    return drops / "till.jsonl"


def free_port() -> int:
    """A port nobody listens on now, on loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


@dataclass(frozen=True)
class Ports:
    """0 takes a free one."""

    shopify: int = 0
    erp: int = 0
    prefect: int = 0
    gateway: int = 0
    wms: int = 0


FIXED = Ports(shopify=8010, erp=8020, prefect=4200, gateway=8090, wms=8030)
"""The ports of `make up`."""


@dataclass(frozen=True)
class Plan:
    """One stack. `home` holds all it writes; secrets are made anew for each stack and never leave its environment."""

    home: Path
    erp: str = "tryton"
    house: House = "orders"
    ports: Ports = Ports()
    pool: str = POOL
    pool_type: str = WARM
    plan: str = "standard"
    store_url: str | None = None
    worker_limit: int = 6
    webhook_time_scale: float = 0.01
    client_id: str = "crossdock-sandbox"
    client_secret: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    till_secret: str = field(
        default_factory=lambda: f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}", repr=False
    )
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def landscape(self) -> Path:
        return LANDSCAPES[self.erp, self.house]

    @property
    def feeds(self) -> Path:
        """The folder of the PIM's product feed."""
        return self.home / "feeds"

    def drop(self, system: str) -> Path:
        """The folder in which files are exchanged with a 3PL."""
        return self.home / "drops" / system

    def store(self) -> str:
        """The state store's URL."""
        return self.store_url or f"sqlite:///{self.home / 'crossdock.sqlite'}"

    def environment(self, *, shopify_url: str, erp_url: str, prefect_url: str, wms_url: str = "") -> dict[str, str]:
        """What the gateway, the worker, the deployments and the command line need to find everything."""
        values = engine_environment(self.home / "prefect", f"{prefect_url}/api", self.pool)
        values |= {
            "CROSSDOCK_STORE_URL": self.store(),
            "CROSSDOCK_FLOW_LANDSCAPE": str(self.landscape),
            "CROSSDOCK_FLOW_MAPPINGS": str(HERE / "mappings"),
            "CROSSDOCK_FEED_PIM_URL": str(self.feeds),
        }
        if self.ports.gateway:
            values["CROSSDOCK_GATEWAY_URL"] = f"http://127.0.0.1:{self.ports.gateway}"
        for shop in SHOPS:
            prefix = f"CROSSDOCK_SHOP_{shop.upper()}_"
            values |= self._company(shop, erp_url) | {
                f"{prefix}BASE_URL": shopify_url,
                f"{prefix}CLIENT_ID": self.client_id,
                f"{prefix}CLIENT_SECRET": self.client_secret,
            }
        if self.house == "whole":
            values |= self._warehouses(wms_url)
        return values | self.extra

    def _warehouses(self, wms_url: str) -> dict[str, str]:
        """The sandbox's warehouses. Stores have a board in the state store, and tills that sign what is done."""
        folders = {f"CROSSDOCK_WAREHOUSE_{name.upper()}_URL": str(self.drop(name)) for name in THREE_PLS}
        return {
            **folders,
            "CROSSDOCK_WAREHOUSE_WMS_URL": f"{wms_url}/wms",
            "CROSSDOCK_WAREHOUSE_WMS_API_KEY": WMS_KEY,
            "CROSSDOCK_GATEWAY_SENDERS__STORES__SECRET": self.till_secret,
            "CROSSDOCK_GATEWAY_SENDERS__STORES__TOPICS": json.dumps([f"warehouse.{told}" for told in TILL_TELLS]),
        }

    def _company(self, company: str, erp_url: str) -> dict[str, str]:
        """The sandbox's log-ins; real ones come from the operator's environment."""
        prefix = f"CROSSDOCK_COMPANY_{company.upper()}_"
        if self.erp == "tryton":
            return {
                f"{prefix}TRYTON_URL": f"{erp_url}/erp",
                f"{prefix}TRYTON_LOGIN": f"connector-{company}",
                f"{prefix}TRYTON_PASSWORD": "connector-of-the-sandbox",
                f"{prefix}TRYTON_INVOICE_METHOD": "fulfillment" if self.house == "whole" else "order",
            }
        return {"CROSSDOCK_LAMBDA_ERP_URL": erp_url, f"{prefix}LAMBDA_API_KEY": "sk_erp_sandbox-connector"}
