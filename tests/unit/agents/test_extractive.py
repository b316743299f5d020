"""The model that answers with passages of a dataset."""

import threading
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parlance.agents.models.base import (
    Cancellation,
    ChatMessage,
    Completed,
    ModelError,
    ModelEvent,
    ModelRequest,
    TextDelta,
)
from parlance.agents.models.extractive import NO_DATASET, NO_QUESTION, ExtractiveModel
from parlance.knowledge.datasets import Dataset, Record
from parlance.knowledge.search import Search
from tests.fakes.clock import ManualClock
from tests.fakes.datasets import MemoryDatasets

DOCUMENTS = [
    ("README.md", "Parlance > Run it locally", "Start Parlance with:\n\n```\nmake run\n```\n\nIt opens port 8000."),
    ("README.md", "Parlance > Stopping", "Press Ctrl-C to stop it. The state is saved before Parlance ends."),
    ("docs/keys.md", "API keys", "An API key is shown once, when it is created. Only its hash is stored."),
    ("docs/limits.md", "Limits", "Sixty requests a minute are allowed for each API key."),
    ("docs/faq.md", "Rockets", "A rocket needs fuel."),
]


@pytest.fixture(scope="module")
def model() -> ExtractiveModel:
    clock = ManualClock()
    store = MemoryDatasets(clock)
    store.create(Dataset("tenant", "docs", "Docs", "", 1, 1))
    store.create(Dataset("tenant", "empty", "Empty", "", 1, 1))
    for at, (source, title, text) in enumerate(DOCUMENTS):
        store.add_record("tenant", "docs", Record(f"rec_{at}", text, source, title, at, 1, 1))
    return ExtractiveModel(Search(store, clock))


def events(model: ExtractiveModel, *said: str, dataset_id: str | None = "docs", **changes: Any) -> list[ModelEvent]:
    """`said` alternates between the user and the assistant and ends with the user."""
    return list(model.stream(request(said, dataset_id, **changes), Cancellation()))


def request(said: Sequence[str], dataset_id: str | None = "docs", **changes: Any) -> ModelRequest:
    messages = [ChatMessage("assistant" if at % 2 else "user", text) for at, text in enumerate(said)]
    return ModelRequest("tenant", changes.pop("instructions", ""), messages, dataset_id=dataset_id, **changes)


def text_of(found: Sequence[ModelEvent]) -> str:
    return "".join(event.text for event in found if isinstance(event, TextDelta))


def sources(found: Sequence[ModelEvent]) -> list[str]:
    end = found[-1]
    assert isinstance(end, Completed)
    return [one["source"] for one in end.metadata["sources"]]


def test_an_answer_is_the_passage_and_its_source(model: ExtractiveModel) -> None:
    found = events(model, "How do I start Parlance locally?")
    assert text_of(found) == (
        "Start Parlance with:\n\n```\nmake run\n```\n\nIt opens port 8000.\n\n"
        "Sources: README.md (Parlance > Run it locally)"
    )


def test_metadata_names_the_model_and_the_sources(model: ExtractiveModel) -> None:
    end = events(model, "How do I start Parlance locally?")[-1]
    assert isinstance(end, Completed)
    assert end.metadata["model"] == "extractive"
    (source,) = end.metadata["sources"]
    assert (source["source"], source["title"]) == ("README.md", "Parlance > Run it locally")
    assert source["record_id"] == "rec_0"
    assert source["score"] > 0
    assert source["share"] == 1


def test_the_same_question_has_the_same_answer(model: ExtractiveModel) -> None:
    assert events(model, "What about API keys?") == events(model, "What about API keys?")


def test_several_passages_are_each_under_their_title(model: ExtractiveModel) -> None:
    found = events(model, "How many requests are allowed for an API key, and is it stored?")
    assert set(sources(found)) == {"docs/limits.md", "docs/keys.md"}
    assert "Limits:\n\nSixty requests" in text_of(found)


@pytest.mark.parametrize(
    "question",
    [
        "What is the capital of France?",
        "Wie wird das Wetter?",
        "asdf",
        "Does Parlance dance?",
        "key lime pie recipe with fresh strawberries",
    ],
)
def test_what_the_documents_do_not_say_is_not_answered(model: ExtractiveModel, question: str) -> None:
    found = events(model, question)
    assert text_of(found).startswith("I found nothing about this in my documents.")
    assert sources(found) == []


def test_an_answer_to_a_part_of_the_question_says_so(model: ExtractiveModel) -> None:
    found = text_of(events(model, "Is Parlance started locally with Kubernetes?"))
    assert found.startswith(
        'No passage speaks of all this. The closest says nothing of "kubernetes":\n\nStart Parlance'
    )


def test_small_talk_is_invited_to_ask(model: ExtractiveModel) -> None:
    assert text_of(events(model, "Hello!")) == NO_QUESTION


def test_without_a_dataset_it_says_so(model: ExtractiveModel) -> None:
    found = events(model, "How do I start Parlance?", dataset_id=None)
    assert text_of(found) == NO_DATASET
    assert sources(found) == []


