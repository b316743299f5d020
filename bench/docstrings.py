"""`python -m bench.docstrings folder`: a second collection, made of the docstrings of Python's standard library.

The first line of a docstring asks, the rest of it is the document that answers. So questions and judgements come from
their authors, and nothing was chosen by us.
"""

import ast
import json
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

_LEFT_OUT = {"test", "tests", "site-packages", "idlelib"}
_SHORTEST_ANSWER = 25
_QUESTION_WORDS = range(4, 26)


def main() -> int:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    pairs = list(_pairs(Path(sysconfig.get_paths()["stdlib"])))
    _write(folder / "corpus.jsonl", [{"_id": str(n), "title": "", "text": rest} for n, (_, rest) in enumerate(pairs)])
    _write(folder / "queries.jsonl", [{"_id": str(n), "text": first} for n, (first, _) in enumerate(pairs)])
    lines = ["query-id\tcorpus-id\tscore", *(f"{n}\t{n}\t1" for n in range(len(pairs)))]
    (folder / "qrels.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(pairs)} documents and questions in {folder}")  # noqa: T201 - the outcome
    return 0


def _pairs(library: Path) -> Iterator[tuple[str, str]]:
    for file in sorted(library.rglob("*.py")):
        if _LEFT_OUT.isdisjoint(file.relative_to(library).parts):
            for docstring in _docstrings(file):
                first, _, rest = docstring.partition("\n\n")
                if len(first.split()) in _QUESTION_WORDS and len(rest.split()) >= _SHORTEST_ANSWER:
                    yield " ".join(first.split()), rest


def _docstrings(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node)
            if docstring:
                yield docstring


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
