"""What happens to models waits in an outbox until MLflow was told, and harms nobody meanwhile."""

from __future__ import annotations

import json
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
import pytest

from assay.apps.config import AiConfig, ConditionsConfig, Config, MlflowConfig, PatternsConfig
from assay.apps.mirror.delivering import is_mirrored, mirror
from assay.apps.mirror.outbox import Entry, Outbox, Registration
from assay.apps.mirror.studies import tell_study
from assay.apps.mirror.telling import tell_act, tell_evaluation, tell_training, tell_walk
from assay.books.governance import Act, Scope
from assay.model.errors import UsageError
from assay.model.time import Timeframe
from assay.runtime.home import Home, open_home
from assay.signals.prediction import Tuned, write_artifact
from tests.unit.apps.lab.models.test_card import OLD
from tests.unit.apps.lab.tuning.test_finding import study as study_of
from tools.tidy import ROOT

HAS_MLFLOW = find_spec("mlflow") is not None
needs_mlflow = pytest.mark.skipif(
    not HAS_MLFLOW, reason="NOT RUN: no MLflow; `make test EXTRA=mlflow` installs it"
)


def entry(key: str = "train a", **other: Any) -> Entry:
    times = {"at": 10**18, "until": 10**18 + 10**9}
    return Entry(**{"key": key, "name": key, "kind": "train", **times, **other})


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(tmp_path / "home")


def test_entries_wait_in_order_and_a_torn_one_is_passed_over(home: Home) -> None:
    outbox = Outbox(home)
    assert outbox.paths() == []
    outbox.put([entry("one"), entry("two")])
    outbox.put([entry("three", metrics={"loss": 0.5})])
    outbox.paths()[1].write_text("{")
    assert [each.key if each else None for _, each in outbox.waiting()] == ["one", None, "three"]


def test_nothing_is_kept_where_it_is_switched_off(home: Home) -> None:
    config = Config(mlflow=MlflowConfig(enabled=False))
    assert not is_mirrored(config)
    mirror(home, config, lambda: pytest.fail("nobody asks"), pytest.fail)
    assert not (home.path / "mlflow").exists()
    assert is_mirrored(Config()) == HAS_MLFLOW


def test_who_is_told_changes_no_result() -> None:
    usual, other = Config(), Config(mlflow=MlflowConfig(tracking_uri="https://ml.example"))
    assert usual.decisive() == other.decisive()
    watched = Config(conditions=ConditionsConfig(regimes=["eurusd"], window=90))
    assert usual.decisive() == watched.decisive()
    beside = Config(ai=AiConfig(challenger="b"), patterns=PatternsConfig(horizon=3))
    assert usual.decisive() == beside.decisive()
    assert b"mlflow" not in usual.decisive()
    whole = msgspec.json.decode(msgspec.json.encode(usual))
    for name in ("mlflow", "conditions", "patterns", "ai", "sources", "roads", "twin"):
        del whole[name]
    # What came later and is as it always was does not change the name either.
    del whole["acts"], whole["account"]["margin_mode"]
    # Limits that nobody set do not change the name of what was tried before there were any.
    whole["risk"] = {"profile": "default"}
    assert msgspec.json.encode(whole) == usual.decisive()
    with pytest.raises(UsageError, match=r"mlflow\.experiment is empty"):
        MlflowConfig(experiment=" ")
    with pytest.raises(UsageError, match=r"conditions\.window 39 is outside"):
        ConditionsConfig(window=39)


