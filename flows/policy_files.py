"""Stock policies and routing rules as people edit them: TOML files that are taken in again when they change.

A broken edit does not stop the house: what held before goes on holding, and every run says what is wrong.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from canonical.errors import MisconfiguredError
from canonical.rules.policies import Policies, read_policies
from canonical.rules.routing import RoutingRules, read_rules

T = TypeVar("T")


class WatchedFile(Generic[T]):
    """What one file says, and the fingerprint of its text. Without the file `empty` holds."""

    def __init__(self, path: Path, empty: T, read: Callable[[str, str], T]) -> None:
        self._path, self._read = path, read
        self._seen: int | None = None
        self.holds = empty
        self.fingerprint = ""
        self.problem: str | None = None

    def renew(self) -> str | None:
        """Take in what changed. Returns what is wrong with the file, None when nothing is."""
        try:
            stamp = self._path.stat().st_mtime_ns
            if stamp == self._seen:
                return self.problem
            text = self._path.read_text(encoding="utf-8-sig")
        except FileNotFoundError:
            return self.problem
        except (OSError, UnicodeDecodeError) as error:
            return f"{self._path.name} cannot be read ({type(error).__name__}); what held before goes on holding"
        self._seen = stamp
        try:
            self.holds = self._read(text, self._path.name)
        except MisconfiguredError as error:
            self.problem = str(error)
            return self.problem
        self.problem, self.fingerprint = None, hashlib.sha256(text.encode()).hexdigest()[:16]
        return None


class PolicyFile(WatchedFile[Policies]):
    """The stock policies of one file. Without the file nothing is kept back."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, Policies(), read_policies)

    @property
    def policies(self) -> Policies:
        """Those that hold now."""
        return self.holds


class RoutingFile(WatchedFile[RoutingRules]):
    """The routing rules of one file. Without the file there is no location that may be asked."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, RoutingRules(()), read_rules)

    @property
    def rules(self) -> RoutingRules:
        """Those that hold now."""
        return self.holds