@pytest.mark.parametrize("dataset_id", ["empty", "missing"])
def test_without_records_nothing_is_found(model: ExtractiveModel, dataset_id: str) -> None:
    found = events(model, "How do I start Parlance?", dataset_id=dataset_id)
    assert text_of(found).startswith("I found nothing")


def test_a_follow_up_is_understood_from_the_question_before(model: ExtractiveModel) -> None:
    found = events(model, "How do I start Parlance?", "make run", "and how do I stop it?")
    assert sources(found)[0] == "README.md"
    assert "Ctrl-C" in text_of(found)


def test_a_follow_up_to_a_follow_up(model: ExtractiveModel) -> None:
    found = events(
        model, "How do I start Parlance?", "make run", "and how do I stop it?", "Ctrl-C", "Is its state saved?"
    )
    assert "The state is saved" in text_of(found)


def test_a_follow_up_about_something_else_is_not_answered_with_the_old(model: ExtractiveModel) -> None:
    found = events(model, "How do I start Parlance?", "make run", "and what about pizza?")
    assert text_of(found).startswith("I found nothing")


def test_a_new_short_question_stands_alone(model: ExtractiveModel) -> None:
    found = events(model, "How do I start Parlance?", "make run", "Rockets?")
    assert sources(found) == ["docs/faq.md"]


def test_the_same_text_from_two_sources_is_told_once() -> None:
    clock = ManualClock()
    store = MemoryDatasets(clock)
    store.create(Dataset("tenant", "docs", "Docs", "", 1, 1))
    for source in ("a.md", "b.md"):
        store.add_record("tenant", "docs", Record(source, "Cats purr.", source, "Cats", 0, 1, 1))
    found = events(ExtractiveModel(Search(store, clock)), "Do cats purr?")
    assert text_of(found) == "Cats purr.\n\nSources: a.md (Cats)"


def test_it_streams_word_by_word(model: ExtractiveModel) -> None:
    found = events(model, "How do I start Parlance locally?")
    deltas = [event.text for event in found if isinstance(event, TextDelta)]
    assert deltas[:2] == ["Start ", "Parlance "]
    assert all(len(delta.split()) == 1 for delta in deltas)
    assert isinstance(found[-1], Completed)


def test_tokens_are_counted_by_four_characters(model: ExtractiveModel) -> None:
    found = events(model, "Rockets?", instructions="Be brief")
    end = found[-1]
    assert isinstance(end, Completed)
    assert end.input_tokens == 2 + 2
    assert end.output_tokens == -(-len(text_of(found)) // 4)


def test_a_cancelled_stream_ends_at_the_next_word(model: ExtractiveModel) -> None:
    cancellation = Cancellation()
    stream = model.stream(request(["How do I start Parlance locally?"]), cancellation)
    first = next(stream)
    cancellation.request()
    rest = list(stream)
    assert isinstance(first, TextDelta)
    (end,) = rest
    assert isinstance(end, Completed)
    assert end.output_tokens == -(-len(first.text) // 4)


def test_a_pause_between_words_ends_when_it_is_cancelled(model: ExtractiveModel) -> None:
    cancellation = Cancellation()
    stream = model.stream(request(["How do I start Parlance?"], settings={"pace": 60}), cancellation)
    next(stream)
    threading.Timer(0.05, cancellation.request).start()
    (end,) = list(stream)
    assert isinstance(end, Completed)


class RecordingCancellation(Cancellation):
    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        return False


@pytest.mark.parametrize(("pace", "waited"), [(0.2, 0.2), (1, 1), (60, 2), (float("inf"), 2)])
def test_the_pace_is_waited_between_words_and_bounded(model: ExtractiveModel, pace: float, waited: float) -> None:
    cancellation = RecordingCancellation()
    found = list(model.stream(request(["Rockets?"], settings={"pace": pace}), cancellation))
    assert cancellation.waits == [waited] * (len(found) - 2)


@pytest.mark.parametrize("pace", [0, -1])
def test_without_a_pace_nothing_waits(model: ExtractiveModel, pace: float) -> None:
    cancellation = RecordingCancellation()
    list(model.stream(request(["Rockets?"], settings={"pace": pace}), cancellation))
    assert cancellation.waits == []


@pytest.mark.parametrize("pace", ["fast", None, True, float("nan"), [1]])
def test_a_pace_that_is_no_number(model: ExtractiveModel, pace: object) -> None:
    with pytest.raises(ModelError, match="pace"):
        events(model, "Rockets?", settings={"pace": pace})


@settings(max_examples=60)
@given(st.text(max_size=300), st.text(max_size=300))
def test_any_conversation_is_answered(model: ExtractiveModel, before: str, content: str) -> None:
    assert text_of(events(model, before, "An answer", content))


def test_a_very_long_message_is_answered(model: ExtractiveModel) -> None:
    assert text_of(events(model, "x" * 24_000))
    assert len(text_of(events(model, " ".join(f"word{n}" for n in range(3_000))))) < 500
