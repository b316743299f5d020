"""The content of files and attachments, and reading files into datasets, over the functions and their worker."""

import base64
from typing import Any

import httpx
import pytest

from functions.workers.errands import app as errands_app
from parlance.knowledge.importing.files import MAX_FILE_BYTES
from parlance.platform.contents import SIZE_MAX, Place
from parlance.platform.conversation_calls import ATTACHMENT_SIZE_MAX
from parlance.realtime.messages import FileReading, FileRemoval, Sweep
from parlance.storage.contents import S3ContentStore
from tests.functions.cloud import Cloud
from tests.functions.events import Context
from tests.functions.platform import Account, Told, an_account

TEXT = b"# Freedonia\n\nThe capital of Freedonia is Fredville.\n\n# Sylvania\n\nThe capital of Sylvania is Sylton.\n"
ODD_NAMES = ("../../etc/passwd", "a/b\\c\x00.txt", '"; rm -rf "\r\nx: y', "☃.md", "", ".", "%2e%2e")


@pytest.fixture(scope="module")
def account(cloud: Cloud) -> Account:
    return an_account(cloud)


def announced(size: int, kind: str = "text/markdown", name: str = "capitals.md") -> dict[str, Any]:
    return {"file": {"size": size, "type": kind, "name": name}}


def bring(told: Told, data: bytes, **headers: str) -> int:
    """Do as the client is told; returns the bucket's status."""
    request = told.body["uploadRequest"]
    sent = {**request["headers"], **headers}
    return httpx.request(request["method"], request["url"], headers=sent, content=data, trust_env=False).status_code


def uploaded(account: Account, data: bytes = TEXT, **more: str) -> str:
    file = account.made("/file/create", {"name": "Capitals"})
    assert bring(account.post(f"/file/{file}/upload", announced(len(data), **more)), data) == 200
    return file


