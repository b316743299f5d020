"""A store of contents in memory, and a list of who was sent on errands."""

from dataclasses import dataclass, field

from parlance.platform.contents import Place, UploadRequest


@dataclass
class MemoryContents:
    """Passes the same contract suite as the bucket, but for what only a client with a network can do."""

    held: dict[Place, tuple[bytes, str]] = field(default_factory=dict)

    def upload_request(self, place: Place, *, size: int, content_type: str) -> UploadRequest:
        return UploadRequest(f"memory:{place.id}?size={size}", {"content-type": content_type})

    def put(self, place: Place, data: bytes, *, content_type: str) -> None:
        self.held[place] = (data, content_type)

    def size(self, place: Place) -> int | None:
        return len(self.held[place][0]) if place in self.held else None

    def read(self, place: Place) -> bytes | None:
        return self.held[place][0] if place in self.held else None

    def download_url(self, place: Place, *, name: str) -> str:
        return f"memory:{place.id}?name={name}"

    def remove(self, place: Place) -> None:
        self.held.pop(place, None)

    def forget(self, tenant_id: str, conversation_id: str) -> None:
        for place in list(self.held):
            if (place.tenant_id, place.conversation_id) == (tenant_id, conversation_id):
                del self.held[place]
