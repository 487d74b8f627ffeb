"""What each answer of a trade server means for sending again."""

from __future__ import annotations

from assay.trading.brokers.mt5 import api
from assay.trading.execution import RetryClass

DONE = (
    api.TRADE_RETCODE_PLACED,
    api.TRADE_RETCODE_DONE,
    api.TRADE_RETCODE_DONE_PARTIAL,
    api.TRADE_RETCODE_NO_CHANGES,
)
REFRESH = (
    api.TRADE_RETCODE_REQUOTE,
    api.TRADE_RETCODE_PRICE_CHANGED,
    api.TRADE_RETCODE_PRICE_OFF,
)
WAIT = (api.TRADE_RETCODE_TOO_MANY_REQUESTS, api.TRADE_RETCODE_CONNECTION)
# A request that ran out of time, met an error on its way or is locked in processing may have
# been carried out, and so may one with an answer that nobody has described.
UNKNOWN = (
    api.TRADE_RETCODE_TIMEOUT,
    api.TRADE_RETCODE_ERROR,
    api.TRADE_RETCODE_LOCKED,
)
NOT_FLAT = (api.TRADE_RETCODE_CLIENT_DISABLES_AT, api.TRADE_RETCODE_SERVER_DISABLES_AT)
"""The terminal or the server lets no program trade: what is open stays open."""

NAMES: dict[int, str] = {
    number: name.removeprefix("TRADE_RETCODE_").lower()
    for name, number in api.CONSTANTS.items()
    if name.startswith("TRADE_RETCODE_")
}
"""The word for each answer, as reasons have it."""

# `order_send` returned nothing: what `last_error` says about whether the request went out.
NEVER_LEFT = {
    api.RES_E_INVALID_PARAMS: RetryClass.NEVER,
    api.RES_E_NO_MEMORY: RetryClass.NEVER,
    api.RES_E_NOT_FOUND: RetryClass.NEVER,
    api.RES_E_INVALID_VERSION: RetryClass.NEVER,
    api.RES_E_AUTH_FAILED: RetryClass.NEVER,
    api.RES_E_UNSUPPORTED: RetryClass.NEVER,
    api.RES_E_AUTO_TRADING_DISABLED: RetryClass.NEVER,
    api.RES_E_INTERNAL_FAIL_INIT: RetryClass.WAIT,
    api.RES_E_INTERNAL_FAIL_CONNECT: RetryClass.WAIT,
}


def classify_retcode(retcode: int) -> RetryClass:
    """Return the class of an answer; whatever nobody has described is unknown.

    >>> str(classify_retcode(10004)), str(classify_retcode(10012)), str(classify_retcode(99))
    ('refresh', 'unknown', 'unknown')
    """
    for members, found in (
        (DONE, RetryClass.DONE),
        (REFRESH, RetryClass.REFRESH),
        (WAIT, RetryClass.WAIT),
        (UNKNOWN, RetryClass.UNKNOWN),
    ):
        if retcode in members:
            return found
    return RetryClass.NEVER if retcode in NAMES else RetryClass.UNKNOWN


def classify_failure(number: int) -> RetryClass:
    """Return the class of a call without answer, by the number of `last_error`."""
    return NEVER_LEFT.get(number, RetryClass.UNKNOWN)
