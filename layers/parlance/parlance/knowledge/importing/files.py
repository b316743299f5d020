"""Finding the files of an import and reading one of them."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG

from parlance.errors import InvalidInputError
from parlance.knowledge.importing.documents import Document, UnreadableError
from parlance.knowledge.importing.html import read_html
from parlance.knowledge.importing.markdown import read_markdown
from parlance.knowledge.importing.pdf import read_pdf
from parlance.knowledge.importing.plaintext import read_text
from parlance.knowledge.importing.rows import read_csv, read_jsonl
from parlance.knowledge.importing.rst import read_rst

MAX_FILE_BYTES = 10_000_000

type Reader = Callable[[bytes, str], Document]

READERS: dict[str, Reader] = {
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".txt": read_text,
    ".text": read_text,
    ".rst": read_rst,
    ".html": read_html,
    ".htm": read_html,
    ".csv": read_csv,
    ".tsv": read_csv,
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".pdf": read_pdf,
}


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file and its name within the import: the path from the import's root, with forward slashes."""

    path: Path
    source: str


def find_files(root: Path) -> list[FoundFile]:
    """The file itself, or every visible file below the folder, sorted. Links to folders are not followed."""
    if root.is_file():
        return [FoundFile(root, root.name)]
    if not root.is_dir():
        raise InvalidInputError(f"There is no file or folder {str(root)!r}")
    return sorted(_below(root), key=lambda found: found.source)


def _below(root: Path) -> Iterator[FoundFile]:
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        for name in names:
            if not name.startswith("."):
                path = Path(folder, name)
                yield FoundFile(path, path.relative_to(root).as_posix())


def read_file(path: Path, max_bytes: int = MAX_FILE_BYTES) -> Document:
    """Raises UnreadableError with a reason that its owner understands."""
    reader = _reader(path.suffix)
    return _read(reader, _bytes(path, max_bytes), path.stem)


def read_bytes(data: bytes, name: str) -> Document:
    """The same for what came without a file system; the name's ending tells the format."""
    path = Path(name)
    return _read(_reader(path.suffix), data, path.stem)


def _reader(ending: str) -> Reader:
    reader = READERS.get(ending.lower())
    if reader is None:
        raise UnreadableError(f"{ending or 'a file without an ending'} is not a format that can be imported")
    return reader


def _read(reader: Reader, data: bytes, name: str) -> Document:
    try:
        return reader(data, name)
    except ModuleNotFoundError as error:
        raise UnreadableError(f"reading it needs the Python package {error.name}") from error
    except RecursionError as error:
        raise UnreadableError("it is nested too deeply") from error


def _bytes(path: Path, max_bytes: int) -> bytes:
    try:
        status = path.stat()
        if not S_ISREG(status.st_mode):
            raise UnreadableError("it is not a regular file")
        if status.st_size > max_bytes:
            raise UnreadableError(f"it is larger than {max_bytes / 1_000_000:g} MB")
        return path.read_bytes()
    except OSError as error:
        raise UnreadableError(f"it cannot be read: {error.strerror}") from error
