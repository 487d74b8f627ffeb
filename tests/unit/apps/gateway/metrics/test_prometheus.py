"""What is told to whoever scrapes: figures of forecasts, counted looks, a text that parses."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from assay.apps.gateway.board.follow import Follower
from assay.apps.gateway.board.meter import KEPT, MODELS_MOST, Meter
from assay.apps.gateway.metrics.looks import Looks
from assay.apps.gateway.metrics.prometheus import gather, render_metrics
from assay.apps.gateway.web.books import Told, tell_books
from assay.apps.lab.runs.drivers import feed_messages, start_message
from assay.apps.lab.runs.setup import Setup
from assay.apps.paper.trader.hotpath import PaperTrader
from assay.apps.paper.trader.patterns import PatternWatch
from assay.apps.paper.view.sheet import Held
from assay.apps.paper.view.timing import write_times
from assay.books.reports.performance import measure_performance
from assay.books.reports.tally import OrderTally
from assay.books.reports.tape import AccountTape, Contract
from assay.books.trials import Trial, TrialLedger
from assay.model.messages import (
    AccountReported,
    BarClosed,
    DecisionMade,
    Message,
    OrderFilled,
    OrderSubmitted,
    PatternsJudged,
    Predicted,
    QuotesDisputed,
    ShadowPredicted,
    SourceSkewed,
    SourceSuspected,
    SourceSwitched,
)
from assay.model.time import SECOND
from assay.runtime.clock import SimClock
from assay.runtime.home import Home, open_home
from assay.runtime.journal import MemoryJournal
from assay.signals.calibration.scoring import score_probabilities
from assay.signals.labels.outcomes import went_up
from assay.signals.recognition import Terms
from assay.trading.brokers.paper import PaperBroker
from tests.replay.taught import make_model
from tests.sim.test_crashes import make_model_setup
from tests.unit.apps.gateway.board.test_content import START, Desk, standing, tick

MODEL, SYMBOL = "lightgbm-byhand", "EURUSD"


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> list[Message]:
    """Return what a model and the patterns beside it said in a run."""
    folder = tmp_path_factory.mktemp("metered")
    setup: Setup = make_model_setup(make_model(folder), 3)
    journal, broker = MemoryJournal(), PaperBroker(folder / "book.jsonl")
    trader = PaperTrader(setup, "one", journal, broker, SimClock(1))
    trader.recover()
    watch = PatternWatch(trader, setup.events(), Terms())
    trader.run(feed_messages(setup, setup.events()), observe=watch.hear)
    watch.catch_up()
    trader.commit()
    broker.close()
    return journal.log.messages


@pytest.fixture(scope="module")
def metered(messages: list[Message]) -> Meter:
    meter = Meter()
    for place, message in enumerate(messages, 1):
        meter.apply(place, message)
    return meter


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(tmp_path / "home")


def read(home: Home, meter: Meter, **words: str) -> dict[str, dict[tuple[str, ...], float]]:
    """Return what is told, parsed: by sample, by the values of its labels."""
    follower = Follower(home)
    follower.meter = meter
    text = render_metrics(gather(home, follower, [], **words)).decode()
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation
        for sample in family.samples:
            found.setdefault(sample.name, {})[_values(sample.labels)] = sample.value
    return found


def _values(labels: dict[str, str]) -> tuple[str, ...]:
    """Return the values of labels as the text has them, in the order of the names."""
    return tuple(value for _, value in sorted(labels.items()))


def test_figures_are_those_of_the_forecasts_and_what_came(
    home: Home, messages: list[Message], metered: Meter
) -> None:
    bars = [each for each in messages if isinstance(each, BarClosed)]
    told = [each for each in messages if isinstance(each, Predicted)]
    mid = np.array([2 * bar.close + bar.spread_close for bar in bars], np.int64)
    p = np.array([each.p_up for each in told]) / 10_000
    spoke = np.array([each.state != "warming" for each in told])
    up = went_up(mid, told[0].horizon)
    known = (up >= 0) & spoke
    scores = score_probabilities(p[known], up[known] == 1)
    assert known.sum() > 150
    found = read(home, metered)
    key = (MODEL, SYMBOL)
    assert found["assay_forecast_resolved"] == {key: known.sum()}
    assert found["assay_forecast_brier"] == {key: pytest.approx(scores.brier)}
    assert found["assay_forecast_log_loss"] == {key: pytest.approx(scores.log_loss)}
    assert found["assay_forecast_calibration_error"] == {key: pytest.approx(scores.ece)}
    right = ((p >= 0.5) == (up == 1))[known].mean()
    assert found["assay_forecast_accuracy"] == {key: pytest.approx(right)}
    sure = np.maximum(p, 1 - p)[spoke]
    assert found["assay_forecast_confidence"][MODEL, "0.5", SYMBOL] == pytest.approx(
        np.median(sure)
    )
    states = Counter(each.state for each in told)
    assert found["assay_forecasts_total"] == {(MODEL, s, SYMBOL): n for s, n in states.items()}
    outcomes = Counter(each.outcome for each in messages if isinstance(each, DecisionMade))
    assert found["assay_decisions_total"] == {(MODEL, o, SYMBOL): n for o, n in outcomes.items()}
    seen = [each for m in messages if isinstance(m, PatternsJudged) for each in m.patterns]
    verdicts = Counter(each.verdict for each in seen)
    assert found["assay_patterns_total"] == {(SYMBOL, v): n for v, n in verdicts.items()}
    assert found["assay_model_serving"] == {key: 1.0}
    assert found["assay_forecast_state"][MODEL, told[-1].state, SYMBOL] == 1.0
    assert sum(found["assay_forecast_state"].values()) == 1.0
    assert found["assay_guard_silenced"] == {key: float(told[-1].state == "silenced")}
    assert found["assay_guard_evidence"] == {key: told[-1].evidence / 1_000}


def test_what_a_forecast_takes_is_told_in_seconds(home: Home, metered: Meter) -> None:
    write_times(home, {MODEL: [1_000_000, 3_000_000]})
    times = read(home, metered)["assay_forecast_seconds"]
    assert times[MODEL, "0.5"] == pytest.approx(0.002)
    assert times[MODEL, "1"] == pytest.approx(0.003)


def test_a_journal_read_anew_gives_the_same_figures_and_counts_nothing_twice(
    messages: list[Message], metered: Meter
) -> None:
    again = metered.renewed()
    for place, message in enumerate(messages, 1):
        again.apply(place, message)
    assert again.voices[MODEL, SYMBOL].score() == metered.voices[MODEL, SYMBOL].score()
    assert again.forecasts == metered.forecasts
    first = Meter()
    for place, message in enumerate(messages, 1):
        first.apply(place, message, is_counted=False)
    assert first.forecasts == Counter()
    assert first.voices[MODEL, SYMBOL].score() == metered.voices[MODEL, SYMBOL].score()


def test_who_speaks_once_the_outcome_is_known_foretells_nothing(messages: list[Message]) -> None:
    told = [each for each in messages if isinstance(each, Predicted) and each.state != "warming"]
    fields = {name: getattr(told[50], name) for name in ShadowPredicted.__struct_fields__}
    late, meter = ShadowPredicted(**{**fields, "model": "late"}), Meter()
    for place, message in enumerate(messages, 1):
        meter.apply(place, message)
    meter.apply(len(messages) + 1, late)
    assert meter.voices["late", SYMBOL].score() == {}
    assert not meter.voices["late", SYMBOL].pending
    assert meter.challenging == {SYMBOL: "late"}


def test_models_and_what_is_kept_of_each_are_bounded(messages: list[Message]) -> None:
    meter = Meter()
    told = next(each for each in messages if isinstance(each, Predicted) and each.state == "ready")
    bar = next(each for each in messages if isinstance(each, BarClosed))
    meter.apply(1, bar)
    for number in range(3 * MODELS_MOST):
        meter.apply(number + 2, replace(told, model=f"m{number}"))
    assert len(meter.voices) == MODELS_MOST
    assert {model for model, _, _ in meter.forecasts} == {model for model, _ in meter.voices}
    for _ in range(KEPT + 5):
        meter.apply(1, replace(told, model="m23"))
    assert len(meter.voices["m23", SYMBOL].said) == KEPT


def test_outcomes_are_told_once_they_are_counted_as_looks(home: Home, metered: Meter) -> None:
    looks, ledger = Looks(home), TrialLedger(home)
    due = looks.find_due(metered)
    assert looks.enter(due) == ""
    (trial,) = (line for line in ledger.read().lines if isinstance(line, Trial))
    assert (trial.kind, trial.symbols, trial.strategy) == ("metrics", (SYMBOL,), MODEL)
    known = metered.voices[MODEL, SYMBOL].known
    assert trial.start == known[0].ts < known[-1].ts < trial.end
    assert looks.find_due(metered) == []
    assert Looks(home).find_due(Meter()) == []

    ledger_file = home.path / "trials" / "ledger.jsonl"
    ledger_file.write_bytes(ledger_file.read_bytes().replace(b'"metrics"', b'"metric_"'))
    other = Looks(home)
    why = other.enter(other.find_due(metered))
    assert "does not hold" in why
    found = read(home, metered, uncounted=why)
    assert found["assay_metrics_uncounted"] == {(): 1.0}
    assert "assay_forecast_accuracy" not in found
    assert "assay_forecasts_total" in found
    assert other.find_due(metered) != []


def test_the_account_is_told_as_it_stands_now(home: Home) -> None:
    desk = Desk()
    held = Held(
        symbol="EURUSD", quantity=-20_000, cost=-20_000 * 110_005, unrealised=-24_000, stop=0,
        target=0,
    )  # fmt: skip
    desk.tell(tick(1, 109_993))
    desk.board.stand(standing(positions=(held,), unrealised=-24_000))
    follower = Follower(home)
    follower.board = desk.board
    text = render_metrics(gather(home, follower, [])).decode()
    found = {
        (each.name, *_values(each.labels)): each.value
        for family in text_string_to_metric_families(text)
        for each in family.samples
    }
    assert found["assay_account_equity",] == 99_660.0
    assert found["assay_account_balance",] == 99_900.0
    assert found["assay_account_drawdown",] == pytest.approx(0.0034)
    assert found["assay_account_margin_level",] == pytest.approx(99_660 / 5_000)
    assert found["assay_account_facts", "paper", "USD"] == 1.0
    assert found["assay_positions_open",] == 1.0
    assert found["assay_position_lots", "short", "EURUSD"] == 0.2
    assert found["assay_position_profit", "EURUSD"] == -240.0
    assert found["assay_limit_used", "daily_loss"] == pytest.approx(0.34)
    assert found["assay_quote_timestamp_seconds", "EURUSD"] == (START + SECOND) / SECOND


def test_before_anything_was_said_the_text_is_whole(home: Home) -> None:
    meter = Meter()
    meter.apply(1, start_message(1))
    found = read(home, meter)
    assert found["assay_analytics_behind_messages"] == {(): 0.0}
    assert found["assay_metrics_uncounted"] == {(): 0.0}
    assert "assay_forecasts_total" not in found


def test_the_books_tell_by_which_model_and_how_surely_positions_were_entered(
    messages: list[Message],
) -> None:
    account = next(each.account for each in messages if isinstance(each, OrderFilled))
    tape = AccountTape(account, lambda _: Contract(0, 0.0001))
    for message in messages:
        tape.take(message)
    sure = {
        (each.symbol, each.ts_bar): each.probability
        for each in messages
        if isinstance(each, DecisionMade) and each.outcome == "enter"
    }
    sent = {each.key: each for each in messages if isinstance(each, OrderSubmitted)}
    opened = {
        (each.symbol, each.ts_event): sure[each.symbol, sent[each.key].ts_bar]
        for each in messages
        if isinstance(each, OrderFilled) and each.key in sent
        and (each.symbol, sent[each.key].ts_bar) in sure
    }  # fmt: skip
    trades = tape.trades()
    known = [(opened[t.symbol, t.opened], t.net > 0) for t in trades]
    told = measure_performance(tape, "model")
    score = told["decisions"]
    assert score["entries"] == len(known) > 10
    assert score["said"] == pytest.approx(sum(p or 0 for p, _ in known) / len(known) / 10_000)
    assert score["came"] == pytest.approx(sum(won for _, won in known) / len(known))
    assert [(part["name"], part["trades"]) for part in told["parts"]] == [(MODEL, len(trades))]
    tally = OrderTally(account, lambda _: Contract(0, 0.0001))
    for message in messages:
        tally.take(message)
    shown = Told(1, complete=True, figures=told, orders=tally)
    text = render_metrics(tell_books(shown)).decode()
    samples = {
        sample.name: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert samples["assay_account_decisions_brier"] == pytest.approx(score["brier"])
    assert samples["assay_account_win_rate"] == told["win_rate"]
    assert samples["assay_orders_sent_total"] == len(sent)
    ended = Counter(each.key for each in messages if isinstance(each, OrderFilled))
    assert tally.ended["filled"] == len(ended.keys() & sent.keys()) > 10
    assert samples["assay_slippage_pips_count"] == tally.slip_count > 10
    assert "decisions" not in render_metrics(tell_books(shown, uncounted="away")).decode()


ASKED = re.compile(r"assay_[a-z_]+")
DEPLOY = Path(__file__).resolve().parents[5] / "deploy"
SUFFIXES = {"counter": ("_total",), "summary": ("_count", "_sum")}


def names_told(home: Home, messages: list[Message], meter: Meter) -> set[str]:
    """Return the name of every sample that a run with books and a venue is told by."""
    account = next(each.account for each in messages if isinstance(each, OrderFilled))
    tape = AccountTape(account, lambda _: Contract(0, 0.0001))
    tally = OrderTally(account, lambda _: Contract(0, 0.0001))
    report = AccountReported(
        id=1, ts_event=1, ts_init=1, account=account, login=1, server="demo", mode="demo",
        margin_mode="netting", currency="USD", currency_digits=2, balance=1, credit=0, equity=1,
        margin=1, level=1, connected=True, trade_allowed=True,
    )  # fmt: skip
    for message in (*messages, report):
        tape.take(message)
        tally.take(message)
    follower, desk = Follower(home), Desk()
    desk.tell(tick(1, 109_993))
    follower.meter, follower.board = meter, desk.board
    told = Told(1, complete=True, figures=measure_performance(tape, "symbol"), orders=tally)
    text = render_metrics([*gather(home, follower, []), *tell_books(told)]).decode()
    return {
        family.name + suffix
        for family in text_string_to_metric_families(text)
        for suffix in SUFFIXES.get(family.type, ("",))
    }


def test_dashboard_and_alerts_ask_for_what_is_told(
    home: Home, messages: list[Message], metered: Meter
) -> None:
    told = names_told(home, messages, metered)
    rules = (DEPLOY / "prometheus" / "alerts.yml").read_text().split("- alert: ")[1:]
    board = json.loads((DEPLOY / "grafana" / "trading.json").read_text())
    asked = [re.findall(r"^ +expr: (.+)$", rule, re.M)[0] for rule in rules]
    asked += [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    names = {name for text in asked for name in ASKED.findall(text)}
    assert names <= told, names - told
    assert len(names) > 25
    for rule in rules:
        assert re.search(r"severity: (warning|critical)\}", rule), rule
        assert "summary: " in rule, rule
        assert "remedy: " in rule, rule
    assert len({rule.split()[0] for rule in rules}) == len(rules)
    places = [tuple(panel["gridPos"][name] for name in ("x", "y")) for panel in board["panels"]]
    assert len({*places}) == len(places)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in board["panels"])


def test_where_quotes_come_from_is_told(home: Home) -> None:
    meter, about = Meter(), {"id": 1, "ts_event": 1, "ts_init": 1, "symbol": "EURUSD"}
    told: list[Message] = [
        SourceSwitched(**about, source="backup", before="desk", reason="unlinked"),
        SourceSuspected(**about, source="desk", suspected=True, departure=90, tolerance=30),
        QuotesDisputed(**about, disputed=True, departure=90),
        SourceSwitched(**about, source="", before="backup", reason="disputed"),
        SourceSkewed(**about, source="spare", skewed=True, offset=-1, beside="desk"),
        SourceSkewed(**about, source="spare", skewed=False, offset=0, beside="desk"),
        SourceSkewed(**about, source="backup", skewed=True, offset=-3_600 * 10**9, beside="desk"),
    ]
    for place, message in enumerate(told, 1):
        meter.apply(place, message)
        meter.apply(place, message)
    found = read(home, meter)
    assert found["assay_source_serving"] == {("backup", "EURUSD"): 0, ("desk", "EURUSD"): 0}
    assert found["assay_source_suspect"] == {("desk", "EURUSD"): 1}
    assert found["assay_source_offset_seconds"] == {
        ("backup", "EURUSD"): -3_600, ("spare", "EURUSD"): 0
    }  # fmt: skip
    assert found["assay_quotes_disputed"] == {("EURUSD",): 1}
    assert found["assay_source_switches_total"] == {
        ("unlinked", "backup", "EURUSD"): 1, ("disputed", "none", "EURUSD"): 1
    }  # fmt: skip
