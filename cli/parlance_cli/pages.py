"""`parlance pages`: the pages of a stack that has a front door."""

import mimetypes
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Protocol

import boto3
import typer

from parlance.ids import RandomIds
from parlance_cli.deployment import stack_outputs
from parlance_cli.errors import CliError
from parlance_cli.output import print_line
from parlance_cli.place import place_of

app = typer.Typer(help="The widget and the pages of a stack with a front door.")

_BUCKET, _DISTRIBUTION = "PagesBucket", "DistributionId"
_ASSETS = "assets/"
_DELETED_AT_ONCE = 1000
# What the system's own tables may lack or call otherwise.
_TYPES = {".js": "text/javascript; charset=utf-8", ".woff2": "font/woff2", ".html": "text/html; charset=utf-8"}


class PageStore(Protocol):
    """Where pages are served from."""

    def names(self) -> set[str]:
        """What is there now."""

    def put(self, name: str, content: bytes, content_type: str) -> None:
        """Add or replace one file."""

    def remove(self, names: Iterable[str]) -> None:
        """Take files away."""

    def refresh(self) -> None:
        """See to it that nobody is served an old copy."""


def publish_pages(folder: Path, store: PageStore) -> int:
    """Make `store` hold exactly what the folder holds, and return how many files that is.

    Assets go first and old ones last, so that no page ever names one that is missing.
    """
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    pages = {name: path for name, path in files.items() if not path.name.startswith(".")}
    if "index.html" not in pages:
        raise CliError(f"{folder} holds no pages: run `make web` first.")
    for name in sorted(pages, key=lambda name: (not name.startswith(_ASSETS), name)):
        store.put(name, pages[name].read_bytes(), content_type_of(name))
    store.refresh()
    store.remove(sorted(store.names() - pages.keys()))
    return len(pages)


def content_type_of(name: str) -> str:
    """What a browser is told that a file is."""
    known = _TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0]
    return known or "application/octet-stream"


class AwsPages:
    """Implements PageStore on a bucket behind a CloudFront distribution."""

    def __init__(self, s3: Any, cloudfront: Any, *, bucket: str, distribution: str, reference: str) -> None:
        self._s3 = s3
        self._cloudfront = cloudfront
        self._bucket = bucket
        self._distribution = distribution
        self._reference = reference

    def names(self) -> set[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket)
        return {one["Key"] for page in pages for one in page.get("Contents", [])}

    def put(self, name: str, content: bytes, content_type: str) -> None:
        self._s3.put_object(Bucket=self._bucket, Key=name, Body=content, ContentType=content_type)

    def remove(self, names: Iterable[str]) -> None:
        gone = [{"Key": name} for name in names]
        for at in range(0, len(gone), _DELETED_AT_ONCE):
            batch = {"Objects": gone[at : at + _DELETED_AT_ONCE], "Quiet": True}
            answer = self._s3.delete_objects(Bucket=self._bucket, Delete=batch)
            if answer.get("Errors"):
                raise CliError(f"Could not delete {answer['Errors'][0]['Key']} from the bucket.")

    def refresh(self) -> None:
        self._cloudfront.create_invalidation(
            DistributionId=self._distribution,
            InvalidationBatch={"Paths": {"Quantity": 1, "Items": ["/*"]}, "CallerReference": self._reference},
        )


@app.command()
def publish(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="The built pages.")] = Path("web/dist"),
) -> None:
    """Copy the built pages to a deployed stack. Does nothing for a stack without a front door."""
    place = place_of(context)
    if place.stack is None:
        raise CliError("Name the stack: the local cloud serves the pages from where they are built.")
    session = boto3.Session(profile_name=place.profile, region_name=place.region)
    outputs: Mapping[str, str] = stack_outputs(session, place.stack)
    if _BUCKET not in outputs:
        print_line("This stack has no front door, so there is nothing to copy.")
        return
    store = AwsPages(
        session.client("s3"),
        session.client("cloudfront"),
        bucket=outputs[_BUCKET],
        distribution=outputs[_DISTRIBUTION],
        reference=RandomIds().random(),
    )
    count = publish_pages(folder, store)
    print_line(f"Copied {count} files. They are at {outputs['FrontDoorUrl']}")
