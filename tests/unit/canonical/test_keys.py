"""Keys: a function of the business change, never the same for two changes, never different for one."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canonical.ids import aggregate_key, chunk_key, correlation_id, delivery_key, digest, effect_key, key_uuid

PART = st.text(min_size=1, max_size=12)
SUBJECT = st.lists(PART, min_size=1, max_size=3)


@given(PART, PART, SUBJECT, PART, PART, SUBJECT)
def test_two_subjects_never_share_a_key(
    scope: str, operation: str, subject: list[str], scope2: str, operation2: str, subject2: list[str]
) -> None:
    same = (scope, operation, subject) == (scope2, operation2, subject2)
    assert (effect_key(scope, operation, *subject) == effect_key(scope2, operation2, *subject2)) == same


@given(PART, PART, PART)
def test_a_separator_inside_a_part_does_not_move_the_border(a: str, b: str, c: str) -> None:
    assert effect_key(f"{a}:{b}", "x", c) != effect_key(a, f"{b}:x", c)
    assert effect_key(a, "x", f"{b}:{c}") != effect_key(a, "x", b, c)


@given(PART, PART, SUBJECT)
def test_a_key_is_plain_text_and_the_same_every_time(scope: str, operation: str, subject: list[str]) -> None:
    key = effect_key(scope, operation, *subject)
    assert key == effect_key(scope, operation, *subject)
    assert key.isascii()
    assert not any(c.isspace() for c in key)
    assert key_uuid(key) == key_uuid(key)


def test_keys_stay_what_they_were_across_releases() -> None:
    assert effect_key("north", "sales-order.create", "5123") == "north:sales-order.create:5123"
    assert effect_key("north", "note", "#1001 ü") == "north:note:#1001%20%C3%BC"
    assert key_uuid("north:sales-order.create:5123") == "440bb4dc-fddb-5aae-bda3-d5746851d136"
    assert correlation_id("north", "order", "5123") == key_uuid(aggregate_key("north", "order", "5123"))


def test_two_shops_with_the_same_order_share_nothing() -> None:
    def keys(shop: str) -> set[str]:
        return {
            effect_key(shop, "sales-order.create", "1"),
            aggregate_key(shop, "order", "1"),
            correlation_id(shop, "order", "1"),
            delivery_key("web", shop, "1"),
        }

    assert len(keys("north") | keys("south")) == 8


@pytest.mark.parametrize("parts", [("", "x", "y"), ("a", "", "y"), ("a", "b"), ("a", "b", "")])
def test_an_empty_part_is_refused(parts: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="scope, an operation and a subject"):
        effect_key(*parts)


@given(st.dictionaries(PART, st.integers() | PART, max_size=6))
def test_a_digest_does_not_depend_on_the_order_of_fields(content: dict[str, int | str]) -> None:
    assert digest(content) == digest(dict(reversed(content.items())))


@given(st.lists(PART, min_size=1, max_size=6, unique=True), st.randoms())
def test_the_key_of_a_chunk_does_not_depend_on_the_order_of_its_documents(keys: list[str], random: Random) -> None:
    shuffled = keys[:]
    random.shuffle(shuffled)
    assert chunk_key(keys) == chunk_key(shuffled)
    assert chunk_key(keys) != chunk_key([*keys, "one more"])
