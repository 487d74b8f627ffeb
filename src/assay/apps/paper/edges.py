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

    Raises OperatorError before its connector has told it, and UsageError where it cannot be traded.
    """
    grant, folder = find_grant(home, edge), edge_folder(home, edge) / ACCOUNT
    feed = AccountFeed(folder) if folder.is_dir() else None
    while feed is not None and (news := feed.read()):
        for event in (event for each in news for event in each.events):
            if isinstance(event, AccountReported):
                return _venue_of(event, grant)
    raise OperatorError(
        f"edge {edge!r} has not told how its account stands; start `assay connector --trade FILE` "
        "beside its terminal"
    )


def _venue_of(told: AccountReported, grant: EdgeGrant) -> Venue:
    if told.margin_mode == "hedging":
        raise UsageError(
            f"account {told.login} at {told.server} is a hedging account, which the platform does "
            "not trade yet; use a netting account"
        )
    return Venue(
        account=grant.account, tenant=grant.tenant, currency=told.currency,
        currency_digits=told.currency_digits, balance=told.balance, leverage=told.leverage or 0,
    )  # fmt: skip
