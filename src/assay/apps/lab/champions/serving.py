"""Champions of a home: which model serves a scope, and how another takes its place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from math import log
from pathlib import Path
from typing import Any

import msgspec

from assay.books.governance import (
    FIRST,
    PROMOTED,
    ROLLED_BACK,
    Act,
    Comparison,
    Fallback,
    GovernanceLog,
    Refusal,
    Scope,
    Standing,
    find_comparison,
    stand,
)
from assay.model.errors import AssayError, DataError, UsageError
from assay.model.time import format_time
from assay.runtime.environment import user_name
from assay.runtime.home import Home

DESCRIPTION, GRAPH = "model.json", "model.onnx"
EVIDENCE = "evidence"
LEVEL = 0.05


class _Member(msgspec.Struct, frozen=True):
    family: str
    graph_sha256: str


class _Members(msgspec.Struct, frozen=True):
    members: tuple[_Member, ...]


class _Described(msgspec.Struct, frozen=True):
    graph_sha256: str
    ensemble: _Members | None = None

    def graphs(self) -> dict[str, str]:
        """Return the digest of each graph by the name of its file."""
        if self.ensemble is None:
            return {GRAPH: self.graph_sha256}
        return {f"{each.family}.onnx": each.graph_sha256 for each in self.ensemble.members}


class _Instruments(msgspec.Struct, frozen=True):
    symbols: tuple[str, ...]
    timeframe: int


class _Taught(msgspec.Struct, frozen=True):
    taught: _Instruments


@dataclass(frozen=True, slots=True)
class Serving:
    """Say which model serves a scope, and which champions after it could not be loaded, and why."""

    scope: Scope
    model: str
    refused: tuple[tuple[str, str], ...]


def scope_of(models: Path, model: str, market: str = "") -> Scope:
    """Return the scope that a model is for; UsageError for an unknown, DataError for a torn one."""
    path = models / model / DESCRIPTION
    try:
        taught = msgspec.json.decode(path.read_bytes(), type=_Taught).taught
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(
            f"model {model} is unknown; `assay models list` names those there are"
        ) from None
    except msgspec.MsgspecError as error:
        raise DataError(f"{path}: {error}; train the model again") from None
    return Scope(tuple(sorted(taught.symbols)), taught.timeframe, market)


def describe_damage(models: Path, model: str, digest: str) -> str | None:
    """Return in words what of a model's files is not what was promoted; None where all is."""
    folder = models / model
    try:
        text = (folder / DESCRIPTION).read_bytes()
        graphs = msgspec.json.decode(text, type=_Described).graphs()
        found = {name: sha256((folder / name).read_bytes()).hexdigest() for name in graphs}
    except OSError as error:
        return f"{Path(error.filename or folder).name} cannot be read ({error.strerror})"
    except msgspec.MsgspecError as error:
        return f"{DESCRIPTION} is torn ({error})"
    changed = [name for name, told in graphs.items() if found[name] != told]
    if changed:
        return f"{changed[0]} is not the graph that was trained"
    if sha256(text).hexdigest() != digest:
        return f"{DESCRIPTION} is not the one that was promoted"
    return None


def digest_model(models: Path, model: str) -> str:
    """Return SHA-256 of a model's description, which holds that of its graph."""
    return sha256((models / model / DESCRIPTION).read_bytes()).hexdigest()


def load_fault(models: Path, model: str, digest: str, scope: Scope) -> str | None:
    """Load a model as trading does; return in words why it cannot be, None where it can."""
    from assay.apps.lab.models.forecasting import check_features, check_traded
    from assay.signals.prediction import Forecaster, read_artifact

    damage = describe_damage(models, model, digest)
    if damage:
        return damage
    try:
        artifact, graphs = read_artifact(models / model)
        check_traded(artifact)
        check_features(artifact, scope.symbols)
        Forecaster(artifact, graphs)
    except AssayError as error:
        return str(error)
    return None


def find_serving(home: Home, scope: Scope) -> Serving | None:
    """Return the newest champion of a scope that can be loaded; None where nobody ever was.

    Its `model` is empty where none of them can. Raises DataError where the log does not hold.
    """
    standing = GovernanceLog(home).standing(scope)
    if not standing.acts:
        return None
    refused: list[tuple[str, str]] = []
    for act in reversed(standing.acts):
        fault = load_fault(home.path / "models", act.model, act.digest, scope)
        if fault is None:
            return Serving(scope, act.model, tuple(refused))
        refused.append((act.model, fault))
    return Serving(scope, "", tuple(refused))


def record_fallback(home: Home, serving: Serving) -> None:
    """Enter which champion could not be loaded, and which one served instead."""
    model, reason = serving.refused[0]
    GovernanceLog(home).enter(
        Fallback(
            at=home.clock.now_ns(), who=user_name(), scope=serving.scope, model=model,
            served=serving.model, reason=reason,
        )
    )  # fmt: skip


def _draft(home: Home, kind: str, scope: Scope, model: str) -> Act:
    return Act(
        at=home.clock.now_ns(), act=kind, who=user_name(), scope=scope, model=model,
        digest=digest_model(home.path / "models", model), before="",
    )  # fmt: skip


def enter_taught(home: Home, model: str, market: str) -> Act | None:
    """Make the model that `assay up` taught champion of its own market; None where it is already.

    Whoever was champion there could not be loaded: else nothing would have been taught.
    """
    scope, log_ = scope_of(home.path / "models", model, market), GovernanceLog(home)
    champion = log_.standing(scope).champion
    if champion == model:
        return None
    act = _draft(home, FIRST, scope, model)
    if champion:
        why = f"{champion} could not be loaded, nor any before it"
        act = msgspec.structs.replace(act, override="assay up", reason=why)
    return log_.promote(act, expected=champion)


