"""`python -m reference` writes the descriptions; with `--check` it only says whether they are those of the code."""

import argparse
import json
import sys
from pathlib import Path

from reference.asyncapi import asyncapi
from reference.openapi import openapi

DOCS = Path(__file__).parent.parent / "docs"


def descriptions() -> dict[Path, str]:
    """What belongs into which file."""
    documents = {"openapi.json": openapi(), "asyncapi.json": asyncapi()}
    return {
        DOCS / name: json.dumps(document, indent=2, ensure_ascii=False) + "\n" for name, document in documents.items()
    }


def main() -> int:
    """Write or compare."""
    parser = argparse.ArgumentParser(prog="python -m reference", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file would change")
    check = parser.parse_args().check
    stale = [(file, text) for file, text in descriptions().items() if not file.exists() or file.read_text() != text]
    for file, text in stale:
        if check:
            print(f"{file} is not what the code says: run `make reference`", file=sys.stderr)
        else:
            file.write_text(text)
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
