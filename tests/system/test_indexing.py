"""The deployed worker keeps snapshots, and deployed search starts from them."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from parlance.knowledge.datasets import Dataset, Record
from parlance.storage import keys
from parlance_cli import operations
from parlance_cli.deployment import Deployment
from tests.system.client import House
from tests.system.conftest import Tables

pytestmark = [pytest.mark.system, pytest.mark.anyio]

PATIENCE = 60.0
ROWS = 150


def table(said: str) -> str:
    return "".join(f'{{"title": "Lamp {n}", "text": "Lamp number{n} burns {said}{n}."}}\n' for n in range(ROWS))


def until[T](look: Callable[[], T | None], what: str) -> T:
    deadline = time.monotonic() + PATIENCE
    while (found := look()) is None:
        assert time.monotonic() < deadline, what
        time.sleep(0.2)
    return found


async def ask(house: House, question: str) -> str:
    async with house.rest() as rest:
        chat_id = await rest.create_chat(agent_id="keeper")
        async with house.line(chat_id) as line:
            stream = await line.stream(await line.ask(question))
    return stream.text


async def test_an_import_is_followed_by_a_snapshot_and_a_deletion_by_none(
    build_house: Callable[..., House], deployment: Deployment, tmp_path: Path
) -> None:
    house = build_house()
    (tmp_path / "lamps.jsonl").write_text(table("oil"))
    operations.create_dataset(deployment, house.tenant_id, "Lamps", dataset_id="lamps")
    operations.create_agent(deployment, house.tenant_id, "Keeper", agent_id="keeper", dataset_id="lamps")
    operations.import_dataset(deployment, house.tenant_id, "lamps", tmp_path)

    def published(after: int) -> Dataset | None:
        dataset = deployment.datasets.get(house.tenant_id, "lamps")
        return dataset if dataset and dataset.snapshot and dataset.snapshot.version > after else None

    first = until(lambda: published(1), "no snapshot was made after the import")
    hits = operations.search_dataset(deployment, house.tenant_id, "lamps", "What does lamp number42 burn?")
    assert hits[0].record.text == "Lamp number42 burns oil42."

    (tmp_path / "lamps.jsonl").write_text(table("gas"))
    operations.import_dataset(deployment, house.tenant_id, "lamps", tmp_path)
    second = until(lambda: published(first.version), "no snapshot followed the second import")
    assert first.snapshot is not None
    assert second.snapshot is not None
    snapshots = deployment.snapshots
    assert snapshots is not None
    assert snapshots.get(first.snapshot.key) is None
    assert snapshots.get(second.snapshot.key) is not None

    deployment.datasets.delete(house.tenant_id, "lamps")
    key = second.snapshot.key
    until(lambda: True if snapshots.get(key) is None else None, "the snapshot outlived its dataset")


async def test_the_deployed_search_answers_from_a_snapshot(
    build_house: Callable[..., House], deployment: Deployment, tables: Tables, tmp_path: Path
) -> None:
    """The table is emptied behind its back: what it still knows, it knows from the snapshot."""
    house = build_house()
    tenant = house.tenant_id
    (tmp_path / "lamps.jsonl").write_text(table("oil"))
    operations.create_dataset(deployment, tenant, "Lamps", dataset_id="lamps")
    operations.create_agent(deployment, tenant, "Keeper", agent_id="keeper", dataset_id="lamps")
    operations.import_dataset(deployment, tenant, "lamps", tmp_path)

    def snapshot() -> Dataset | None:
        dataset = deployment.datasets.get(tenant, "lamps")
        return dataset if dataset and dataset.snapshot else None

    until(snapshot, "no snapshot was made")
    records = [keys.record(tenant, "lamps", record.id) for record in deployment.datasets.records(tenant, "lamps")]
    tables.conversations.batch_write(deletes=records)
    now = deployment.clock.now()
    deployment.datasets.add_record(tenant, "lamps", Record("rec_new", "The beacon burns peat.", "x", "", 0, now, now))
    assert "oil77" in await ask(house, "What does lamp number77 burn?")
    assert "peat" in await ask(house, "What does the beacon burn?")
