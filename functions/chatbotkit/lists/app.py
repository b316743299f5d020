"""The lists of what an account may have very much of, streamed."""

from functools import cache

from parlance.http.asgi import StreamingGroup, streaming_app
from parlance.http.buffered import buffered
from parlance.platform.callers import Caller
from parlance.platform.errors import explain
from parlance.platform.house import House


@cache
def group() -> StreamingGroup[Caller]:
    house = House.from_environment()
    return StreamingGroup(house.lists(), gate=house.gate, explain=explain)


app = streaming_app(group)
handler = buffered(app)
