"""The engine over HTTP: `/v1/decisions`, and `/_sandbox/faults` to make it fail."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deployments.sandbox.routing.deciding import decide

TOKEN = "token-of-the-sandbox"
SECRET = "secret-of-the-sandbox"


@dataclass
class Engine:
    """Whom it knows, how it fails, and how often it was asked."""

    faults: dict[str, Any] = field(default_factory=dict)
    asked: int = 0

    async def decisions(self, request: Request) -> Response:
        """Answer a question of somebody known."""
        body = await request.body()
        if not _known(request, body):
            return JSONResponse({"error": "not signed by anybody we know"}, status_code=401)
        self.asked += 1
        await asyncio.sleep(self.faults.get("seconds", 0))
        if status := self.faults.get("status"):
            return JSONResponse({"error": "out of order"}, status_code=status)
        answer = decide(json.loads(body))
        return _spoilt(answer, self.faults.get("wrong"))

    async def set_faults(self, request: Request) -> Response:
        """`{"seconds": 5}` slow, `{"status": 503}` broken, `{"wrong": "place|units|missing|text"}`; `{}` well again."""
        self.faults = await request.json()
        return JSONResponse({"asked": self.asked, "faults": self.faults})


def _known(request: Request, body: bytes) -> bool:
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    moment = request.headers.get("Crossdock-Timestamp", "")
    signed = hmac.new(SECRET.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()
    given = request.headers.get("Crossdock-Signature", "")
    return hmac.compare_digest(token, TOKEN) or hmac.compare_digest(given, f"v1={signed}")


def _spoilt(answer: dict[str, Any], how: str | None) -> Response:
    """The answer, with its first decision wrong in the way asked for."""
    if how == "text":
        return Response("<html>maintenance</html>", media_type="text/html")
    first = answer["decisions"][0]
    if how == "missing":
        answer["decisions"] = answer["decisions"][1:]
    elif how == "place":
        first["assignments"] = [one | {"location": "NOWHERE"} for one in first["assignments"]]
    elif how == "units":
        for one in first["assignments"]:
            one["lines"] = {line_id: units + 1000 for line_id, units in one["lines"].items()}
    return JSONResponse(answer)


def create_app() -> Starlette:
    """The application of one engine."""
    engine = Engine()
    return Starlette(
        routes=[
            Route("/v1/decisions", engine.decisions, methods=["POST"]),
            Route("/_sandbox/faults", engine.set_faults, methods=["POST"]),
        ]
    )


class AnnouncingServer(uvicorn.Server):
    """Writes its port once it answers; whole or not at all, since somebody is waiting for the file."""

    def __init__(self, config: uvicorn.Config, port_file: Path | None) -> None:
        super().__init__(config)
        self._port_file = port_file

    async def startup(self, sockets: Any = None) -> None:
        """Start as uvicorn does, then tell."""
        await super().startup(sockets=sockets)
        if self._port_file is not None and self.started:
            scratch = self._port_file.with_name(f"{self._port_file.name}.{os.getpid()}")
            scratch.write_text(str(self.servers[0].sockets[0].getsockname()[1]))
            os.replace(scratch, self._port_file)


def serve(port: int, port_file: Path | None = None) -> None:
    """Serve until SIGTERM or SIGINT on the loopback interface."""
    config = uvicorn.Config(create_app(), host="127.0.0.1", port=port, log_level="warning", access_log=False)
    AnnouncingServer(config, port_file).run()
