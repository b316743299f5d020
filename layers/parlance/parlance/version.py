"""Which build this is: `<git tag>.<commit>.<seconds since 1970>`, or without the tag where there is none.

The build writes it into a file beside this module; sources that nobody has built have no such file.
"""

from functools import cache
from pathlib import Path

FILE_NAME = "VERSION"
UNBUILT = "unbuilt"


@cache
def version() -> str:
    try:
        return Path(__file__).with_name(FILE_NAME).read_text().strip()
    except FileNotFoundError:
        return UNBUILT
