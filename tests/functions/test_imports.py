"""What a cold start pays for: nothing that only some agents need."""

import json
import subprocess
import sys

import pytest

from local.settings import ROOT

ONLY_WHEN_NEEDED = {
    "jsonschema",
    "referencing",
    "parlance.agents.models.bedrock",
    "parlance.agents.models.openai_compatible",
    "parlance.agents.models.extractive",
    "pypdf",
    "httpx",
}


@pytest.mark.parametrize("function", ["workers.replies", "chats.messages", "widget.stream", "kosmos.agent_query"])
def test_no_model_and_no_validator_is_loaded_before_an_agent_needs_it(function: str) -> None:
    loads = f"import json, sys; from functions.{function} import app; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", loads],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'layers' / 'parlance'}"},
    )
    loaded = set(json.loads(done.stdout))
    assert "parlance.agents.composition" in loaded
    assert loaded.isdisjoint(ONLY_WHEN_NEEDED)