def test_a_study_is_a_run_and_its_trials_runs_within_it() -> None:
    from assay.apps.lab.tuning.finding import describe_finding

    found = study_of(1, gain=0.003)
    whole, *trials = tell_study(found, describe_finding(found), (1, 2))
    assert whole.params["study"] == "mine"
    assert whole.metrics["gain"] == pytest.approx(found.gain.mean)
    assert {each.parent for each in trials} == {whole.key}
    # The open one is told when it is done.
    assert len(trials) == len(found.attempts) - 1
    assert [each.tags["reason"] for each in trials if each.failed] == ["no memory"]
    assert trials[0].params["lightgbm.num_leaves"] == "6"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Return the folder of a model whose settings a search chose."""
    tuned = Tuned(
        study="mine", metric="net", trials=9, seen_until=1, settings={"lightgbm": {"num_leaves": 4}}
    )
    graph = b"a graph"
    artifact = msgspec.structs.replace(
        OLD, id="lightgbm-1", tuned=tuned, graph_sha256=sha256(graph).hexdigest(),
        facts={"rounds": 100, "note": "words"},
    )  # fmt: skip
    write_artifact(tmp_path / artifact.id, artifact, {"lightgbm": graph})
    return tmp_path / artifact.id


def test_a_training_is_a_run_and_a_version(model: Path) -> None:
    told = tell_training(model, 1, 2)
    assert told.params["lightgbm.num_leaves"] == "4"
    assert told.metrics["rounds"] == 100.0
    assert "note" not in told.metrics
    assert (told.tags["study"], told.tags["skilled"]) == ("mine", "true")
    assert told.tags["graph_sha256"] == sha256(b"a graph").hexdigest()
    registered = Registration(name="assay EURUSD at 60 minutes", model="lightgbm-1")
    assert told.registration == registered
    act = Act(
        number=3, at=5, act="promoted", who="me", model="lightgbm-1", digest="0" * 64, before="",
        scope=Scope(("EURUSD",), int(Timeframe.H1), "a:b"), hash="f" * 64,
    )  # fmt: skip
    promoted = tell_act(model, act)
    assert promoted.registration == Registration(
        name="assay EURUSD at 60 minutes of a-b", model="lightgbm-1", is_champion=True
    )
    assert (promoted.kind, promoted.tags["line"]) == ("promoted", "f" * 64)
    assert "evidence" not in promoted.tags


def test_what_is_undefined_is_no_metric(model: Path) -> None:
    figures = {"verdict": "No edge shown: none", "auc": 0.5, "accuracy": None, "ece": float("nan")}
    told = tell_evaluation(model, figures, {"from": "2019-01-02"}, (1, 2))
    assert told.metrics == {"auc": 0.5}
    assert told.params == {"model": "lightgbm-1", "from": "2019-01-02"}
    assert told.tags["verdict"] == "No edge shown: none"
    other = tell_evaluation(model, figures, {}, (3, 4))
    assert other.key != told.key


def test_a_walk_is_told_by_its_pooled_figures() -> None:
    walk = json.loads((ROOT / "docs" / "walk-forward" / "xauusd_m5.json").read_text())
    told = tell_walk(walk, 1, 2)
    assert told.metrics["n"] == walk["pooled"]["n"]
    assert told.params["folds"] == str(len(walk["folds"]))
    assert told.tags["models"].count(",") == len(walk["folds"]) - 1


@needs_mlflow
@pytest.mark.running
@pytest.mark.filterwarnings("ignore")
def test_runs_and_versions_are_written_once(home: Home) -> None:
    from mlflow.tracking import MlflowClient

    notes: list[str] = []
    first = entry(
        "train a", params={"seed": "1"}, metrics={"loss": 0.5}, tags={"skilled": "true"},
        registration=Registration(name="assay EURUSD at 5 minutes", model="a"),
    )  # fmt: skip
    part = entry("trial 1", parent="train a", failed=True)
    mirror(home, Config(), lambda: [first, part], notes.append)
    promoted = entry(
        "promoted x", registration=Registration(
            name="assay EURUSD at 5 minutes", model="a", is_champion=True
        ),
    )  # fmt: skip
    again = entry("train a", params={"seed": "2"}, metrics={"loss": 0.4}, until=10**18 + 2 * 10**9)
    mirror(home, Config(), lambda: [promoted, again], notes.append)
    assert notes == []
    assert Outbox(home).paths() == []
    uri = f"sqlite:///{home.path}/mlflow/mlflow.db"
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    experiment = client.get_experiment_by_name("assay")
    runs = {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}
    assert set(runs) == {"train a", "trial 1", "promoted x"}
    told = runs["train a"]
    assert (told.data.params, told.data.metrics) == ({"seed": "1"}, {"loss": 0.4})
    assert (told.info.status, runs["trial 1"].info.status) == ("FINISHED", "FAILED")
    assert told.info.end_time - told.info.start_time == 2_000
    assert runs["trial 1"].data.tags["mlflow.parentRunId"] == told.info.run_id
    (version,) = client.search_model_versions("name = 'assay EURUSD at 5 minutes'")
    assert version.tags == {"assay.model": "a"}
    champion = client.get_model_version_by_alias("assay EURUSD at 5 minutes", "champion")
    assert champion.version == version.version


@needs_mlflow
@pytest.mark.running
def test_a_server_that_is_away_is_told_later_and_its_address_stays_secret(home: Home) -> None:
    notes: list[str] = []
    away = "http://me:pa55word@127.0.0.1:9/?token=t0k"
    home.config_file.write_text(f'[mlflow]\ntracking_uri = "{away}"\n')
    config = Config(mlflow=MlflowConfig(tracking_uri=away))
    mirror(home, config, lambda: [entry()], notes.append)
    (said,) = notes
    assert said.startswith("assay: MLflow was not told (")
    assert said.endswith("1 entries wait for the next command")
    assert "pa55word" not in said
    assert "t0k" not in said
    assert len(Outbox(home).paths()) == 1
    home.config_file.unlink()
    mirror(home, Config(), lambda: [], notes.append)
    assert (len(notes), Outbox(home).paths()) == (1, [])
