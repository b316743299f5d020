"""Real documentation, as the installed packages bring it along: imported into the table, then asked about.

The README of every package in the project's environments, and the documents and licences beside their code.
"""

import shutil
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

import boto3
import pytest

from parlance.agents.models.base import Cancellation, ChatMessage, Completed, ModelRequest, TextDelta
from parlance.agents.models.extractive import ExtractiveModel
from parlance.clock import SystemClock
from parlance.ids import RandomIds
from parlance.knowledge.datasets import Dataset
from parlance.knowledge.importing.importer import ImportReport, Progress, import_path
from parlance.knowledge.search import Search
from parlance.storage.datasets import DatasetRepository
from parlance.storage.table import Table

pytestmark = pytest.mark.storage

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = (".venv", ".cloud")
ENOUGH = 200
DOCUMENT_SUFFIXES = {".md", ".rst", ".html"}
DOCUMENT_NAMES = {"LICENSE", "LICENCE", "NOTICE", "AUTHORS", "COPYING", "README"}
DATASET = Dataset("tenant", "packages", "Packages", "What the packages say of themselves", 1, 1)

QUESTIONS = {
    "How do I install httpx with HTTP/2 support?": ("readme/httpx.md", "pip install httpx[http2]"),
    "How do I extract text from a PDF?": ("readme/pypdf.md", "extract_text()"),
    "How do I mock S3 in my tests?": ("readme/moto.md", "@mock_aws"),
    "Which command runs uvicorn with an example app?": ("readme/uvicorn.md", "uvicorn example:app"),
    "What does pytest-timeout do about a session that takes too long?": ("readme/pytest-timeout.rst", "session"),
    "How do I mark a string as safe with MarkupSafe?": ("readme/markupsafe.md", "Markup("),
    "Which extras does jsonschema have for checking formats?": ("readme/jsonschema.rst", "format-nongpl"),
    "How can I run tests in parallel on multiple CPUs with pytest?": ("readme/pytest-xdist.rst", "pytest -n auto"),
    "What does hypothesis do when it finds a failing example?": ("readme/hypothesis.md", "failing"),
    "How does the Ruby bundler workflow build dependencies for Lambda?": (
        "packages/aws_lambda_builders/workflows/ruby_bundler/DESIGN.md",
        "bundle install --deployment",
    ),
    "How does the python pip workflow of lambda builders compile wheel files?": (
        "packages/aws_lambda_builders/workflows/python_pip/DESIGN.md",
        "sdist",
    ),
}
UNANSWERABLE = (
    "What is the airspeed velocity of an unladen swallow?",
    "How can I bake a chocolate cake?",
    "What is the capital of France?",
)


def site_packages() -> Iterator[Path]:
    for environment in ENVIRONMENTS:
        yield from sorted((ROOT / environment).glob("lib/python*/site-packages"))


def write_readme(distribution: Distribution, folder: Path) -> None:
    """The README that a package's metadata carries, under the ending that its type calls for."""
    headers = distribution.metadata
    text = str(headers.get_payload() or "") or headers.get("Description", "")  # type: ignore[attr-defined]
    kind = headers.get("Description-Content-Type", "")
    suffix = ".md" if "markdown" in kind else ".rst"
    if text.strip():
        (folder / f"{distribution.name.lower()}{suffix}").write_text(text)


def copy_documents(packages: Path, folder: Path) -> None:
    for path in packages.rglob("*"):
        if path.is_file() and (path.suffix in DOCUMENT_SUFFIXES or path.name in DOCUMENT_NAMES):
            target = folder / path.relative_to(packages)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target if path.suffix else target.with_name(f"{path.name}.txt"))


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documents")
    (folder / "readme").mkdir()
    for packages in site_packages():
        for distribution in distributions(path=[str(packages)]):
            write_readme(distribution, folder / "readme")
        copy_documents(packages, folder / "packages")
    found = sum(1 for path in folder.rglob("*") if path.is_file())
    if found < ENOUGH:
        pytest.skip(f"the installed packages bring only {found} documents, fewer than {ENOUGH}")
    return folder


@pytest.fixture(scope="module")
def store(dynamodb_endpoint: str) -> Iterator[DatasetRepository]:
    client = boto3.client(
        "dynamodb",
        endpoint_url=dynamodb_endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.create_table(
        TableName="real-documents",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
    )
    store = DatasetRepository(Table(client, "real-documents"), SystemClock(), RandomIds())
    store.create(DATASET)
    yield store
    client.delete_table(TableName="real-documents")
    client.close()


@pytest.fixture(scope="module")
def progress() -> list[Progress]:
    return []


@pytest.fixture(scope="module")
def report(documents: Path, store: DatasetRepository, progress: list[Progress]) -> ImportReport:
    return import_path(documents, DATASET, store, on_progress=progress.append)


@pytest.fixture(scope="module")
def model(report: ImportReport, store: DatasetRepository) -> ExtractiveModel:
    return ExtractiveModel(Search(store, SystemClock()))


def ask(model: ExtractiveModel, *said: str) -> tuple[str, list[str]]:
    """The answer and the sources it names; `said` alternates between the user and the assistant."""
    messages = [ChatMessage("assistant" if at % 2 else "user", text) for at, text in enumerate(said)]
    request = ModelRequest("tenant", "", messages, dataset_id=DATASET.id)
    events = list(model.stream(request, Cancellation()))
    end = events[-1]
    assert isinstance(end, Completed)
    text = "".join(event.text for event in events if isinstance(event, TextDelta))
    return text, [source["source"] for source in end.metadata["sources"]]


def test_every_document_is_imported_or_its_reason_given(
    documents: Path, report: ImportReport, progress: list[Progress]
) -> None:
    paths = [path.relative_to(documents) for path in documents.rglob("*") if path.is_file()]
    files = sum(1 for path in paths if not any(part.startswith(".") for part in path.parts))
    assert len(report.results) == files == progress[-1].done == progress[-1].total
    imported = [result for result in report.results if result.status == "imported"]
    assert len(imported) >= ENOUGH
    assert all(result.reason for result in report.skipped)
    assert report.passages > 1_000


def test_the_table_holds_what_was_imported(report: ImportReport, store: DatasetRepository) -> None:
    records = list(store.records(DATASET.tenant_id, DATASET.id))
    assert len(records) == report.passages == report.dataset.record_count
    assert report.dataset == store.get(DATASET.tenant_id, DATASET.id)
    assert all(0 < len(record.text) <= 1_200 for record in records)


def test_importing_again_changes_nothing(documents: Path, report: ImportReport, store: DatasetRepository) -> None:
    again = import_path(documents, DATASET, store, prune=True)
    assert again.dataset == report.dataset
    assert again.removed == ()


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_is_answered_from_the_right_document(model: ExtractiveModel, question: str) -> None:
    source, says = QUESTIONS[question]
    text, sources = ask(model, question)
    assert sources[0] == source
    assert says in text
    assert source in text.rpartition("Sources: ")[2]


def test_a_follow_up_is_answered_from_the_same_document(model: ExtractiveModel) -> None:
    first = "How do I extract text from a PDF?"
    answer, _ = ask(model, first)
    text, sources = ask(model, first, answer, "and can it also do merging?")
    assert sources[0] == "readme/pypdf.md"
    assert "merging" in text


@pytest.mark.parametrize("question", UNANSWERABLE)
def test_what_no_document_says_is_not_answered(model: ExtractiveModel, question: str) -> None:
    text, sources = ask(model, question)
    assert text.startswith("I found nothing")
    assert sources == []
