"""Builds the stack with the SAM CLI, once for each state of what it is built from."""

import fcntl
import hashlib
import json
import os
import platform
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.command import run_command
from local.settings import CLOUD_BIN, DEVELOPMENT_BIN, ROOT
from local.version import build_version, source_name

BUILDS = ROOT / ".aws-sam" / "local"
KEPT_BUILDS = 4


def source_digest(root: Path = ROOT) -> str:
    """A name for the state of everything that goes into a build."""
    digest = hashlib.sha256(f"{platform.system()} {platform.machine()} {platform.python_version()}".encode())
    for path in sorted(source_files(root)):
        digest.update(f"\0{path.relative_to(root)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:20]


def source_files(root: Path) -> Iterator[Path]:
    """The template and what it points at."""
    yield root / "template.yaml"
    for folder in ("functions", "layers"):
        for path in (root / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path


def build(log: Path) -> Path:
    """The built template of the present sources, building it if nobody has.

    Copies of the local cloud that run from one tree share the builds; the lock lets only one of them build.
    """
    digest = source_digest()
    sources = source_name(ROOT, digest[:12])
    # The build says which commit it is of, so another commit is another build.
    target = BUILDS / f"{digest}-{sources}"
    template = target / "build" / "template.yaml"
    with _exclusively(BUILDS):
        if not template.exists():
            _build_into(target, build_version(sources, time.time()), log)
        os.utime(target)
        _remove_old_builds()
    return template


def _build_into(target: Path, version: str, log: Path) -> None:
    scratch = target.with_name(f"{target.name}.unfinished")
    shutil.rmtree(scratch, ignore_errors=True)
    run_command(
        [CLOUD_BIN / "sam", "build", "--template-file", ROOT / "template.yaml", "--build-dir", scratch / "build"],
        purpose="building the stack",
        log=log,
        env=sam_environment(os.environ, scratch / "sam")
        | {"AWS_DEFAULT_REGION": "us-east-1", "BUILD_VERSION": version},
        cwd=ROOT,
    )
    shutil.rmtree(target, ignore_errors=True)
    scratch.rename(target)


def sam_environment(base: os._Environ[str] | dict[str, str], home: Path) -> dict[str, str]:
    """An environment in which the SAM CLI uses our tools, keeps its notes in `home` and calls nobody."""
    home.mkdir(parents=True, exist_ok=True)
    notes = {"telemetryEnabled": False, "lastVersionCheck": time.time()}
    (home / "metadata.json").write_text(json.dumps(notes))
    return dict(base) | {
        "PATH": os.pathsep.join([str(DEVELOPMENT_BIN), str(CLOUD_BIN), base.get("PATH", os.defpath)]),
        "UV_SYSTEM_CERTS": base.get("UV_SYSTEM_CERTS", "1"),
        "UV": str(DEVELOPMENT_BIN / "uv"),
        "PYTHON": str(DEVELOPMENT_BIN / "python"),
        "SAM_CLI_TELEMETRY": "0",
        # The emulator is done in a moment; the default would ask again only after 5 s.
        "SAM_CLI_POLL_DELAY": "0.2",
        "__SAM_CLI_APP_DIR": str(home),
    }


def _remove_old_builds() -> None:
    finished = [path for path in BUILDS.iterdir() if path.is_dir()]
    for path in sorted(finished, key=lambda path: path.stat().st_mtime, reverse=True)[KEPT_BUILDS:]:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _exclusively(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
