"""Files a shop keeps for a while: uploads waiting to be used, results of bulk operations.

A persistent stand-in keeps them in a folder beside its state file, another in memory.
"""

from hashlib import sha256
from pathlib import Path


class Blobs:
    """Named files. A name is a key as a shop gives it, with slashes; on disk it is a digest of that."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._held: dict[str, bytearray] = {}
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def put(self, name: str, content: bytes) -> None:
        """Keep a file, in place of one of the same name."""
        if self._folder is None:
            self._held[name] = bytearray(content)
        else:
            self._path(name).write_bytes(content)

    def append(self, name: str, content: bytes, *, at: int) -> int:
        """Write behind the first `at` bytes, dropping what stood there; the new length."""
        if self._folder is None:
            held = self._held.setdefault(name, bytearray())
            del held[at:]
            held += content
        else:
            with self._path(name).open("ab") as file:
                file.truncate(at)
                file.seek(at)
                file.write(content)
        return at + len(content)

    def get(self, name: str) -> bytes | None:
        """The content of a file, None when there is none."""
        if self._folder is None:
            held = self._held.get(name)
            return None if held is None else bytes(held)
        path = self._path(name)
        return path.read_bytes() if path.exists() else None

    def drop(self, name: str) -> None:
        """Forget a file."""
        self._held.pop(name, None)
        if self._folder is not None:
            self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        assert self._folder is not None
        return self._folder / sha256(name.encode()).hexdigest()
