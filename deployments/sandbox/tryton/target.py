"""Where a Tryton database lives: an SQLite file or a PostgreSQL URL, and how Tryton is told about it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

SUFFIX = ".sqlite"


@dataclass(frozen=True, slots=True)
class Target:
    """One Tryton database: `name` is also the first part of every URL it is served under."""

    name: str
    uri: str
    directory: Path | None = None

    @classmethod
    def of_file(cls, file: Path) -> Target:
        """The database kept in an SQLite file; Tryton names it after the file and insists on the ending."""
        if file.suffix != SUFFIX:
            raise ValueError(
                f"{file.name}: a Tryton database file ends in {SUFFIX}; rename it, for example erp{SUFFIX}"
            )
        return cls(name=file.stem, uri="sqlite://", directory=file.resolve().parent)

    @classmethod
    def of_uri(cls, uri: str) -> Target:
        """The database that a PostgreSQL URL names in its path."""
        parts = urlsplit(uri)
        name = parts.path.strip("/")
        if parts.scheme != "postgresql" or not name or "/" in name:
            raise ValueError("a database URL reads postgresql://user@host:port/name")
        return cls(name=name, uri=parts._replace(path="").geturl())

    def beside(self, name: str) -> Target:
        """Another database on the same PostgreSQL server."""
        return Target(name=name, uri=self.uri)

    @property
    def url(self) -> str:
        """The PostgreSQL URL of this very database."""
        return urlsplit(self.uri)._replace(path=f"/{self.name}").geturl()

    @property
    def is_sqlite(self) -> bool:
        """SQLite allows one writer: such a database is served by one worker with one thread."""
        return self.directory is not None

    @property
    def file(self) -> Path:
        """The SQLite file."""
        if self.directory is None:
            raise ValueError(f"the database {self.name} is not a file")
        return self.directory / f"{self.name}{SUFFIX}"

    def configure(self) -> None:
        """Point this process's Tryton here, before `trytond.backend` is imported: it picks its driver then."""
        from trytond import config

        config.set("database", "uri", self.uri)
        if self.directory is not None:
            config.set("database", "path", str(self.directory))
        config.set("web", "root", "")
