"""Sets of features from files: what they say, what they refuse, and what travels of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from assay.model.errors import UsageError
from assay.model.time import Timeframe
from assay.signals.features import (
    DescribedSet,
    Lead,
    WrittenSet,
    build_set,
    change,
    ewma,
    follow,
    product,
    quotient,
    standard_set,
    tell_set,
)
from assay.signals.streams.plan import use

M5 = Timeframe.M5
TEXT = """\
version = 3
extends = "standard"
drop = ["weekday", "steady_momentum_15_by_long"]

[[group]]
indicators = [{ use = "rsi", period = 7 }, "rsi"]
features = [
  { name = "rsi_7", quotient = "rsi_7.rsi", factor = 0.01 },
  { name = "above_hour", quotient = "bar.close - H1.sma_10.sma", by = "H1.atr_5.atr" },
  { name = "calm", ewma = "rsi_7", half_life = 4 },
  { name = "both", product = "rsi_7 - calm", by = "calm", most = 2 },
]

[[group]]
timeframe = "H1"
indicators = [{ use = "sma", period = 10 }, { use = "atr", period = 5 }]
features = [{ name = "turn", change = "sma_10.sma", by = "atr_5.atr" }]
"""


def written(text: str = TEXT, name: str = "two_clocks") -> WrittenSet:
    return WrittenSet(name, Path(f"{name}.toml"), text)


def test_a_file_says_what_a_set_is() -> None:
    made, usual = written().at(M5), standard_set(M5)
    assert made.id == "two_clocks.3"
    kept = [each for each in usual.names if each not in ("weekday", "steady_momentum_15_by_long")]
    own = ["rsi_7", "above_hour", "calm", "both"]
    assert made.names == (*kept, *own, "H1.turn")
    assert made.features[-4:] == (
        quotient("rsi_7", "rsi_7.rsi", factor=0.01),
        quotient("above_hour", "bar.close - H1.sma_10.sma", "H1.atr_5.atr"),
        ewma("calm", "rsi_7", 4),
        product("both", "rsi_7 - calm", "calm", most=2),
    )
    (hour,) = made.longer
    assert hour.features.features == (change("turn", "sma_10.sma", "atr_5.atr"),)
    assert made.uses.count(use("rsi", period=14)) == 1
    assert made.digest != replace(made, version=4).digest


def test_what_is_dropped_takes_its_indicators_along() -> None:
    names = [each for each in standard_set(M5).names if "steady" in each or "regime" in each]
    made = written(f'extends = "standard"\ndrop = {names}'.replace("'", '"')).at(M5)
    assert not any(each.name == "seasonal_volatility" for each in made.uses)
    assert made.settling < standard_set(M5).settling


def test_a_set_may_stand_alone() -> None:
    made = written(
        '[[group]]\nindicators = ["atr"]\nfeatures = [\n'
        '{ name = "atr_share", quotient = "atr_14.atr", by = "bar.close", factor = 1000 }]'
    ).at(M5)
    assert made.names == ("atr_share",)
    assert made.features == (quotient("atr_share", "atr_14.atr", "bar.close", factor=1000.0),)


def test_a_whole_set_travels_with_a_model_and_the_standard_one_does_not() -> None:
    made = follow(written().at(M5), (Lead("USDJPY", "EURUSD", -1),))
    told = msgspec.json.decode(msgspec.json.encode(tell_set(made, M5)), type=DescribedSet)
    again = follow(build_set(told), made.leaders)
    assert again == made
    assert again.digest == made.digest
    assert tell_set(standard_set(M5, made.leaders), M5) is msgspec.UNSET
    assert follow(standard_set(M5), made.leaders).digest == standard_set(M5, made.leaders).digest


@pytest.mark.parametrize(
    ("was", "now", "refusal"),
    [
        ('"rsi_7.rsi"', '"rsi_8.rsi"', "line 8: feature rsi_7: its term 'rsi_8.rsi' is unknown"),
        ("factor = 0.01", "facto = 0.01", "line 8: feature rsi_7: quotient knows no 'facto'"),
        ('quotient = "rsi_7.rsi",', "", "line 8: feature rsi_7 is of 0 kinds; give one of quotie"),
        ("half_life = 4", "half_life = 0", "line 10: feature calm: half-life 0.0 is not above 0"),
        ('name = "calm"', 'name = "rsi_14"', "line 10: feature 'rsi_14' stands twice"),
        ('name = "calm"', 'name = "Calm"', "a feature of group 1 is named 'Calm'; name it with"),
        ('use = "sma"', 'use = "sme"', "line 16: indicator 'sme' is unknown; use one of accumu"),
        ('use = "sma", ', "", "an indicator of group 2 has no `use`; write"),
        ("period = 10", "period = 0", "line 16: sma: period 0 is outside 1 to 1000"),
        ("period = 10", 'period = "x"', "line 16: sma: period is no number"),
        ('"rsi"]', '{ use = "rsi", period = 7 }]', "an indicator stands twice in the list"),
        ('"weekday"', '"week"', "line 3: drop names 'week', which is no feature of standard.3"),
        ('"weekday"', '"return_1"', "line 3: feature momentum_5 is made of return_1, which is"),
        ('extends = "standard"', "", 'drop goes with extends = "standard"; add that line'),
        ('extends = "standard"', 'extends = "mine"', "line 2: extends 'mine': only standard"),
        ('timeframe = "H1"', 'timeframe = "H3"', "line 15: timeframe 'H3' is unknown; use one"),
        ('timeframe = "H1"', 'timeframe = "M5"', "line 15: two_clocks takes M5 bars of bars of"),
        ("version = 3", 'version = "x"', "version: Expected `int`, got `str`; correct it"),
        ("version = 3", "versio = 3", "Object contains unknown field `versio`; correct it"),
        ("version = 3", "version =", r"Invalid value \(at line 1"),
        ('"above_hour", quotient = "', '"above_hour", quotient = 7 #', r"Unclosed|Invalid|at line"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_file_line_and_remedy(was: str, now: str, refusal: str) -> None:
    assert was in TEXT
    with pytest.raises(UsageError, match=refusal) as caught:
        written(TEXT.replace(was, now, 1)).at(M5)
    assert str(caught.value).startswith("two_clocks.toml")


def test_names_that_are_none_and_sets_of_nothing_are_refused() -> None:
    with pytest.raises(UsageError, match="'Two-clocks' is no name; use small letters"):
        written(name="Two-clocks").at(M5)
    with pytest.raises(UsageError, match="standard is the program's own; name the file another"):
        written(name="standard").at(M5)
    with pytest.raises(UsageError, match="set two_clocks has no feature; add a group with some"):
        written("version = 1").at(M5)
