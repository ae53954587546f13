"""The registry's part for warehouses: which connector stands behind a system that ships. Only the registry uses it."""

import os
from typing import TYPE_CHECKING

from canonical.landscape import System

if TYPE_CHECKING:
    from canonical.ports.counter import StoreBoard
    from canonical.ports.warehouse import Warehouse


def warehouse(system: System, board: "StoreBoard") -> "Warehouse | None":
    """The connector of a system; None when no connector of its kind ships. It connects at the first call."""
    url = os.environ.get(system.base_url_env) if system.base_url_env else None
    if system.kind == "tryton_wms":
        from connectors.tryton_wms.settings import TrytonWmsSettings
        from connectors.tryton_wms.warehouse import open_warehouse

        return open_warehouse(system.name, TrytonWmsSettings.load(system.name, url=url))
    if system.kind == "file_3pl":
        from connectors.file_3pl.settings import File3plSettings
        from connectors.file_3pl.warehouse import File3pl

        return File3pl(system.name, File3plSettings.load(system.name, url=url))
    if system.kind == "store":
        from connectors.store.warehouse import StoreWarehouse

        return StoreWarehouse(system.name, board)
    return None
