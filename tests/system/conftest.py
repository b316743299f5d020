"""The deployed stack, once for all tests of this rung."""

from collections.abc import Iterator

import pytest

from tests.local.cloud import LocalCloud


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A running local cloud with state of its own; the build is shared with every other run from this tree."""
    cloud = LocalCloud.start(tmp_path_factory.mktemp("cloud"))
    yield cloud
    errors = cloud.stop()
    assert not errors, errors
    assert cloud.process.returncode == 0
