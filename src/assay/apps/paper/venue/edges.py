"""What the bridge knows of an edge: its folder, and how its account stands."""

from __future__ import annotations

from pathlib import Path

from assay.apps.bridge.desk import edge_folder as folder_of
from assay.apps.bridge.feed import AccountFeed
from assay.apps.bridge.tokens import EdgeGrant, EdgeTokens
from assay.apps.link.frames import ACCOUNT
from assay.apps.paper.plan import Venue
from assay.model.errors import OperatorError, UsageError
from assay.model.messages import AccountReported
from assay.runtime.home import Home

EDGE = "edge"
"""The broker that is an edge's terminal."""


def find_grant(home: Home, edge: str) -> EdgeGrant:
    """Return what an edge may do here; raise UsageError for a stranger."""
    grant = EdgeTokens(home).find(edge)
    if grant is None:
        known = ", ".join(each.edge for each in EdgeTokens(home).all()) or "none"
        raise UsageError(f"edge {edge!r} is unknown; `assay bridge` lets in: {known}")
    return grant


def edge_folder(home: Home, edge: str) -> Path:
    """Return where the bridge keeps everything of an edge; raise UsageError for a stranger."""
    return folder_of(home, find_grant(home, edge))


def read_venue(home: Home, edge: str) -> Venue:
    """Return how the account of an edge stood first, as far as the bridge knows.

    Raises OperatorError before its connector has told it.
    """
    return _venue_of(_first_report(home, edge), find_grant(home, edge))


def require_same_login(home: Home, first: str, second: str) -> None:
    """Raise UsageError where two edges are not two roads to one login of one account here."""
    grants = [find_grant(home, each) for each in (first, second)]
    told = [_first_report(home, each) for each in (first, second)]
    logins = [(each.login, each.server) for each in told]
    accounts = [(each.tenant, each.account) for each in grants]
    if first == second or logins[0] != logins[1] or accounts[0] != accounts[1]:
        named = " and ".join(
            f"{each} trades {grant.account}, login {report.login} at {report.server}"
            for each, grant, report in zip((first, second), grants, told, strict=True)
        )
        raise UsageError(f"edges are no two roads to one login: {named}")


def _first_report(home: Home, edge: str) -> AccountReported:
    folder = edge_folder(home, edge) / ACCOUNT
    feed = AccountFeed(folder) if folder.is_dir() else None
    while feed is not None and (news := feed.read()):
        for event in (event for each in news for event in each.events):
            if isinstance(event, AccountReported):
                return event
    raise OperatorError(
        f"edge {edge!r} has not told how its account stands; start `assay connector --trade FILE` "
        "beside its terminal"
    )


def _venue_of(told: AccountReported, grant: EdgeGrant) -> Venue:
    return Venue(
        account=grant.account, tenant=grant.tenant, currency=told.currency,
        currency_digits=told.currency_digits, balance=told.balance, leverage=told.leverage or 0,
        margin_mode="hedging" if told.margin_mode == "hedging" else "netting",
    )  # fmt: skip
