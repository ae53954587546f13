"""What is of feeds alone: forms and layouts, bad rows, files that come and change, stores beyond the disk."""

from __future__ import annotations

import json
import os
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

import fsspec
import pytest

from canonical.errors import MisconfiguredError, RejectedError
from canonical.money import Money
from canonical.product import SourceProduct
from connectors.feed.settings import FeedSettings
from connectors.feed.source import ProductFeed, open_feed
from deployments.sandbox.feeds.write import LAYOUT, write
from tests.contract.product_source.conftest import changes
from tests.contract.product_source.sftp import SftpServer

HEADER = "key,title,status,tags,images,variants.sku,variants.price,variants.weight,variants.options.Size\n"


def feed(url: Path | str, **settings: Any) -> ProductFeed:
    return open_feed("pim", FeedSettings(url=str(url), **settings))


def undated(products: tuple[SourceProduct, ...]) -> list[SourceProduct]:
    return [product.model_copy(update={"updated_at": products[0].updated_at}) for product in products]


def places(errors: tuple[RejectedError, ...]) -> list[tuple[str | None, str | None, str]]:
    """File, field, and the words before the reason: the line."""
    return [(error.document, error.field, error.words.partition(":")[0]) for error in errors]


async def test_a_table_with_a_layout_says_the_same_as_json_and_json_lines(tmp_path: Path) -> None:
    files = {form: write(tmp_path / form, form) for form in ("jsonl", "json", "csv")}
    told = {form: await changes(feed(file, layout=LAYOUT if form == "csv" else None), None)
            for form, file in files.items()}  # fmt: skip
    assert [report.errors for report in told.values()] == [(), (), ()]
    first, *others = (undated(report.products) for report in told.values())
    for other in others:
        assert [p.model_copy(update={"updated_at": first[0].updated_at}) for p in other] == first
    tee = first[0].product
    assert [(option.name, option.values) for option in tee.options] == [
        ("Color", ("White", "Navy")),
        ("Size", ("S", "M", "L")),
    ]
    assert [(t.locale, t.field) for t in tee.translations] == [("de", "title")]
    assert tee.variants[0].customs_code == "610910"


async def test_one_bad_product_among_a_hundred_is_named_by_file_line_and_field(tmp_path: Path) -> None:
    rows = [f"P{n},Product {n},,a|b,,P{n}-S,{n}.50 USD,100,S\n" for n in range(1, 101)]
    rows[49] = "P50,Product 50,,,,P50-S,twelve USD,heavy,S\n"
    (tmp_path / "p.csv").write_text(HEADER + "".join(rows))
    report = await changes(feed(tmp_path), None)
    assert len(report.products) == 99
    assert places(report.errors) == [("p.csv", "variants.price", "line 51"), ("p.csv", "variants.weight", "line 51")]
    assert "is no number: twelve" in report.errors[0].words
    assert report.products[0].product.variants[0].price == Money.of("1.50", "USD")
    assert report.products[0].product.tags == ("a", "b")


BAD_LINES = [
    (",No key,,,,X,1 USD,,", "key", "is empty"),
    ("B1,Bad,retired,,,B1,1 USD,,", "status", "is none of active, draft, archived"),
    ("B1,Bad,,,tee.jpg,B1,1 USD,,", "images", "is no address of a picture"),
    ("B1,Bad,,,,,1 USD,,S", "variants.sku", "is empty"),
    ("B1,Bad,,,,B1,1,,", "variants.price", "has no currency"),
    ("B1,Bad,,,,B1,-1 USD,,", "variants.price", "is below zero"),
    ("B1,Bad,,,,B1,NaN USD,,", "variants.price", "is no number"),
    ("B1,Bad,,,,B1,1 USD,-5,", "variants.weight", "is below zero"),
    ("B1,Bad,,,,B1,1 usd,,", "variants.price", "should match pattern"),
    ("B1,Bad,,,,B1,1 USD", "B1", "has 7 cells, the header has 9"),
    (f"B1,{'x' * 2001},,,,B1,1 USD,,", "title", "at most 2000 characters"),
    ('B1,"two\nlines",,,,B1,1 USD,,\nB1,again,,,,B1,2 USD,,', "variants.sku", "B1 is there twice"),
]


@pytest.mark.parametrize(("line", "field", "words"), BAD_LINES)
async def test_a_bad_line_takes_its_own_product_out_and_no_other(
    tmp_path: Path, line: str, field: str, words: str
) -> None:
    good = ["G1,Good,,,,G1,1.00 USD,5,S", "G2,Good too,,,,G2,1.00 USD,5,S"]
    (tmp_path / "p.csv").write_text(HEADER + "\n".join([good[0], line, good[1]]) + "\n")
    report = await changes(feed(tmp_path), None)
    assert [product.key for product in report.products] == ["G1", "G2"]
    assert [(error.document, error.field) for error in report.errors] == [("p.csv", field)]
    assert words in report.errors[0].words
    assert report.errors[0].words.startswith(("line 3:", "line 5:"))
    assert report.errors[0].way_out


