"""Embedding models over real sockets: what is sent, and what becomes of answers that are not what they should be."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import boto3
import pytest
from botocore.config import Config

from parlance.knowledge.embedders.bedrock import BedrockEmbedder
from parlance.knowledge.embedders.openai_compatible import OpenAiCompatibleEmbedder
from parlance.knowledge.embedding import EmbeddingError
from tests.fakes.json_server import Answer, Answered, Posted, answering

pytestmark = pytest.mark.storage

TITAN, COHERE = "amazon.titan-embed-text-v2:0", "cohere.embed-english-v3"


class Server:
    """Remembers what came; answers by turns, the last answer again and again."""

    def __init__(self) -> None:
        self.posted: list[Posted] = []
        self.answers: list[Answer] = []
        self.url = ""

    def __call__(self, posted: Posted) -> Answered:
        self.posted.append(posted)
        return self.answers[min(len(self.posted), len(self.answers)) - 1](posted)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    with answering(server) as server.url:
        yield server


def vector_of(text: str) -> list[float]:
    return [float(len(text)), 1.0]


def openai(posted: Posted) -> Answered:
    data = [{"index": at, "embedding": vector_of(text)} for at, text in enumerate(posted.body["input"])]
    return Answered({"object": "list", "data": data[::-1], "usage": {"prompt_tokens": 1}})


def titan(posted: Posted) -> Answered:
    return Answered({"embedding": vector_of(posted.body["inputText"]), "inputTextTokenCount": 1})


def cohere(posted: Posted) -> Answered:
    return Answered({"embeddings": [vector_of(text) for text in posted.body["texts"]], "id": "x"})


def bedrock(server: Server, model: str) -> BedrockEmbedder:
    client = boto3.client(
        "bedrock-runtime",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=2),
    )
    return BedrockEmbedder(lambda: client, model)


def test_openai_compatible_keeps_the_order_of_the_texts(server: Server) -> None:
    server.answers = [openai]
    embedder = OpenAiCompatibleEmbedder(f"{server.url}/v1/", "small", "secret-key")
    assert embedder.passages(["a", "bb", "ccc"]) == [vector_of("a"), vector_of("bb"), vector_of("ccc")]
    assert embedder.question("dddd") == vector_of("dddd")
    first = server.posted[0]
    assert (first.path, first.headers["Authorization"]) == ("/v1/embeddings", "Bearer secret-key")
    assert first.body == {"model": "small", "input": ["a", "bb", "ccc"], "encoding_format": "float"}
    assert embedder.name == "openai_compatible:small"


def test_without_a_key_none_is_sent(server: Server) -> None:
    server.answers = [openai]
    OpenAiCompatibleEmbedder(server.url, "small").question("x")
    assert "Authorization" not in server.posted[0].headers


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_again_for_passages_and_not_for_a_question(server: Server, status: int) -> None:
    server.answers = [lambda _: Answered("busy", status), openai]
    embedder = OpenAiCompatibleEmbedder(server.url, "small")
    assert embedder.passages(["a"]) == [vector_of("a")]
    server.posted.clear()
    server.answers = [lambda _: Answered("busy", status)]
    with pytest.raises(EmbeddingError, match=str(status)):
        embedder.question("a")
    assert len(server.posted) == 1


@pytest.mark.parametrize(
    "answered",
    [
        Answered("not json"),
        Answered([]),
        Answered({"data": []}),
        Answered({"data": [{"index": 1, "embedding": [1.0]}]}),
        Answered({"data": [{"index": 0, "embedding": ["x"]}]}),
        Answered({"data": [{"index": 0, "embedding": "AAAA"}]}),
        Answered({"error": "no such model"}, 404),
        Answered("", 302),
    ],
)
def test_an_answer_that_is_none_is_named(server: Server, answered: Answered) -> None:
    server.answers = [lambda _: answered]
    with pytest.raises(EmbeddingError):
        OpenAiCompatibleEmbedder(server.url, "small").question("a")


def test_a_question_does_not_wait_for_ever(server: Server) -> None:
    def slow(posted: Posted) -> Answered:
        time.sleep(4)
        return openai(posted)

    server.answers = [slow]
    began = time.monotonic()
    with pytest.raises(EmbeddingError):
        OpenAiCompatibleEmbedder(server.url, "small").question("a")
    assert time.monotonic() - began < 3.9


def test_nobody_there() -> None:
    with pytest.raises(EmbeddingError):
        OpenAiCompatibleEmbedder("http://127.0.0.1:9", "small").question("a")


def test_titan_takes_one_text_a_call_and_the_order_stays(server: Server) -> None:
    server.answers = [titan]
    texts = ["x" * length for length in range(1, 40)]
    assert bedrock(server, TITAN).passages(texts) == [vector_of(text) for text in texts]
    assert {posted.path for posted in server.posted} == {f"/model/{TITAN}/invoke"}
    assert sorted(len(posted.body["inputText"]) for posted in server.posted) == list(range(1, 40))


def test_cohere_tells_passages_from_questions(server: Server) -> None:
    server.answers = [cohere]
    embedder = bedrock(server, COHERE)
    assert len(embedder.passages(["a"] * 100)) == 100
    assert sorted(len(posted.body["texts"]) for posted in server.posted) == [4, 96]
    assert {posted.body["input_type"] for posted in server.posted} == {"search_document"}
    assert embedder.question("bb") == vector_of("bb")
    assert server.posted[-1].body["input_type"] == "search_query"


def test_cohere_may_name_the_type_of_its_numbers(server: Server) -> None:
    server.answers = [lambda _: Answered({"embeddings": {"float": [[1, 2]]}})]
    assert bedrock(server, COHERE).question("a") == [1.0, 2.0]


@pytest.mark.parametrize(
    ("model", "answered"),
    [
        (TITAN, Answered({"message": "slow down"}, 429, "ThrottlingException")),
        (TITAN, Answered({"message": "no"}, 403, "AccessDeniedException")),
        (TITAN, Answered("not json")),
        (TITAN, Answered({"embeddings": [[1.0]]})),
        (TITAN, Answered({"embedding": None})),
        (COHERE, Answered({"embeddings": []})),
        (COHERE, Answered({"embeddings": {"int8": [[1]]}})),
    ],
)
def test_trouble_with_bedrock_has_a_name(server: Server, model: str, answered: Answered) -> None:
    server.answers = [lambda _: answered]
    calls: Mapping[str, Callable[[BedrockEmbedder], Any]] = {
        "question": lambda embedder: embedder.question("a"),
        "passages": lambda embedder: embedder.passages(["a", "b"]),
    }
    for call in calls.values():
        with pytest.raises(EmbeddingError):
            call(bedrock(server, model))
