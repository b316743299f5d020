"""Following an import: a bar on a terminal, a line now and then elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from parlance.knowledge.importing.importer import OnProgress, Progress

_SOURCE_WIDTH = 40
_TOLD_EVERY = 100


@contextmanager
def import_progress(console: Console) -> Iterator[OnProgress]:
    """What to hand to the importer. The bar is gone when the import ends."""
    if not console.is_terminal:
        yield lambda progress: _tell(console, progress)
        return
    with _bar(console) as bar:
        task = bar.add_task("", total=None)

        def advance(progress: Progress) -> None:
            source = progress.result.source if progress.result else ""
            bar.update(task, completed=progress.done, total=progress.total, description=_shortened(source))

        yield advance


def _bar(console: Console) -> Bar:
    return Bar(
        SpinnerColumn(),
        TextColumn("Importing"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", style="dim", markup=False),
        console=console,
        transient=True,
    )


def _shortened(source: str) -> str:
    """The end of a long path says more than its beginning."""
    return source if len(source) <= _SOURCE_WIDTH else f"…{source[1 - _SOURCE_WIDTH :]}"


def _tell(console: Console, progress: Progress) -> None:
    if progress.done and progress.done % _TOLD_EVERY == 0:
        console.print(f"{progress.done} of {progress.total} files", highlight=False)
