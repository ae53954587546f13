"""Load Lambda ERP in this process: its settings come from the environment, and it wants a PDF library we do not use."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

ADMIN_EMAIL = "admin@example.com"
ADMIN_PASSWORD = "admin-of-the-sandbox"


def load(database: Path) -> Any:
    """Import Lambda ERP's ASGI application with its database at `database`; nothing is opened before it starts."""
    os.environ["LAMBDA_ERP_DB"] = str(database)
    os.environ["JWT_SECRET_KEY"] = "the-sandbox-signs-with-this-and-nothing-depends-on-it"
    os.environ["LAMBDA_ERP_ADMIN_EMAIL"] = ADMIN_EMAIL
    os.environ["LAMBDA_ERP_ADMIN_PASSWORD"] = ADMIN_PASSWORD
    sys.modules.setdefault("weasyprint", _inert_weasyprint())
    from api.main import app  # type: ignore[import-untyped]

    return app


def _inert_weasyprint() -> ModuleType:
    """Stands in for WeasyPrint, whose import needs system libraries (pango) that a bare machine lacks."""
    module = ModuleType("weasyprint")
    module.HTML = _NoPdf  # type: ignore[attr-defined]
    return module


class _NoPdf:
    """Refuses to render: nobody prints in a sandbox."""

    def __init__(self, *_: object, **__: object) -> None:
        raise RuntimeError("the sandbox's Lambda ERP renders no PDFs")