@pytest.mark.parametrize(
    ("name", "content", "field", "place"),
    [
        ("p.csv", b"name,price\nx,1\n", "key", "line 1"),
        ("p.csv", b'key,title\nA,"open\n', "quotes", "line 2"),
        ("p.csv", "key,title\nA,Müller\n".encode("latin-1"), "encoding", "the file"),
        ("p.json", b'[{"key": "A"},\n{"key"\n]', "JSON", "line 3"),
        ("p.json", b'{"items": []}', "products", "the file"),
        ("p.jsonl", b'{"key": "G"}\n{"key"\n', "JSON", "line 2"),
        ("p.jsonl", b'"text"\n', "product", "line 1"),
        ("p.jsonl", b'{"key": "B", "variants": {"sku": "B"}}\n', "variants", "line 1"),
        ("p.jsonl", b'{"key": "B", "variants": [{"sku": "B", "options": ["S"]}]}\n', "variants.options",
         "line 1, variant 1"),
        ("p.jsonl", b'{"key": "B", "title": true}\n', "title", "line 1"),
    ],
)  # fmt: skip
async def test_a_file_that_cannot_be_read_is_named_and_the_others_are_read(
    tmp_path: Path, name: str, content: bytes, field: str, place: str
) -> None:
    (tmp_path / name).write_bytes(content)
    (tmp_path / "other.csv").write_text(HEADER + "O1,Other,,,,O1,1 USD,,\n")
    report = await changes(feed(tmp_path), None)
    assert "O1" in {product.key for product in report.products}
    assert "B" not in {product.key for product in report.products}
    assert places(report.errors) == [(name, field, place)]


async def test_a_float_in_json_stays_exact_and_only_keys_that_are_there_are_given(tmp_path: Path) -> None:
    item = '{"key": "A", "variants": [{"sku": "A", "price": 19.90, "prices": {"b2b": "15"}, "tracked": false}]}'
    (tmp_path / "p.jsonl").write_text(item + "\n")
    (tmp_path / "layout.toml").write_text('currency = "EUR"\n')
    (product,) = (await changes(feed(tmp_path, layout=tmp_path / "layout.toml"), None)).products
    (variant,) = product.product.variants
    assert (variant.price, variant.tracked) == (Money.of("19.90", "EUR"), False)
    assert [(one.price_list, one.price.amount) for one in variant.prices] == [("b2b", Decimal(15))]
    assert product.given == {"variants", "variants.price", "variants.prices", "variants.tracked"}


async def test_a_file_is_read_again_only_when_it_changed_and_from_its_begin(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text(HEADER + f"{name},Product,,,,{name},1 USD,,\n")
    source = feed(tmp_path)
    start = await changes(source, None)
    quiet = await changes(source, start.cursor)
    assert (quiet.products, quiet.cursor) == ((), start.cursor)
    (tmp_path / "b.csv").write_text(HEADER + "b,Product B,,,,b,1 USD,,\n")
    (tmp_path / "c.csv").write_text(HEADER + "c,Product,,,,c,1 USD,,\n")
    (tmp_path / "notes.txt").write_text("not a feed")
    later = await changes(source, start.cursor)
    assert [product.key for product in later.products] == ["b", "c"]


async def test_a_reader_that_dies_between_files_goes_on_behind_the_last_whole_one(tmp_path: Path) -> None:
    for age, name in ((20, "a"), (10, "b")):
        file = tmp_path / f"{name}.csv"
        file.write_text(HEADER + f"{name},Product,,,,{name},1 USD,,\n")
        os.utime(file, (file.stat().st_mtime - age,) * 2)
    source = feed(tmp_path)
    first = await anext(aiter(source.changes(None)))
    assert [product.key for product in first.products] == ["a"]
    assert [product.key for product in (await changes(source, first.cursor)).products] == ["b"]


async def test_a_thousand_products_come_in_parts_with_the_cursor_in_the_last(tmp_path: Path) -> None:
    rows = (json.dumps({"key": f"P{n}", "title": "P", "variants": [{"sku": f"P{n}"}]}) for n in range(1001))
    (tmp_path / "p.jsonl").write_text("\n".join(rows))
    parts = [part async for part in feed(tmp_path).changes(None)]
    assert [len(part.products) for part in parts] == [500, 500, 1]
    assert [part.cursor is None for part in parts] == [True, True, False]


async def test_a_layout_that_names_no_field_is_refused_at_start(tmp_path: Path) -> None:
    (tmp_path / "layout.toml").write_text('[columns]\n"Name" = "titel"\n')
    with pytest.raises(MisconfiguredError, match="no field of a product: Name = titel"):
        feed(tmp_path, layout=tmp_path / "layout.toml")


async def test_a_folder_that_is_not_there_is_a_matter_of_settings(tmp_path: Path) -> None:
    with pytest.raises(MisconfiguredError, match="the files of feed pim cannot be read"):
        await feed(tmp_path / "nowhere").check()


async def test_an_object_store_is_read_by_its_patterns() -> None:
    folder = f"/feed-{uuid.uuid4().hex}"
    store = fsspec.filesystem("memory")
    store.pipe(f"{folder}/p.csv", (HEADER + "M,Product,,,,M,1 USD,,\n").encode())
    store.pipe(f"{folder}/p.bak", b"nothing")
    source = feed(f"memory:/{folder}/*")
    report = await changes(source, None)
    assert [product.key for product in report.products] == ["M"]
    store.pipe(f"{folder}/p.csv", (HEADER + "N,Product,,,,N,1 USD,,\n").encode())
    assert [product.key for product in (await changes(source, report.cursor)).products] == ["N"]


async def test_an_sftp_server_is_read_and_its_password_is_told_to_nobody(tmp_path: Path) -> None:
    write(tmp_path / "out")
    with SftpServer(tmp_path, "pim", "a-secret-word") as server:
        options = json.dumps({"username": "pim", "password": "a-secret-word"})
        settings = FeedSettings(url=f"sftp://127.0.0.1:{server.port}/out", options=options)
        assert "a-secret-word" not in repr(settings)
        source = open_feed("pim", settings)
        report = await changes(source, None)
        assert len(report.products) == 41
        assert [part async for part in source.changes(report.cursor) if part.products] == []
        write(tmp_path / "out", images="https://cdn.example.com")
        (changed,) = [part async for part in source.changes(report.cursor)]
        assert changed.products[0].product.images[0].url.startswith("https://cdn.example.com")
