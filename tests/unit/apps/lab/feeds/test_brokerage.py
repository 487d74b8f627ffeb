"""A broker's profile is what a run charges: in a backtest, in labels, in a simulated terminal."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest

from assay.apps.cli.console import run
from assay.apps.cli.main import build
from assay.apps.config import AccountConfig, Config
from assay.apps.lab.backtests.backtest import Request, prepare_request
from assay.apps.lab.feeds.brokerage import HourlySpreads, expected_slippage
from assay.apps.lab.feeds.quotes import read_quotes
from assay.apps.lab.models.labelling import label_instrument, price_alone, read_instrument
from assay.apps.lab.runs.setup import Costs
from assay.market.sources.parquet import read_parquet
from assay.market.spreads import spread_points
from assay.model.errors import UsageError
from assay.model.instruments import instrument_for
from assay.model.time import Timeframe
from assay.signals.features import standard_set
from assay.signals.labels import Bracket
from assay.trading.terminal import BrokerProfile, load_profile
from assay.trading.terminal.profile import Slippage, save_profile
from tests.architecture.documents import ROOT

SAMPLE = ROOT / "src/assay/market/history/sample/eurusd_h1_sample_20170101_20171229.parquet"
HOURS = tuple(Decimal(40 + 2 * (hour % 24)) if hour < 120 else None for hour in range(168))


def measured(**changes: object) -> BrokerProfile:
    """Return the shipped netting broker with measured spreads and dear stops in EURUSD."""
    profile = load_profile("netting")
    law = Slippage(points=Decimal(3), spread_share=Decimal("0.05"), stop_factor=Decimal(2))
    eurusd = msgspec.structs.replace(
        profile.symbols[0], slippage=law, **({"spreads": HOURS} | changes)
    )
    return msgspec.structs.replace(profile, symbols=(eurusd, *profile.symbols[1:]))


def test_a_backtest_pays_the_brokers_spread_slippage_commission_and_swap() -> None:
    request = Request(data=[SAMPLE], strategy="sma-cross", costs=Costs(broker=measured()))
    setup = prepare_request(request)
    events, row = setup.events(), setup.terms[0][0]
    # The sample's hours lie seven behind the server's, whose week begins with its Monday.
    server = HourlySpreads("NY+7", 5, tuple(None if x is None else float(x) for x in HOURS))
    series = read_parquet(SAMPLE)
    assert (events["spread_open"] == server.over(series, instrument_for("EURUSD"))).all()
    assert set(np.unique(events["spread_open"])) >= {40, 86}
    # The mean spread is 63: stops slip by 2 x (3 + 0.05 x 63).
    assert row["slippage"] == 12 * 10 ** (setup.pricing[0].digits - 5)
    assert row["commission_per_lot"]
    assert setup.account.commission.rate == Decimal("3.5")
    assert setup.instruments[0].swap_long == Decimal("-6.5")
    assert setup.account.leverage == 100


def test_labels_are_booked_at_the_brokers_costs() -> None:
    series, features = read_parquet(SAMPLE), standard_set(Timeframe.H1)
    series = series.select(np.arange(len(series.ts_open)) < 2_500)
    booked = []
    for costs in (Costs(), Costs(broker=measured())):
        instrument = read_instrument(series, features, Config(), costs)
        rows = label_instrument(instrument, Bracket(horizon=12), number=0, stride=12)
        booked.append((rows, instrument.setup.terms[0][0]))
    (usual, plain), (dear, row) = booked
    assert dear.long_net.mean() < usual.long_net.mean() - 500
    assert dear.short_net.mean() < usual.short_net.mean() - 500
    assert (row["slippage"] > 0) > (plain["slippage"] > 0)
    assert row["commission_num"] > 0 == plain["commission_num"]


def test_a_simulated_terminal_quotes_the_brokers_hours() -> None:
    quotes = list(read_quotes([SAMPLE], measured()))
    usual = list(read_quotes([SAMPLE], load_profile("netting")))
    assert len(quotes) == len(usual)
    assert {quote.ask - quote.bid for quote in quotes} >= {40, 86}
    assert np.mean([quote.ask - quote.bid for quote in usual]) < 25


def test_an_hour_that_was_never_seen_has_the_usual_spread_at_the_measured_level() -> None:
    series, instrument = read_parquet(SAMPLE), instrument_for("EURUSD")
    usual = spread_points(series, instrument)
    half = tuple(40.0 if hour % 2 else None for hour in range(168))
    found = HourlySpreads("NY+7", 5, half).over(series, instrument)
    absent = found != 40
    level = np.median(40 / usual[~absent])
    assert absent.any()
    assert found[absent] == pytest.approx(usual[absent] * level, abs=1.01)


def test_what_is_given_by_hand_comes_before_the_profile() -> None:
    costs = Costs(
        broker=measured(), spread_pips=Decimal(2), commission_bp=Decimal(1), slippage_points=3
    )
    config = Config(instruments={"EURUSD": {"swap_long": "-1.5"}})
    setup = prepare_request(
        Request(data=[SAMPLE], strategy="sma-cross", costs=costs, config=config)
    )
    assert (setup.events()["spread_open"] == 2 * 10 ** (setup.pricing[0].digits - 4)).all()
    assert (setup.account.commission.mode, setup.account.commission.rate) == ("bp", 1)
    assert setup.instruments[0].swap_long == Decimal("-1.5")


def test_looks_without_a_broker_are_told_apart_as_before() -> None:
    assert repr(Costs()) == repr(Costs(broker=measured()))
    assert len(Costs(broker=measured()).told()) == len(Costs().told()) + 1


@pytest.mark.parametrize(("named", "points"), [("market", 12), ("instant", 12)])
def test_slippage_is_the_dearer_of_market_and_stop(named: str, points: int) -> None:
    assert expected_slippage(measured(execution=named), instrument_for("EURUSD")) == points


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(UsageError, match="yours is in EUR"):
        price_alone(
            read_parquet(SAMPLE), Config(account=AccountConfig(currency="EUR")),
            Costs(broker=measured()),
        )  # fmt: skip
    only = msgspec.structs.replace(measured(), symbols=load_profile("netting").symbols[1:])
    with pytest.raises(UsageError, match="does not trade EURUSD"):
        price_alone(read_parquet(SAMPLE), Config(), Costs(broker=only))


def test_spreads_that_are_no_week_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "short.json"
    file.write_bytes(
        msgspec.json.encode(measured()).replace(b'"spreads":["40"', b'"spreads":["40","40"')
    )
    with pytest.raises(UsageError, match="169 spreads; give 168"):
        load_profile(file)


LABORATORY = {
    "sweep": ["--grid", "fast=5,10"], "optimise": ["--grid", "fast=5,10"], "montecarlo": [],
    "stress": [], "scenario": ["--regime", "trending", "--classifier", "eurusd"],
}  # fmt: skip


@pytest.mark.parametrize("command", LABORATORY)
def test_every_command_of_the_laboratory_reads_a_profile(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [command, "--data", str(SAMPLE), "--strategy", "sma-cross", *LABORATORY[command]]
    absent = [*words, "--profile", "no-such-broker", "--home", str(tmp_path / "home")]
    assert run(build(), absent) == 2
    assert "'no-such-broker' is neither a file nor one of hedging, netting" in (
        capsys.readouterr().err
    )


def test_a_sweep_charges_the_profile_as_a_backtest_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "broker.json"
    save_profile(measured(), file)
    bars = tmp_path / SAMPLE.name
    pq.write_table(pq.read_table(SAMPLE).slice(0, 1_500), bars)

    def told(*words: object) -> dict[str, Any]:
        given = [*words, "--data", bars, "--strategy", "sma-cross", "--json"]
        assert run(build(), [*map(str, given), "--home", str(tmp_path / "home")]) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    profile = ("--profile", file)
    best = told("sweep", "--grid", "fast=5,10", *profile)["best"]
    fast = f"fast={best['params']['fast']}"
    alone = told("backtest", "--param", fast, *profile)
    assert best["digest"] == alone["digest"]
    assert best["digest"] != told("sweep", "--grid", fast)["best"]["digest"]
    redrawn = told("montecarlo", "--param", fast, "--draws", 100, "--noisy", 0, *profile)
    assert redrawn["final"] == pytest.approx(alone["final_equity"])