def promote_model(
    home: Home, model: str, *, market: str = "", override: str = "", reason: str = ""
) -> Act:
    """Make a model champion of its instruments and bars, on the evidence of a comparison.

    The first champion needs none, nor does who overrides by name with a reason. Raises DataError
    where the evidence does not suffice or the model cannot be loaded, UsageError where it is
    champion already, RetryError where another became champion meanwhile; each is entered as a
    refusal.
    """
    if bool(override) != bool(reason):
        raise UsageError("an override needs both --override NAME and --reason TEXT")
    scope, log_ = scope_of(home.path / "models", model, market), GovernanceLog(home)
    act = msgspec.structs.replace(
        _draft(home, PROMOTED, scope, model), override=override, reason=reason
    )
    with _entering_refusals(log_, act):
        fault = load_fault(home.path / "models", model, act.digest, scope)
        if fault:
            raise DataError(f"{model} cannot be loaded: {fault}; train it again")
        if override:
            return log_.promote(act, expected=None)
        lines = log_.lines()
        champion = stand(lines).get(scope, Standing(scope, ())).champion
        found = find_comparison(lines, scope, champion, model)
        if champion and champion != model:
            _require_evidence(home, act, champion, found)
    evidence = found.evidence if found else ""
    return log_.promote(msgspec.structs.replace(act, evidence=evidence), expected=champion)


@contextmanager
def _entering_refusals(log_: GovernanceLog, act: Act) -> Iterator[None]:
    try:
        yield
    except DataError as error:
        log_.enter(
            Refusal(
                at=act.at, act=act.act, who=act.who, scope=act.scope, model=act.model,
                reason=str(error),
            )
        )  # fmt: skip
        raise


def _require_evidence(home: Home, act: Act, champion: str, found: Comparison | None) -> None:
    remedy = f"see `assay models compare {champion} {act.model}`, or override by name"
    if found is None:
        raise DataError(f"{act.model} was not compared with the champion {champion}; {remedy}")
    path = home.path / "models" / act.model / EVIDENCE / f"{found.evidence}.json"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"evidence {path} cannot be read ({error.strerror}); {remedy}") from None
    if sha256(content).hexdigest() != found.evidence:
        raise DataError(f"evidence {path} was changed; {remedy}")
    if json.loads(content)["digests"] != digest_pair(home.path / "models", champion, act.model):
        raise DataError(f"{champion} or {act.model} is another model by now; {remedy}")
    if not found.proven:
        raise DataError(
            f"line {found.number} of the log does not show that {act.model} is better: log "
            f"e-values {found.log_score:.2f} of the log score and {found.profit:.2f} of the "
            f"profit, {log(found.tries / LEVEL):.2f} are asked; {remedy}"
        )


def digest_pair(models: Path, champion: str, challenger: str) -> dict[str, str]:
    """Return the digests of both models, as evidence has them."""
    return {model: digest_model(models, model) for model in (champion, challenger)}


def keep_evidence(models: Path, challenger: str, content: bytes) -> str:
    """Write what a comparison found into the challenger's folder, under its SHA-256."""
    digest = sha256(content).hexdigest()
    folder = models / challenger / EVIDENCE
    folder.mkdir(mode=0o700, exist_ok=True)
    beside = folder / f".{digest}.draft"
    beside.write_bytes(content)
    beside.replace(folder / f"{digest}.json")
    return digest


def roll_back(home: Home, champion: str, *, reason: str) -> Act:
    """Make the champion before this one champion again; it must be loadable.

    Raises UsageError where this one is champion of nothing or none was before it, DataError where
    that one cannot be loaded, RetryError where another became champion meanwhile.
    """
    log_ = GovernanceLog(home)
    found = [one for one in stand(log_.lines()).values() if one.champion == champion]
    if not found:
        raise UsageError(f"{champion} is champion of nothing; `assay models list` tells who is")
    standing = found[0]
    last = standing.acts[-1]
    if len(standing.acts) < 2:
        raise UsageError(f"there was no champion of {standing.scope} before {champion}")
    back = standing.acts[-2]
    act = msgspec.structs.replace(
        back, number=0, at=home.clock.now_ns(), act=ROLLED_BACK, who=user_name(),
        before=last.model, evidence="", override="", reason=reason,
    )  # fmt: skip
    with _entering_refusals(log_, act):
        fault = load_fault(home.path / "models", back.model, back.digest, back.scope)
        if fault:
            raise DataError(f"{back.model} cannot be loaded: {fault}; promote another one")
    return log_.roll_back(act)


def list_champions(home: Home) -> list[dict[str, Any]]:
    """Return every scope with its champion, whether that one's files are whole, and who serves."""
    found = []
    for standing in stand(GovernanceLog(home).lines()).values():
        faults = [
            describe_damage(home.path / "models", act.model, act.digest)
            for act in reversed(standing.acts)
        ]
        whole = [
            act.model
            for act, fault in zip(reversed(standing.acts), faults, strict=True)
            if fault is None
        ]
        found.append(
            {
                "scope": str(standing.scope), "symbols": standing.scope.symbols,
                "timeframe": standing.scope.timeframe, "market": standing.scope.market,
                "champion": standing.champion, "before": standing.before or None,
                "since": format_time(standing.acts[-1].at), "damage": faults[0],
                "serves": whole[0] if whole else None,
            }
        )  # fmt: skip
    return found
