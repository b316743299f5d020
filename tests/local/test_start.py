"""Starting: what is wrong is said in one line, and nothing is left behind."""

import base64
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from local.build import source_digest
from local.command import run_command
from local.errors import LocalCloudError
from local.run import listening_socket
from local.settings import ROOT, Settings
from local.state import claim, emulator_port, vault_key


def start(state_dir: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """`make run`, when it is expected to end by itself."""
    return subprocess.run(
        [sys.executable, "-m", "local.run"],
        cwd=ROOT,
        env=os.environ | {"STATE_DIR": str(state_dir)} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = start(tmp_path, PORT=str(port))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"port {port} cannot be used" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "emulator.log").exists()


@pytest.mark.parametrize("port", ["0", "70000", "http", "-1", "8000.0", "²"])
def test_a_port_that_is_none_is_one_clear_line(tmp_path: Path, port: str) -> None:
    done = start(tmp_path, PORT=port)
    assert done.returncode == 1
    assert done.stderr == f"parlance: PORT must be a number from 1 to 65535, not {port!r}\n"


def test_a_state_directory_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = start(tmp_path / "file" / "state", PORT=str(unused_port()))
    assert done.returncode == 1
    assert done.stderr.startswith("parlance: cannot use the state directory")
    assert done.stderr.count("\n") == 1


def test_a_state_directory_serves_one_copy_at_a_time(tmp_path: Path) -> None:
    with claim(tmp_path), pytest.raises(LocalCloudError, match="another copy uses"):
        claim(tmp_path, seconds=0.3)
    claim(tmp_path, seconds=0.3).close()


def test_the_emulator_keeps_its_port_while_it_is_free(tmp_path: Path) -> None:
    port = emulator_port(tmp_path)
    assert emulator_port(tmp_path) == port
    with listening_socket(port):
        other = emulator_port(tmp_path)
    assert other != port
    assert emulator_port(tmp_path) == other


def test_the_key_of_the_secrets_is_made_once_for_its_owner(tmp_path: Path) -> None:
    first = vault_key(tmp_path)
    assert vault_key(tmp_path) == first
    assert len(base64.b64decode(first, validate=True)) == 32
    assert (tmp_path / "vault.key").stat().st_mode & 0o077 == 0
    other = tmp_path / "other"
    other.mkdir()
    assert vault_key(other) != first


def test_settings_have_the_documented_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PORT", raising=False)
    monkeypatch.delenv("STATE_DIR", raising=False)
    settings = Settings.from_environment()
    assert settings.base_url == "http://localhost:8000"
    assert settings.websocket_url == "ws://localhost:8000/ws/chat"
    assert settings.credentials_file == ROOT / ".local" / "credentials.json"


def test_a_failed_command_names_its_reason_and_its_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    script = "print('much'); print('Error: the reason'); print('more'); raise SystemExit(3)"
    with pytest.raises(LocalCloudError) as caught:
        run_command([sys.executable, "-c", script], purpose="trying", log=log, env=os.environ, cwd=tmp_path)
    assert str(caught.value) == f"trying failed: Error: the reason (everything it said: {log})"


def test_the_build_is_named_after_everything_that_goes_into_it(tmp_path: Path) -> None:
    (tmp_path / "functions" / "__pycache__").mkdir(parents=True)
    (tmp_path / "layers").mkdir()
    (tmp_path / "template.yaml").write_text("a")
    first = source_digest(tmp_path)
    (tmp_path / "functions" / "__pycache__" / "x.pyc").write_text("ignored")
    assert source_digest(tmp_path) == first
    (tmp_path / "functions" / "app.py").write_text("")
    second = source_digest(tmp_path)
    (tmp_path / "functions" / "app.py").rename(tmp_path / "functions" / "main.py")
    third = source_digest(tmp_path)
    assert len({first, second, third}) == 3


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