def records_of(account: Account, dataset: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = account.get(f"/dataset/{dataset}/record/list").body["items"]
    return found


class TestContent:
    def test_is_brought_and_got(self, account: Account) -> None:
        file = account.made("/file/create", {"name": "Capitals"})
        told = account.post(f"/file/{file}/upload", announced(len(TEXT)))
        assert told.body["id"] == file
        assert told.body["uploadRequest"]["method"] == "PUT"
        assert told.body["uploadRequest"]["headers"] == {"content-type": "text/markdown"}
        assert account.get(f"/file/{file}/download").code == "NOT_FOUND"
        assert bring(told, TEXT) == 200
        url = account.get(f"/file/{file}/download", accept="application/json").body["url"]
        got = httpx.get(url, trust_env=False)
        assert (got.content, got.headers["content-type"]) == (TEXT, "text/markdown")
        assert "capitals.md" in got.headers["content-disposition"]
        redirected = account.get(f"/file/{file}/download", accept="*/*")
        assert redirected.status == 302
        assert httpx.get(redirected.headers["Location"], trust_env=False).content == TEXT
        assert account.get(f"/file/{file}/fetch").body.keys() == {"id", "name", "createdAt", "updatedAt"}

    @pytest.mark.parametrize("data", [TEXT[:-1], TEXT + b"!", b""])
    def test_is_as_long_as_was_announced(self, account: Account, data: bytes) -> None:
        file = account.made("/file/create")
        assert bring(account.post(f"/file/{file}/upload", announced(len(TEXT))), data) == 403
        assert account.get(f"/file/{file}/download").code == "NOT_FOUND"

    def test_is_of_the_type_that_was_announced(self, account: Account) -> None:
        file = account.made("/file/create")
        told = account.post(f"/file/{file}/upload", announced(len(TEXT)))
        assert bring(told, TEXT, **{"content-type": "text/html"}) == 403

    def test_comes_along_in_a_data_url(self, account: Account) -> None:
        file = account.made("/file/create", {"name": "n"})
        whole = f"data:text/plain;base64,{base64.b64encode(TEXT).decode()}"
        assert account.post(f"/file/{file}/upload", {"file": whole}).body == {"id": file}
        url = account.get(f"/file/{file}/download", accept="application/json").body["url"]
        assert httpx.get(url, trust_env=False).content == TEXT
        assert account.post(f"/file/{file}/upload", {"file": "data:,a%20b"}).status == 200
        assert httpx.get(url, trust_env=False).content == b"a b"

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({}, 400),
            ({"file": None}, 400),
            ({"file": {}}, 400),
            ({"file": {"size": -1}}, 400),
            ({"file": {"size": "1"}}, 400),
            ({"file": {"size": 1.5}}, 400),
            ({"file": {"size": True}}, 400),
            ({"file": {"size": 1, "type": "text/plain\r\nx: y"}}, 400),
            ({"file": {"size": 1, "type": "plain"}}, 400),
            ({"file": {"size": 1, "type": "a/" + "b" * 300}}, 400),
            ({"file": {"size": 1, "name": "n" * 1_025}}, 400),
            ({"file": {"size": 1, "path": "x"}}, 400),
            ({"file": {"size": SIZE_MAX + 1}}, 413),
            ({"file": "hello"}, 400),
            ({"file": "data:text/plain;base64,%%%"}, 400),
            ({"file": "data:text/plain;base64,AAA"}, 400),
            ({"file": "data:nonsense,x"}, 400),
            ({"file": "data:text/plain;base64,☃"}, 400),
            ({"file": "data:text/plain," + "x" * 1_100_000}, 413),
            ({"file": "http://169.254.169.254/latest/meta-data"}, 501),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, account: Account, body: dict[str, Any], status: int) -> None:
        file = account.made("/file/create")
        told = account.post(f"/file/{file}/upload", body)
        assert told.status == status, told.text
        assert told.code

    @pytest.mark.parametrize("name", ODD_NAMES)
    def test_names_lead_nowhere(self, account: Account, cloud: Cloud, name: str) -> None:
        before = {one["Key"] for one in cloud.s3.list_objects_v2(Bucket="files").get("Contents", [])}
        file = uploaded(account, name=name)
        after = {one["Key"] for one in cloud.s3.list_objects_v2(Bucket="files").get("Contents", [])}
        assert after - before == {f"files/{account.tenant_id}/{file}"}
        url = account.get(f"/file/{file}/download", accept="application/json").body["url"]
        disposition = httpx.get(url, trust_env=False).headers["content-disposition"]
        assert disposition.startswith("attachment; filename*=UTF-8''")
        assert not set(disposition) & set('/\\\r\n"\x00')

    def test_is_nobody_elses(self, account: Account, cloud: Cloud) -> None:
        file, stranger = uploaded(account), an_account(cloud)
        for method, call in (("POST", "upload"), ("GET", "download"), ("POST", "sync")):
            told = stranger.call(method, f"/file/{file}/{call}", announced(1) if call == "upload" else {})
            assert (told.status, told.code) == (404, "NOT_FOUND")

    def test_goes_with_its_file(self, account: Account, cloud: Cloud) -> None:
        file = account.made("/file/create")
        told = account.post(f"/file/{file}/upload", announced(len(TEXT)))
        assert bring(told, TEXT) == 200
        contents = S3ContentStore(lambda: cloud.s3, "files")
        account.post(f"/file/{file}/delete")
        assert contents.size(Place(account.tenant_id, file)) is None
        # What was allowed before the deletion can still be brought, until nothing can.
        assert bring(told, TEXT) == 200
        removal = FileRemoval(tenant_id=account.tenant_id, file_id=file)
        cloud.sqs.send_message(QueueUrl=cloud.errands_url, MessageBody=removal.model_dump_json())
        cloud.run_errands()
        assert contents.size(Place(account.tenant_id, file)) is None
        assert account.get(f"/file/{file}/download").code == "NOT_FOUND"


