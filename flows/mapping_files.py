"""The mapping seeds: CSV files that are read once, at the first start. From then on the repository has the word."""

from pathlib import Path

from canonical.errors import MisconfiguredError
from canonical.mapping.seeds import FIRST_FILES, SEED_FILES


def seed_texts(folder: Path) -> dict[str, str]:
    """The seed files of a folder, as text by name. Raises `MisconfiguredError` when one cannot be read."""
    wanted = [name for name in SEED_FILES if name in FIRST_FILES or (folder / name).exists()]
    return {name: _text(folder / name) for name in wanted}


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
