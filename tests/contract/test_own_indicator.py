"""A tenant's indicator: confined by its text, held to every check by name, loaded as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.model.errors import DataError, UsageError
from assay.signals import indicators
from assay.signals.features import FeatureSet, quotient
from assay.signals.plugins import check_source, digest_source, load_own, require_confined
from assay.signals.plugins.checks import check_future, check_snapshot, check_stream
from assay.signals.plugins.markets import random_bars
from assay.signals.streams.columns import WIDTH
from assay.signals.streams.plan import use, use_own
from assay.signals.streams.stream import IndicatorStream, compute_indicators

SWING = (Path(__file__).parent / "own/swing.py").read_text(encoding="utf-8")
USUAL_SAYING = {
    "depth_imbalance", "micro_price", "order_flow_imbalance", "quote_intensity", "quote_volatility",
    "seasonal_volatility", "stoch_rsi", "tsi", "ultimate_oscillator",
}  # fmt: skip
"""Indicators of the program's that say more than a tenant's may: what quotes did inside bars,
others' steps, sums of lists."""


def changed(was: str, now: str) -> str:
    assert was in SWING
    return SWING.replace(was, now)


def test_one_that_keeps_to_the_form_passes_and_is_used_like_any_other() -> None:
    own, bars = load_own("swing", SWING), random_bars().cut(slice(0, 400))
    assert own.digest == digest_source(SWING)
    chosen = [use("sma"), use_own(own), use_own(own, period=5)]
    values = compute_indicators(chosen, bars)
    assert IndicatorStream(chosen).names == ("sma_20.sma", "swing_20.place", "swing_5.place")
    alone = compute_indicators([use_own(own, period=5)], bars)
    assert alone[:, 0].tobytes() == values[:, 2].tobytes()
    check_future(chosen, bars)
    check_stream(chosen, bars)
    check_snapshot(chosen, bars.cut(slice(0, 60)))
    with pytest.raises(UsageError, match="swing: period 1 is outside 2 to 500"):
        use_own(own, period=1)


def test_a_place_beyond_its_state_is_found_in_the_process_of_its_own(tmp_path: Path) -> None:
    short = changed("2 * (RING + int", "2 * (RING - 1 + int")
    with pytest.raises(DataError, match=r"^indicator bounds: swing_20: index .* is out of bounds"):
        check_source("swing", short, {}, tmp_path)
    assert not list(tmp_path.iterdir())


PEEKING = changed("roll_mean(state[: RING + period], period, bar[CLOSE])", f"bar[CLOSE + {WIDTH}]")


def test_one_that_reads_the_next_bar_is_caught() -> None:
    chosen = use_own(load_own("swing", PEEKING))
    with pytest.raises(DataError, match=r"future: swing_20\.place changes when the bars after"):
        check_future([chosen], random_bars().cut(slice(0, 400)))


@pytest.mark.parametrize("path", sorted(Path(indicators.__path__[0]).glob("[a-z]*.py")),
                         ids=lambda path: path.stem)  # fmt: skip
def test_the_programs_own_indicators_show_what_may_be_said(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    if path.stem in USUAL_SAYING:
        with pytest.raises(UsageError, match="is not allowed"):
            require_confined(source, path.stem)
        return
    require_confined(source, path.stem)


@pytest.mark.parametrize(
    "said",
    [
        "import os", "import numpy.lib", "import sys as math", "from os import system",
        "from numpy import load", "from numpy import *", "from . import x", "from .. import y",
        "from assay.kernel.compiling import bind_types", "from assay.runtime import environment",
        "X = np.load", "X = np.lib", "X = np.float64(1).tofile", "X = np", "X = ().__class__",
        "X = 'a'.format", "X = open('x')", "X = eval('1')", "X = __import__('os')",
        "X = getattr(np, 'load')", "X = globals()", "X = step.py_func", "X = PLUGIN",
        "X = [n for n in (1, 2)]", "X = {**{}}", "X = max(*(1, 2))", "X = Indicator(**1)",
        "X = lambda n=np.load: n", "X = lambda *n: n", "X = lambda n: __builtins__",
        "X = (Y := 3)", "X: open('x') = 3", "np.nan = 3", "__builtins__ = 3", "_assay_nan = 3",
        "max = 3", "for n in range(3):\n    pass", "while True:\n    pass", "class X:\n    pass",
        "async def x():\n    pass", "def x():\n    while True:\n        pass",
        "def x():\n    import os", "def x():\n    def y():\n        pass", "def x(n=1):\n    pass",
        "def x(n: open('x')):\n    pass", "def x() -> eval('1'):\n    pass",
        "def x(n):\n    return x(n)", "def x():\n    return y()\ndef y():\n    return x()",
        "def x(n):\n    for _ in n:\n        pass", "def x():\n    global np",
        "def x():\n    yield 1",
        "def x():\n    try:\n        pass\n    finally:\n        pass", "def x(*n):\n    pass",
        "def x():\n    with step:\n        pass", "def x():\n    raise ValueError",
        "def x():\n    assert step", "def x():\n    del np", "@np.sqrt\ndef x():\n    pass",
        "@staticmethod\ndef x():\n    pass", "def x(\n", "X = '" + "x" * 70_000 + "'",
    ],
)  # fmt: skip
def test_what_is_not_arithmetic_is_refused_before_any_of_it_runs(said: str) -> None:
    with pytest.raises(UsageError, match=r"^indicator swing (line \d+: \S|has 71,161 characters)"):
        load_own("swing", changed("\n\nPLUGIN", f"\n\n{said}\n\n\nPLUGIN"))


@pytest.mark.parametrize(
    ("was", "now", "refusal"),
    [
        ('name="swing"', 'name="sway"', "PLUGIN is named 'sway'; name it after its file"),
        ("PLUGIN = ", "OTHER = ", "there is no PLUGIN = Indicator"),
        ("def step(", "def walk(", "name step is not allowed here"),
        ('outputs=("place",)', "outputs=()", r"outputs \(\) are no names"),
        ('outputs=("place",)', 'outputs=("a b",)', "'a b' is no name"),
        ('parameters=(Parameter("period", 20, least=2, most=500),)', "parameters=(20,)",
         "parameters are no tuple of Parameter"),
        ("scale=1.0,", "", "TypeError: .*missing 1 required .*'scale'; correct it"),
        ("    step=step,", "    step=roll_mean,", "PLUGIN's step is not the function `step`"),
    ],
)  # fmt: skip
def test_one_without_the_form_is_refused(was: str, now: str, refusal: str) -> None:
    with pytest.raises(UsageError, match=f"^indicator swing.*{refusal}"):
        load_own("swing", changed(was, now))


def test_a_term_has_one_indicator() -> None:
    bare = SWING.replace('(Parameter("period", 20, least=2, most=500),)', "()").replace(
        'values["period"]', "20"
    )
    own = load_own("bar", bare.replace('"swing"', '"bar"').replace('"place"', '"close"'))
    with pytest.raises(UsageError, match=r"term 'bar\.close' is told by two indicators of mine"):
        FeatureSet("mine", 1, (use_own(own),), (quotient("place", "bar.close"),))


def test_the_name_of_a_built_in_one_is_taken() -> None:
    with pytest.raises(UsageError, match="'Swing' is named after its file, which is no name"):
        load_own("Swing", SWING)
    with pytest.raises(UsageError, match="indicator sma is the program's own; name the file anot"):
        load_own("sma", SWING)
