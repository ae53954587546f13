"""Whether a picture can be fetched: asked once, briefly, and told in words."""

import httpx
import pytest

from canonical.ports import PictureProbe
from connectors.pictures import HttpPictures

GOOD, GONE, PAGE, SHY, AWAY = (f"https://img.example/{name}.png" for name in ("good", "gone", "page", "shy", "away"))


class Server:
    """A media server, with a note of what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        name = request.url.path.strip("/").removesuffix(".png")
        self.asked.append(f"{request.method} {name}")
        if name == "away":
            raise httpx.ConnectTimeout("no answer")
        if name == "shy" and request.method == "HEAD":
            return httpx.Response(405)
        kind = "text/html" if name == "page" else "image/png"
        return httpx.Response(404 if name == "gone" else 200, headers={"content-type": kind})


@pytest.fixture
def server() -> Server:
    return Server()


async def test_what_cannot_be_fetched_is_told_with_the_reason(server: Server) -> None:
    probe = HttpPictures(httpx.MockTransport(server))
    assert isinstance(probe, PictureProbe)
    found = await probe.unreachable([GOOD, GONE, PAGE, SHY, AWAY, GOOD, "sftp://pim/lamp.png"])
    assert found == {
        GONE: "its server answers 404",
        PAGE: "it is a page, not a picture",
        AWAY: "its server does not answer",
    }
    assert "GET shy" in server.asked
    await probe.aclose()


async def test_an_address_is_asked_once_for_a_whole_catalogue(server: Server) -> None:
    probe = HttpPictures(httpx.MockTransport(server))
    for _ in range(3):
        await probe.unreachable([GOOD, GONE])
    assert sorted(server.asked) == ["HEAD gone", "HEAD good"]
    await probe.aclose()
