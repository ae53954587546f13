"""The mapping seeds as files that people edit while the flows run: a change counts from the next batch on."""

import logging
from pathlib import Path

from canonical.errors import MisconfiguredError
from canonical.mapping.seeds import FIRST_FILES, SEED_FILES, read_mappings
from canonical.mapping.table import TableMappings
from flows.mapping_answers import RenewableMappings

log = logging.getLogger("crossdock.flows")


class MappingFiles(RenewableMappings):
    """Implements `canonical.ports.Mappings` over a folder of CSV files. `renew` reads them again when one changed."""

    def __init__(self, folder: Path) -> None:
        """Raises `MisconfiguredError` when a file cannot be read or has a bad line."""
        self._folder = folder
        self._stamp = self._look()
        self.table = self._read()

    def renew(self) -> None:
        """Read the files again if one changed: six look-ups otherwise. A file with a bad line leaves what was known.

        Then `problem` says what is wrong, until the file is mended.
        """
        stamp = self._look()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self.table = self._read()
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
        wanted = [name for name in SEED_FILES if name in FIRST_FILES or (self._folder / name).exists()]
        return read_mappings({name: _text(self._folder / name) for name in wanted})


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
