"""Requests checked, weighed and sent, and what each answer means."""

from __future__ import annotations

from typing import Any, cast

import msgspec

from assay.trading.brokers.mt5 import api
from assay.trading.brokers.mt5.blocking import TerminalBlockedError
from assay.trading.brokers.mt5.ports import OrderCommand, Pace
from assay.trading.brokers.mt5.requests import Plan
from assay.trading.brokers.mt5.retcodes import NAMES, classify_failure, classify_retcode
from assay.trading.brokers.mt5.state import MT5Settings
from assay.trading.brokers.mt5.stops import Denial
from assay.trading.brokers.mt5.structures import TerminalApi
from assay.trading.brokers.mt5.units import minor_of
from assay.trading.execution import RetryClass

SIDES = {kind: kind % 2 for kind in range(api.ORDER_TYPE_SELL_STOP_LIMIT + 1)}
"""Buy or sell of every order type, as `order_calc_margin` takes it."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what a terminal answered and what that means."""

    found: RetryClass
    reason: str
    text: str = ""
    retcode: int = 0
    ticket: int = 0
    took_ns: int = 0

    @property
    def denial(self) -> Denial:
        """Return the answer as the reason why nothing was carried out."""
        return Denial(self.reason, self.text)


class Sender:
    """Ask a terminal about requests and send them, one call at a time."""

    def __init__(self, terminal: TerminalApi, pace: Pace, settings: MT5Settings) -> None:
        self._terminal = terminal
        self._pace = pace
        self._settings = settings

    def _failure(self, call: str) -> Answer:
        number, text = self._terminal.last_error()
        return Answer(
            found=classify_failure(number), reason=f"{call}_failed", text=f"{number} {text}"
        )

    def check(self, plan: Plan) -> tuple[Answer, Plan]:
        """Ask whether a request would be taken, with the first filling policy that is."""
        if not plan.is_checked:
            return Answer(found=RetryClass.DONE, reason=""), plan
        answer = Answer(found=RetryClass.NEVER, reason="filling")
        for filling in plan.fillings or (None,):
            if filling is not None:
                plan = msgspec.structs.replace(
                    plan, request={**plan.request, "type_filling": filling}
                )
            answer = self._check_once(plan)
            if answer.retcode != api.TRADE_RETCODE_INVALID_FILL:
                break
        return answer, plan

    def _check_once(self, plan: Plan) -> Answer:
        found = self._terminal.order_check(plan.request)
        if found is None:
            return self._failure("order_check")
        # A check that passes answers 0, not the number of a deal that is done.
        if found.retcode in (0, api.TRADE_RETCODE_DONE):
            return Answer(found=RetryClass.DONE, reason="")
        return Answer(
            found=classify_retcode(found.retcode),
            reason=NAMES.get(found.retcode, str(found.retcode)),
            text=found.comment,
            retcode=found.retcode,
        )

    def weigh(self, command: OrderCommand, plan: Plan) -> Denial | None:
        """Hold the kernel's margin against the broker's, which is the truth."""
        if not command.margin or not command.quantity:
            return None
        request = cast("dict[str, Any]", plan.request)  # its values have the types of its keys
        side = SIDES[request["type"]]
        margin = self._terminal.order_calc_margin(
            side, request["symbol"], request["volume"], request["price"]
        )
        if margin is None:
            return Denial("margin_unknown", self._failure("order_calc_margin").text)
        truth = minor_of(margin, self._settings.lock.currency_digits)
        # What the kernel said was of the whole command; floors and stops may have made it less.
        said = command.margin * abs(plan.units) // abs(command.quantity)
        # Half a unit each way is rounding.
        if max(abs(truth - said) - 1, 0) * 10_000 > self._settings.margin_gap_bp * truth:
            return Denial("margin_gap", f"the broker asks {truth} minor units, the kernel {said}")
        return None

    def send(self, plan: Plan) -> Answer:
        """Send a request once."""
        began = self._pace.elapsed_ns()
        try:
            result = self._terminal.order_send(plan.request)
        except TerminalBlockedError as error:
            found = RetryClass.UNKNOWN if error.was_asked else RetryClass.NEVER
            took = max(self._pace.elapsed_ns() - began, self._settings.block_ns + 1)
            return Answer(found=found, reason="blocked", text=str(error), took_ns=took)
        took = self._pace.elapsed_ns() - began
        if result is None:
            return msgspec.structs.replace(self._failure("order_send"), took_ns=took)
        return Answer(
            found=classify_retcode(result.retcode),
            reason=NAMES.get(result.retcode, str(result.retcode)),
            text=result.comment,
            retcode=result.retcode,
            ticket=result.order,
            took_ns=took,
        )
