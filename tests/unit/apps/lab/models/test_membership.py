"""An ensemble that cannot be is refused before anything is read or taught."""

from __future__ import annotations

import pytest

from assay.apps.cli.modelling import read_membership
from assay.apps.config import EnsembleConfig
from assay.apps.lab.models.membership import ENSEMBLE, USUAL, choose_members
from assay.model.errors import UsageError
from assay.model.time import Timeframe
from assay.signals.features import LEADER_FEATURES, Lead, see_as, standard_set
from assay.signals.features.views import OF_THE_BAR


def test_more_than_half_are_a_quorum_unless_one_is_named() -> None:
    assert choose_members().quorum == 2
    assert choose_members(("lightgbm", "xgboost")).quorum == 2
    assert choose_members(("lightgbm", "xgboost"), 1).quorum == 1


@pytest.mark.parametrize(
    ("members", "quorum", "combine", "words"),
    [
        (("lightgbm", "oracle"), None, "auto", "model 'oracle' is unknown"),
        (("lightgbm", "xgboost@all"), None, "auto", "view 'all' is unknown; use own, lead, bar"),
        (("lightgbm", "lightgbm"), None, "auto", "a member is given twice among"),
        (("lightgbm",), None, "auto", "an ensemble of 1 is none; give two families or more"),
        (USUAL, 4, "auto", "a quorum of 4 is outside 1..3"),
        (USUAL, 0, "auto", "a quorum of 0 is outside 1..3"),
        (USUAL, None, "sum", "combination 'sum' is unknown; use one of auto, vote"),
    ],
)
def test_what_makes_no_sense_is_refused(
    members: tuple[str, ...], quorum: int | None, combine: str, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        choose_members(members, quorum, combine)


def test_members_make_an_ensemble_and_a_family_alone_takes_no_quorum() -> None:
    assert read_membership("lightgbm", None, None, "auto") == {"family": "lightgbm"}
    told = read_membership("lightgbm", "xgboost,lightgbm", None, "stack")
    assert told["family"] == ENSEMBLE
    assert told["membership"].members == ("xgboost", "lightgbm")
    assert read_membership(ENSEMBLE, None, None, "auto")["membership"].members == USUAL
    with pytest.raises(UsageError, match="--quorum and --combine go with --model ensemble"):
        read_membership("xgboost", None, 2, "auto")


def test_a_member_sees_its_view_and_one_family_may_have_two() -> None:
    names = standard_set(Timeframe.M5, [Lead("GBPUSD", "EURUSD", 1)]).names
    assert choose_members(("xgboost@own", "xgboost@lead")).quorum == 2
    assert see_as("xgboost", names) is None
    own, led, bar = (see_as(f"xgboost@{view}", names) or () for view in ("own", "lead", "bar"))
    assert [names[place] for place in led] == [f"lead.{name}" for name in LEADER_FEATURES]
    assert sorted(own + led) == list(range(len(names)))
    assert {names[place] for place in bar} == OF_THE_BAR
    with pytest.raises(UsageError, match="'xgboost@lead' would see none of the 2 features"):
        see_as("xgboost@lead", ("rsi_14", "range"))


def test_a_deadline_of_nothing_waits_for_ever() -> None:
    assert EnsembleConfig().deadline == 0.2
    assert EnsembleConfig(member_deadline_ms=0).deadline is None
    with pytest.raises(UsageError, match="member_deadline_ms -1 is outside"):
        EnsembleConfig(member_deadline_ms=-1)
