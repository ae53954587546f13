"""How people write an id."""


def spellings(text: str) -> list[str]:
    """How people write an id: with or without #, and as the last part of a global id (`.../Order/5123`)."""
    word = text.strip()
    bare = word.removeprefix("#")
    return list(dict.fromkeys(w for w in (word, bare, f"#{bare}", word.rsplit("/", 1)[-1]) if w))