class TestReadingIntoDatasets:
    def made(self, account: Account, file: str) -> str:
        dataset = account.made("/dataset/create", {})
        account.made(f"/dataset/{dataset}/file/{file}/attach")
        return dataset

    def test_a_file_becomes_records(self, account: Account, cloud: Cloud) -> None:
        file = uploaded(account)
        dataset = self.made(account, file)
        assert account.post(f"/dataset/{dataset}/file/{file}/sync").body == {"id": file}
        (attached,) = account.get(f"/dataset/{dataset}/file/list").body["items"]
        assert attached["syncStatus"] == "pending"
        cloud.run_errands()
        (attached,) = account.get(f"/dataset/{dataset}/file/list").body["items"]
        assert attached["syncStatus"] == "synced"
        texts = {record["text"] for record in records_of(account, dataset)}
        assert texts == {"The capital of Freedonia is Fredville.", "The capital of Sylvania is Sylton."}
        (best, *_) = account.post(f"/dataset/{dataset}/search", {"search": "Freedonia"}).body["records"]
        assert "Fredville" in best["text"]
        assert best["source"] == "Capitals"

    def test_another_reading_replaces_and_leaves_the_rest(self, account: Account, cloud: Cloud) -> None:
        file, other = uploaded(account), uploaded(account, b"Something else.", name="other.txt")
        dataset = self.made(account, file)
        account.made(f"/dataset/{dataset}/file/{other}/attach")
        own = account.made(f"/dataset/{dataset}/record/create", {"text": "By hand.", "source": "Capitals"})
        for one in (file, other):
            account.made(f"/dataset/{dataset}/file/{one}/sync")
        cloud.run_errands()
        assert len(records_of(account, dataset)) == 4
        told = account.post(f"/file/{file}/upload", announced(4, name="new.txt"))
        assert bring(told, b"New.") == 200
        # Of the file, this is about every dataset that has it.
        account.made(f"/file/{file}/sync")
        cloud.run_errands()
        found = records_of(account, dataset)
        assert {record["text"] for record in found} == {"New.", "Something else.", "By hand."}
        detached = account.post(f"/dataset/{dataset}/file/{file}/detach", {"deleteRecords": True})
        assert detached.body == {"id": file}
        found = records_of(account, dataset)
        assert {record["text"] for record in found} == {"Something else.", "By hand."}
        assert own in {record["id"] for record in found}

    def test_records_are_as_long_as_the_dataset_says(self, account: Account, cloud: Cloud) -> None:
        sentences = " ".join(f"Sentence number {number} says nothing." for number in range(100)).encode()
        file = uploaded(account, sentences, name="long.txt")
        dataset = account.made("/dataset/create", {"recordMaxTokens": 50})
        account.made(f"/dataset/{dataset}/file/{file}/attach")
        account.made(f"/dataset/{dataset}/file/{file}/sync")
        cloud.run_errands()
        lengths = [len(record["text"]) for record in records_of(account, dataset)]
        assert len(lengths) > 10
        assert max(lengths) <= 200

    @pytest.mark.parametrize(
        ("data", "kind", "name", "message"),
        [
            (b"\xff\xfe\x00\x01\x02", "application/pdf", "a.pdf", "broken PDF"),
            (b"MZ\x00\x00", "application/x-msdownload", "a.exe", "not a format"),
            (b"MZ\x00\x00", "text/plain", "a.txt", "binary"),
            (b" \n ", "text/plain", "a.txt", "empty"),
            (b"x", "application/octet-stream", "", "not a format"),
        ],
    )
    def test_what_cannot_be_read_is_said(
        self, account: Account, cloud: Cloud, data: bytes, kind: str, name: str, message: str
    ) -> None:
        file = uploaded(account, data, kind=kind, name=name)
        dataset = self.made(account, file)
        account.made(f"/dataset/{dataset}/file/{file}/sync")
        cloud.run_errands()
        (attached,) = account.get(f"/dataset/{dataset}/file/list").body["items"]
        assert attached["syncStatus"] == "error"
        assert message in attached["syncMessage"]
        assert records_of(account, dataset) == []

    def test_the_type_tells_the_format_where_no_name_does(self, account: Account, cloud: Cloud) -> None:
        file = uploaded(account, b"<h1>A</h1><p>Bold <b>words</b>.</p>", kind="text/html; charset=utf-8", name="page")
        dataset = self.made(account, file)
        account.made(f"/dataset/{dataset}/file/{file}/sync")
        cloud.run_errands()
        assert [record["text"] for record in records_of(account, dataset)] == ["Bold words."]

    def test_without_content_or_attachment_it_is_refused(self, account: Account, cloud: Cloud) -> None:
        empty, file = account.made("/file/create"), uploaded(account)
        dataset = self.made(account, empty)
        assert account.post(f"/dataset/{dataset}/file/{empty}/sync").code == "BAD_REQUEST"
        assert account.post(f"/file/{empty}/sync").code == "BAD_REQUEST"
        assert account.post(f"/dataset/{dataset}/file/{file}/sync").code == "NOT_FOUND"
        place = Place(account.tenant_id, empty)
        S3ContentStore(lambda: cloud.s3, "files").put(place, b"x" * (MAX_FILE_BYTES + 1), content_type="text/plain")
        assert account.post(f"/dataset/{dataset}/file/{empty}/sync").code == "CONTENT_TOO_LARGE"

    def test_what_cannot_be_read_in_time_is_given_up(self, account: Account) -> None:
        file = uploaded(account)
        dataset = self.made(account, file)
        account.made(f"/dataset/{dataset}/file/{file}/sync")
        body = FileReading(tenant_id=account.tenant_id, file_id=file, dataset_id=dataset).model_dump_json()
        record = {"messageId": "m", "receiptHandle": "r", "body": body}
        for receipts, status in ((4, "error"), (1, "synced"), (4, "synced")):
            attributes = {"ApproximateReceiveCount": str(receipts)}
            answer = errands_app.handler({"Records": [{**record, "attributes": attributes}]}, Context())
            assert answer == {"batchItemFailures": []}
            (attached,) = account.get(f"/dataset/{dataset}/file/list").body["items"]
            assert attached["syncStatus"] == status
            assert ("syncMessage" in attached) is (status == "error")
        account.cloud.run_errands()

    @pytest.mark.parametrize("gone", ["file", "dataset", "attachment"])
    def test_what_is_gone_meanwhile_is_passed_over(self, account: Account, cloud: Cloud, gone: str) -> None:
        file = uploaded(account)
        dataset = self.made(account, file)
        account.made(f"/dataset/{dataset}/file/{file}/sync")
        paths = {
            "file": f"/file/{file}/delete",
            "dataset": f"/dataset/{dataset}/delete",
            "attachment": f"/dataset/{dataset}/file/{file}/detach",
        }
        account.made(paths[gone])
        assert [errand["kind"] for errand in cloud.run_errands()] == ["reading"]
        if gone != "dataset":
            assert records_of(account, dataset) == []


