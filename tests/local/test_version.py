"""What a build calls itself."""

import re
import subprocess
from pathlib import Path

from local.build import build
from local.version import build_version, source_name
from parlance.version import UNBUILT, version


def git(root: Path, *arguments: str) -> str:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    command = ["git", *who, *arguments]
    done = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_the_commit_and_the_newest_tag(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "first")
    commit = git(tmp_path, "rev-parse", "--short=12", "HEAD")
    assert source_name(tmp_path, "digest") == commit
    git(tmp_path, "tag", "v1.2")
    assert source_name(tmp_path, "digest") == f"v1.2.{commit}"


def test_without_a_checkout_a_digest_stands_for_the_commit(tmp_path: Path) -> None:
    assert source_name(tmp_path, "0123456789ab") == "0123456789ab"


def test_somebody_elses_checkout_is_not_ours(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "first")
    inner = tmp_path / "unpacked"
    inner.mkdir()
    assert source_name(inner, "0123456789ab") == "0123456789ab"


def test_the_time_of_the_build_comes_last() -> None:
    assert build_version("v1.2.abc", 1_750_000_000.9) == "v1.2.abc.1750000000"


def test_sources_that_nobody_built_say_so() -> None:
    assert version() == UNBUILT


def test_a_build_carries_it(tmp_path: Path) -> None:
    layer = build(tmp_path / "build.log").parent / "ParlanceLayer" / "python" / "parlance"
    assert re.fullmatch(r"(?:\S+\.)?[0-9a-f]{12}\.\d{10}\n", (layer / "VERSION").read_text())
