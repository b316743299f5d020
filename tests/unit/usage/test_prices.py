"""Prices as they are configured."""

import json

import pytest

from parlance.agents.definitions import ModelChoice
from parlance.usage.prices import FREE, Price, Prices, PricesError


@pytest.mark.parametrize(
    ("choice", "price"),
    [
        (ModelChoice("bedrock", {"model": "big"}), 3),
        (ModelChoice("bedrock", {"model": "other"}), 2),
        (ModelChoice("bedrock"), 2),
        (ModelChoice("extractive"), 1),
    ],
)
def test_the_particular_price_wins(choice: ModelChoice, price: int) -> None:
    named = {"*": 1, "bedrock": 2, "bedrock/big": 3}
    prices = Prices.from_json(json.dumps({name: {"input": one, "output": one} for name, one in named.items()}))
    assert prices.of(choice) == Price(input=price, output=price)


@pytest.mark.parametrize("text", ["", "{}"])
def test_what_has_no_price_is_free(text: str) -> None:
    assert Prices.from_json(text).of(ModelChoice("extractive")) == FREE


def test_parts_of_a_millionth_are_rounded_up_once() -> None:
    assert Price(input=150_000, output=600_000).micros(1, 1) == 1
    assert Price(input=150_000, output=600_000).micros(1_000_000, 1_000_000) == 750_000
    assert FREE.micros(10**9, 10**9) == 0


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "no json",
        '{"a": {"input": 1}}',
        '{"a": {"input": 1.5, "output": 1}}',
        '{"a": {"input": -1, "output": 1}}',
        '{"a": {"input": 1, "output": 1, "per": 1000}}',
        '{"a": {"input": 1, "output": 1, "max_output": 0}}',
    ],
)
def test_prices_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(PricesError):
        Prices.from_json(text)
