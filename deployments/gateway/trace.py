"""The trace of a document as a page, for links out of the Prefect UI.

    GET  /trace/{id}    the timeline; without a token, a form that asks for it
    POST /trace/{id}    the form's answer: the token goes into a cookie of this page, and nowhere else

The cookie is for the browser session and HttpOnly, and only `/trace` takes it: it can read, not decide.
A timeline holds ids, states and reasons. Customer data is not in it, and what looks like an address is left out.
"""

import re
from html import escape
from typing import Final
from urllib.parse import parse_qs, quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from canonical.errors import CrossdockError, RejectedError
from canonical.ports import StateStore
from canonical.records import TraceLine
from deployments.gateway.doorkeeper import COOKIE, Doorkeeper

_ADDRESS: Final = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_PHONE: Final = re.compile(r"(?<![\w.-])\+\d[\d ()-]{7,}\d")
_STYLE: Final = (
    "body{font:15px/1.5 sans-serif;margin:2em}td{padding:.2em 1em .2em 0;vertical-align:top}small{color:#666}"
)
_HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
}
_MOST_BYTES: Final = 2048


class TracePages:
    """The page and its form."""

    def __init__(self, store: StateStore, door: Doorkeeper, secure: bool) -> None:
        self._store, self._door, self._secure = store, door, secure

    def routes(self) -> list[Route]:
        return [
            Route("/trace/{id:path}", self.show, methods=["GET"]),
            Route("/trace/{id:path}", self.enter, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """The timeline, or the question who asks."""
        document = request.path_params["id"]
        token = request.cookies.get(COOKIE) if "authorization" not in request.headers else None
        try:
            if token is None and "authorization" not in request.headers:
                return _page(document, _form(), 401)
            await self._door.known(request, token)
            lines = await self._store.trace(document)
        except CrossdockError as error:
            return _refused(document, error)
        return _page(document, _timeline(lines), 200 if lines else 404)

    async def enter(self, request: Request) -> Response:
        """A known token becomes the cookie; then the page again."""
        document = request.path_params["id"]
        try:
            token = await _token_in(request)
            await self._door.known(request, token)
        except CrossdockError as error:
            return _refused(document, error)
        answer = RedirectResponse(f"/trace/{quote(document, safe='')}", status_code=303, headers=_HEADERS)
        secure = self._secure and request.url.hostname not in ("127.0.0.1", "localhost", "::1")
        answer.set_cookie(COOKIE, token, path="/trace", httponly=True, samesite="lax", secure=secure)
        return answer


async def _token_in(request: Request) -> str:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST_BYTES:
            raise RejectedError("the form is too large", code="body_too_large")
    (token,) = parse_qs(body.decode("utf-8", "replace")).get("token", [""])[:1]
    if not token.strip():
        raise RejectedError("an API token is needed", code="token_unknown")
    return token.strip()


def _refused(document: str, error: CrossdockError) -> Response:
    if not isinstance(error, RejectedError):
        return _page(document, f"<p>{escape(error.words)}</p>", 503)
    status = {"token_unknown": 401, "too_many_attempts": 429}.get(error.code, 422)
    return _page(document, f"<p>{escape(error.words)}</p>{_form()}", status)


def _form() -> str:
    return (
        '<form method="post"><label>API token <input type="password" name="token" autocomplete="off" required></label> '
        "<button>Show</button></form>"
    )


def _timeline(lines: list[TraceLine]) -> str:
    if not lines:
        return "<p>Nothing is known about it.</p>"
    start = lines[0].at
    rows = (
        f"<tr><td>{line.at:%Y-%m-%d %H:%M:%S}</td><td>+{(line.at - start).total_seconds():.3f} s</td>"
        f"<td>{_safe(line.what)}</td><td>{_safe(line.words)}<br>"
        f"<small>{_safe('  '.join(f'{name}={value}' for name, value in line.ids.items()))}</small></td></tr>"
        for line in lines
    )
    return f"<table><tr><th>UTC<th>after<th>what<th>words</tr>{''.join(rows)}</table>"


def _safe(text: str) -> str:
    return escape(_PHONE.sub("(left out)", _ADDRESS.sub("(left out)", text)))


def _page(document: str, content: str, status: int) -> Response:
    title = escape(f"Trace of {document}")
    html = f"<!doctype html><title>{title}</title><style>{_STYLE}</style><h1>{title}</h1>{content}"
    return HTMLResponse(html, status_code=status, headers=_HEADERS)
