"""`python -m deployments.sandbox.feeds --out FOLDER`: write the PIM's product feed."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from deployments.sandbox.feeds.write import IMAGES, write


def main(argv: list[str] | None = None) -> int:
    """Write the feed and name the file."""
    parser = argparse.ArgumentParser(prog="python -m deployments.sandbox.feeds", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the file goes")
    parser.add_argument("--form", choices=["jsonl", "json", "csv"], default="jsonl")
    parser.add_argument("--images", default=IMAGES, metavar="URL", help="where pictures are said to lie")
    arguments = parser.parse_args(argv)
    print(f"feed: {write(arguments.out, arguments.form, arguments.images)} written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
