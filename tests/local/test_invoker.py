"""Invocations of the emulated function: few side by side, none given up while it waits its turn."""

import asyncio

import httpx

from local.front_door.invoker import AT_ONCE, EmulatorInvoker


def test_a_crowd_waits_its_turn_without_running_out_of_time() -> None:
    running = most = 0

    async def function(_: httpx.Request) -> httpx.Response:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.05)
        running -= 1
        return httpx.Response(200, json={"statusCode": 200})

    async def crowd() -> list[bool]:
        async with httpx.AsyncClient(transport=httpx.MockTransport(function)) as client:
            invoker = EmulatorInvoker(client=client, endpoint="http://emulator.test", function="f", seconds=1)
            answers = await asyncio.gather(*(invoker.invoke({}) for _ in range(AT_ONCE * 40)))
        return [answer.failed for answer in answers]

    assert not any(asyncio.run(crowd()))
    assert most == AT_ONCE
