"""Pictures beside a feed's files: read by path or address, and nothing outside the feed's folder."""

from pathlib import Path

import pytest

from canonical.errors import RejectedError
from canonical.ports import Pictures
from connectors.feed.pictures import FeedPictures
from connectors.feed.settings import FeedSettings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A feed's folder, with a secret beside it."""
    (tmp_path / "secret.png").write_bytes(b"secret")
    feed = tmp_path / "feed"
    (feed / "pictures").mkdir(parents=True)
    (feed / "products.jsonl").write_text("")
    (feed / "pictures" / "lamp.png").write_bytes(b"lamp")
    return feed


@pytest.mark.parametrize("form", ["{folder}", "{folder}/products.jsonl", "{folder}/*.jsonl"])
async def test_a_picture_is_read_by_its_path_and_by_its_address(folder: Path, form: str) -> None:
    pictures: Pictures = FeedPictures("pim", FeedSettings(url=form.format(folder=folder)))
    for url in ("pictures/lamp.png", f"{folder}/pictures/lamp.png", f"file://{folder}/pictures/lamp.png"):
        assert await pictures.picture(url) == b"lamp"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("../secret.png", "outside the folder"),
        ("pictures/../../secret.png", "outside the folder"),
        ("/etc/hostname", "outside the folder"),
        ("s3://bucket/lamp.png", "not on the store"),
        ("pictures/none.png", "not there"),
    ],
)
async def test_nothing_but_the_feeds_own_pictures_is_read(folder: Path, url: str, words: str) -> None:
    pictures = FeedPictures("pim", FeedSettings(url=str(folder)))
    with pytest.raises(RejectedError, match=words) as refused:
        await pictures.picture(url)
    assert url in refused.value.words
