"""Where files are sent to and fetched from, as the storage behind a shop does it."""

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deployments.sandbox.shopify.bulk_runner import RESULTS_PATH
from deployments.sandbox.shopify.stand_in import StandIn
from deployments.sandbox.shopify.uploads import PATH, receive

LARGEST_FILE = 200 * 1024 * 1024


def routes(stand_in: StandIn) -> list[Route]:
    """The routes, bound to a stand-in."""
    desk = _Desk(stand_in)
    return [
        Route(f"{PATH}/", desk.post, methods=["POST"]),
        Route(f"{PATH}/{{key:path}}", desk.put, methods=["PUT"]),
        Route(f"{PATH}/{{key:path}}", desk.get, methods=["GET"]),
        Route(f"{RESULTS_PATH}/{{name}}", desk.result, methods=["GET"]),
    ]


class _Desk:
    """The handlers."""

    def __init__(self, stand_in: StandIn) -> None:
        self._stand_in = stand_in

    async def post(self, request: Request) -> Response:
        """A file as a form, its key among the fields before it."""
        async with request.form() as form:
            file, key = form.get("file"), str(form.get("key") or "")
            content = await file.read() if isinstance(file, UploadFile) else str(file or "").encode()
        if file is None:
            return _refusal("InvalidArgument", 400)
        answer = self._keep(key, content)
        if answer.status_code != 200:
            return answer
        body = f"<?xml version='1.0' encoding='UTF-8'?><PostResponse><Key>{key}</Key></PostResponse>"
        return Response(body, 201, media_type="application/xml")

    async def put(self, request: Request) -> Response:
        """A file as a body."""
        return self._keep(request.path_params["key"], await request.body())

    async def get(self, request: Request) -> Response:
        """What was sent."""
        content = self._stand_in.blobs.get(request.path_params["key"])
        return Response(content) if content is not None else _refusal("NoSuchKey", 404)

    async def result(self, request: Request) -> Response:
        """The result of a bulk operation, until it expires."""
        name = request.path_params["name"]
        content = self._stand_in.blobs.get(name)
        if content is None:
            return _refusal("NoSuchKey", 404)
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(content, media_type="application/jsonl", headers=headers)

    def _keep(self, key: str, content: bytes) -> Response:
        if len(content) > LARGEST_FILE:
            return _refusal("EntityTooLarge", 400)
        kept = receive(self._stand_in.state, self._stand_in.blobs, key, content)
        return Response(status_code=200) if kept is not None else _refusal("AccessDenied", 403)


def _refusal(code: str, status: int) -> Response:
    return Response(f"<Error><Code>{code}</Code></Error>", status, media_type="application/xml")
