"""`parlance dataset`: what agents may answer from."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from parlance.knowledge.datasets import Dataset
from parlance.knowledge.importing.importer import FileResult, ImportReport
from parlance.knowledge.search import Hit
from parlance_cli import operations
from parlance_cli.keys import TenantArgument
from parlance_cli.output import JsonOption, console, page, print_created, print_json, print_line, print_rows, time_of
from parlance_cli.place import deployment_of
from parlance_cli.progress import import_progress

app = typer.Typer(help="Create, fill and search datasets.")

TenantOption = Annotated[
    str, typer.Option("--tenant", metavar="TENANT", envvar="PARLANCE_TENANT", help="The tenant's id.")
]
DatasetOption = Annotated[str, typer.Option("--dataset", metavar="DATASET", help="The dataset's id.")]

_EXCERPT = 400


@app.command()
def create(
    context: typer.Context,
    tenant: TenantArgument,
    name: Annotated[str, typer.Option(help="What to call the dataset.")],
    dataset_id: Annotated[str | None, typer.Option("--id", help="Its id; made up if you name none.")] = None,
    description: Annotated[str, typer.Option(help="What is in it.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Create an empty dataset."""
    deployment = deployment_of(context)
    dataset = operations.create_dataset(deployment, tenant, name, dataset_id=dataset_id, description=description)
    print_created(_row(dataset), f"Created dataset {dataset.id}", as_json=as_json)


@app.command("list")
def list_(context: typer.Context, tenant: TenantArgument, as_json: JsonOption = False) -> None:
    """List a tenant's datasets."""
    rows = [_row(dataset) for dataset in operations.list_datasets(deployment_of(context), tenant)]
    columns = ("id", "name", "passages", "description", "updated_at")
    print_rows(rows, columns=columns, empty="This tenant has no datasets.", as_json=as_json)


@app.command("import")
def import_(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A file, or a folder with all that is in it.")],
    tenant: TenantOption,
    dataset: DatasetOption,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove what was imported from files that the folder no longer has.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Import documents. What was imported from the same file before is replaced.

    Reads Markdown, text, reStructuredText, HTML, CSV, JSON Lines and PDF.
    """
    deployment = deployment_of(context)
    with import_progress(Console(stderr=True)) as on_progress:
        report = operations.import_dataset(deployment, tenant, dataset, path, prune=prune, on_progress=on_progress)
    if as_json:
        print_json(_report_row(report))
    else:
        _print_report(report)


@app.command()
def search(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="A question, or a few words.")],
    tenant: TenantOption,
    dataset: DatasetOption,
    limit: Annotated[int, typer.Option(min=1, max=50, help="How many passages to show.")] = 5,
    as_json: JsonOption = False,
) -> None:
    """Show the passages that fit a question best, as an agent would find them."""
    hits = operations.search_dataset(deployment_of(context), tenant, dataset, query, limit=limit)
    if as_json:
        print_json([_hit_row(hit) for hit in hits])
    elif not hits:
        print_line("Nothing in this dataset fits.")
    for rank, hit in enumerate([] if as_json else hits, start=1):
        _print_hit(rank, hit)


def _row(dataset: Dataset) -> dict[str, Any]:
    return {
        "id": dataset.id,
        "name": dataset.name,
        "description": dataset.description,
        "passages": dataset.record_count,
        "version": dataset.version,
        "created_at": time_of(dataset.created_at),
        "updated_at": time_of(dataset.updated_at),
    }


def _report_row(report: ImportReport) -> dict[str, Any]:
    imported = [one for one in report.results if one.status == "imported"]
    return {
        "dataset": report.dataset.id,
        "passages": report.passages,
        "imported": [{"source": one.source, "passages": one.passages, "problems": one.problems} for one in imported],
        "skipped": [{"source": one.source, "reason": one.reason} for one in report.skipped],
        "removed": report.removed,
    }


def _print_report(report: ImportReport) -> None:
    files = len(report.results) - len(report.skipped)
    print_line(f"Imported {_counted(report.passages, 'passage')} from {_counted(files, 'file')}")
    for result in report.results:
        _print_trouble(result)
    for source in report.removed:
        print_line(f"  removed {source}: the folder no longer has it")
    print_line(f"Dataset {report.dataset.id} now holds {_counted(report.dataset.record_count, 'passage')}")


def _print_trouble(result: FileResult) -> None:
    if result.status == "skipped":
        print_line(f"  skipped {result.source}: {result.reason}")
    for problem in result.problems:
        print_line(f"  {result.source}: {problem}")


def _hit_row(hit: Hit) -> dict[str, Any]:
    return {
        "record_id": hit.record.id,
        "source": hit.record.source,
        "title": hit.record.title,
        "score": round(hit.score, 3),
        "share": round(hit.share, 3),
        "text": hit.record.text,
    }


def _print_hit(rank: int, hit: Hit) -> None:
    title = f"  {hit.record.title}" if hit.record.title else ""
    heading = Text.assemble((f"{rank}. {hit.record.source}", "bold"), title, (f"  score {hit.score:.2f}", "dim"))
    text = " ".join(hit.record.text.split())
    shown = text if len(text) <= _EXCERPT else f"{text[: _EXCERPT - 1].rstrip()}…"
    console().print(heading)
    page().print(Padding(Text(shown), (0, 0, 1, 3), expand=False))


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
