"""The mapping seeds as files that people edit while the flows run: a change counts from the next batch on."""

import logging
from pathlib import Path

from canonical.errors import MisconfiguredError
from canonical.mapping.seeds import SEED_FILES, read_mappings
from canonical.mapping.table import TableMappings

log = logging.getLogger("crossdock.flows")


class MappingFiles:
    """Implements `canonical.ports.Mappings` over a folder of CSV files. `renew` reads them again when one changed."""

    def __init__(self, folder: Path) -> None:
        """Raises `MisconfiguredError` when a file cannot be read or has a bad line."""
        self._folder = folder
        self._stamp = self._look()
        self._table = self._read()
        self.problem: str | None = None

    @property
    def fingerprint(self) -> str:
        """Changes with any row."""
        return self._table.fingerprint

    def renew(self) -> None:
        """Read the files again if one changed: six look-ups otherwise. A file with a bad line leaves what was known.

        Then `problem` says what is wrong, until the file is mended.
        """
        stamp = self._look()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._table = self._read()
        except MisconfiguredError as error:
            self.problem = f"The mappings changed and cannot be read, the ones before stay in force: {error}"
            log.error("%s", self.problem)
        else:
            self.problem = None
            log.info("The mappings were read again.")

    def _look(self) -> tuple[tuple[int, int], ...]:
        found = []
        for name in SEED_FILES:
            try:
                status = (self._folder / name).stat()
            except OSError:
                found.append((0, -1))
            else:
                found.append((status.st_mtime_ns, status.st_size))
        return tuple(found)

    def _read(self) -> TableMappings:
        return read_mappings({name: _text(self._folder / name) for name in SEED_FILES})

    def item(self, shop: str, sku: str | None, variant_id: str | None) -> str | None:
        return self._table.item(shop, sku, variant_id)

    def tax(self, shop: str, title: str, rate: str | None, country: str | None, region: str | None) -> str | None:
        return self._table.tax(shop, title, rate, country, region)

    def shipping_method(self, shop: str, code: str | None, title: str) -> str | None:
        return self._table.shipping_method(shop, code, title)

    def location(self, shop: str, location_id: str | None, name: str | None) -> str | None:
        return self._table.location(shop, location_id, name)

    def payment_method(self, shop: str, gateway: str) -> str | None:
        return self._table.payment_method(shop, gateway)

    def account_item(self, shop: str, purpose: str) -> str | None:
        return self._table.account_item(shop, purpose)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise MisconfiguredError(
            "the mapping file cannot be read",
            code="file_unreadable",
            document=path.name,
            way_out="Set CROSSDOCK_FLOW_MAPPINGS to the folder of mapping files, or put the file back.",
        ) from error