class TestAttachments:
    @pytest.mark.parametrize("path", ["/conversation/{}/attachment/upload", "/Attachment/{}/upload"])
    def test_are_brought_and_listed(self, account: Account, cloud: Cloud, path: str) -> None:
        conversation = account.made("/conversation/create")
        told = account.post(path.format(conversation), announced(5, "text/plain", "a.txt"))
        assert told.body["name"] == "a.txt"
        assert bring(told, b"hello") == 200
        (listed,) = account.get(f"/conversation/{conversation}/attachment/list").body["items"]
        assert (listed["id"], listed["name"], listed["size"]) == (told.body["id"], "a.txt", 5)
        assert account.post(path.format(conversation), announced(ATTACHMENT_SIZE_MAX + 1)).code == "CONTENT_TOO_LARGE"
        stranger = an_account(cloud)
        assert stranger.post(path.format(conversation), announced(5)).code == "NOT_FOUND"

    def test_a_session_may_attach_to_its_conversation_only(self, account: Account) -> None:
        conversation, other = account.made("/conversation/create"), account.made("/conversation/create")
        token = account.post(f"/conversation/{conversation}/session/create").body["token"]
        for path in ("/conversation/{}/attachment/upload", "/Attachment/{}/upload"):
            assert account.post(path.format(conversation), announced(1), token=token).status == 200
            assert account.post(path.format(other), announced(1), token=token).code == "NOT_AUTHORIZED"

    def test_go_with_their_conversation(self, account: Account, cloud: Cloud) -> None:
        conversation = account.made("/conversation/create")
        told = account.post(f"/conversation/{conversation}/attachment/upload", announced(5))
        assert bring(told, b"hello") == 200
        contents = S3ContentStore(lambda: cloud.s3, "files")
        place = Place(account.tenant_id, told.body["id"], conversation)
        assert contents.read(place) == b"hello"
        account.made(f"/conversation/{conversation}/delete")
        # The one that was asked for comes later.
        sweep = Sweep(tenant_id=account.tenant_id, conversation_id=conversation)
        cloud.sqs.send_message(QueueUrl=cloud.sweeps_url, MessageBody=sweep.model_dump_json())
        cloud.work()
        assert contents.read(place) is None
        assert account.get(f"/conversation/{conversation}/attachment/list").code == "NOT_FOUND"
