"""The version of a build: `<git tag>.<commit>.<seconds since 1970>`, or without the tag where there is none.

Printed by `python -m local.version` for whoever builds. Outside a git checkout the commit is replaced by a digest of
the sources, so that two builds of different sources still differ.
"""

import subprocess
import time
from pathlib import Path

from local.settings import ROOT


def source_name(root: Path, digest: str) -> str:
    """The newest tag, if any, and the commit. `digest` stands for the commit where git knows none."""
    commit = _git(root, "rev-parse", "--short=12", "HEAD")
    tag = _git(root, "describe", "--tags", "--abbrev=0") if commit else None
    return ".".join(part for part in (tag, commit or digest) if part)


def build_version(name: str, now: float) -> str:
    """A name of sources, and when they were built."""
    return f"{name}.{int(now)}"


def _git(root: Path, *arguments: str) -> str | None:
    """What git says; None without git, or where `root` is not a checkout itself but lies in somebody else's."""
    try:
        top = _output(root, "rev-parse", "--show-toplevel")
        return _output(root, *arguments) if Path(top).resolve() == root.resolve() else None
    except (OSError, subprocess.CalledProcessError):
        return None


def _output(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True)  # noqa: S607 - on the PATH
    return done.stdout.strip()


if __name__ == "__main__":
    from local.build import source_digest

    print(build_version(source_name(ROOT, source_digest()[:12]), time.time()))
