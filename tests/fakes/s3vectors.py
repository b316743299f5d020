"""S3 Vectors on loopback, as far as its API reference says and the store uses it: no emulator has it."""

import math
from typing import Any

from tests.fakes.json_server import Answered, Posted

BUCKET = "arn:aws:s3vectors:us-east-1:123456789012:bucket/vectors"
_PAGE = 3


class FakeS3Vectors:
    """An `Answer` of the JSON server. `error` is what every call is answered with, if any."""

    def __init__(self) -> None:
        self.indexes: dict[str, dict[str, list[float]]] = {}
        self.dimensions: dict[str, int] = {}
        self.error: str | None = None
        self.calls: list[str] = []

    def __call__(self, posted: Posted) -> Answered:
        operation = posted.path.removeprefix("/")
        self.calls.append(operation)
        if self.error:
            return Answered({"message": "no"}, 400, self.error)
        arn = posted.body.get("indexArn")
        if arn is not None and arn not in self.indexes:
            return Answered({"message": "no such index"}, 404, "NotFoundException")
        answer: Answered = getattr(self, f"_{operation}")(posted.body)
        return answer

    def _CreateIndex(self, body: dict[str, Any]) -> Answered:  # noqa: N802 - the operation's name
        assert body["vectorBucketArn"] == BUCKET
        assert (body["dataType"], body["distanceMetric"]) == ("float32", "cosine")
        assert 3 <= len(body["indexName"]) <= 63
        arn = f"{BUCKET}/index/{body['indexName']}"
        if arn in self.indexes:
            return Answered({"message": "exists"}, 409, "ConflictException")
        self.indexes[arn], self.dimensions[arn] = {}, body["dimension"]
        return Answered({"indexArn": arn})

    def _PutVectors(self, body: dict[str, Any]) -> Answered:  # noqa: N802
        assert 1 <= len(body["vectors"]) <= 500
        for vector in body["vectors"]:
            numbers = vector["data"]["float32"]
            assert len(numbers) == self.dimensions[body["indexArn"]]
            self.indexes[body["indexArn"]][vector["key"]] = numbers
        return Answered()

    def _QueryVectors(self, body: dict[str, Any]) -> Answered:  # noqa: N802
        assert 1 <= body["topK"] <= 100
        asked = body["queryVector"]["float32"]
        found: list[dict[str, Any]] = [
            {"key": key, "distance": _distance(asked, numbers)}
            for key, numbers in self.indexes[body["indexArn"]].items()
        ]
        found.sort(key=lambda one: one["distance"])
        return Answered({"vectors": found[: body["topK"]], "distanceMetric": "cosine"})

    def _ListVectors(self, body: dict[str, Any]) -> Answered:  # noqa: N802
        return _page([{"key": key} for key in sorted(self.indexes[body["indexArn"]])], "vectors", body)

    def _DeleteVectors(self, body: dict[str, Any]) -> Answered:  # noqa: N802
        assert 1 <= len(body["keys"]) <= 500
        for key in body["keys"]:
            self.indexes[body["indexArn"]].pop(key, None)
        return Answered()

    def _ListIndexes(self, body: dict[str, Any]) -> Answered:  # noqa: N802
        assert body["vectorBucketArn"] == BUCKET
        found = [
            {"indexArn": arn, "indexName": arn.rpartition("/")[2], "vectorBucketName": "vectors", "creationTime": 0}
            for arn in sorted(self.indexes)
            if arn.rpartition("/")[2].startswith(body.get("prefix", ""))
        ]
        return _page(found, "indexes", body)

    def _DeleteIndex(self, body: dict[str, Any]) -> Answered:  # noqa: N802
        del self.indexes[body["indexArn"]]
        return Answered()


def _page(found: list[dict[str, Any]], name: str, body: dict[str, Any]) -> Answered:
    start = int(body.get("nextToken", 0))
    more = {"nextToken": str(start + _PAGE)} if start + _PAGE < len(found) else {}
    return Answered({name: found[start : start + _PAGE], **more})


def _distance(one: list[float], other: list[float]) -> float:
    return 1 - math.sumprod(one, other) / math.sqrt(math.sumprod(one, one) * math.sumprod(other, other))
