"""The broker exam beside a terminal: its clock, its record, and what is made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from assay.apps.edge.terminals import SIMULATED, open_terminal
from assay.model.errors import OperatorError, UsageError
from assay.runtime.clock import Clock, SystemClock
from assay.trading.exam.plan import ExamPlan, admit
from assay.trading.exam.profiling import Measured, make_profile
from assay.trading.exam.record import ExamRecord, read_record
from assay.trading.exam.sitting import Sitting
from assay.trading.exam.told import symbol_terms
from assay.trading.terminal import connect_terminal, save_profile

RECORD, PROFILE, FINDINGS, HOURS = "exam.json", "profile.json", "findings.json", "hours.csv"


class TerminalClock:
    """Go by the time of a simulated terminal, which passes as fast as it is asked to."""

    def __init__(self, address: str) -> None:
        self._terminal = connect_terminal(address)

    def now_ns(self) -> int:
        """Return the simulated nanoseconds UTC."""
        return int(self._terminal.control("now"))

    def wait_until(self, ns: int) -> None:
        """Let the terminal's market go on until then."""
        self._terminal.control("advance", ns)

    def close(self) -> None:
        """Let the terminal's link go."""
        self._terminal.close()


def clock_of(terminal: str) -> Clock:
    """Return the clock by which a terminal's exam goes."""
    if terminal.startswith(SIMULATED):
        return TerminalClock(terminal.removeprefix(SIMULATED))
    return SystemClock()


def tell_plan(terminal: str, plan: ExamPlan) -> dict[str, Any]:
    """Return what an exam would do on the account that a terminal shows, and do none of it."""
    opened = open_terminal(terminal)
    try:
        info = admit(opened.account_info(), None)
        lots = {}
        for name in plan.symbols:
            shown = opened.symbol_info(name) if opened.symbol_select(name, True) else None
            if shown is None:
                raise UsageError(f"the terminal has no symbol {name!r}; name the broker's own")
            lots[name] = float(symbol_terms(shown).volume_min)
    finally:
        opened.shutdown()
    return {
        "login": info.login, "server": info.server, "lots": lots, "orders": plan.orders,
        "money": float(plan.money), "currency": info.currency, "hours": plan.span / 3.6e12,
        "fine_lots": plan.fine_lots,
    }  # fmt: skip


def sit_exam(
    terminal: str, confirmed: int, plan: ExamPlan, folder: Path,
    tell: Callable[[str, float], None] | None = None,
) -> ExamRecord:  # fmt: skip
    """Sit or go on with an exam on the confirmed demo account and return its record."""
    opened, clock = open_terminal(terminal), clock_of(terminal)
    try:
        admit(opened.account_info(), confirmed)
        folder.mkdir(parents=True, exist_ok=True)
        return Sitting(opened, clock, plan, file=folder / RECORD, tell=tell).run()
    except OSError as error:
        raise OperatorError(f"cannot write to {folder}: {error.strerror or error}") from None
    finally:
        opened.shutdown()
        if isinstance(clock, TerminalClock):
            clock.close()


def hour_rows(measured: Measured) -> Iterator[str]:
    """Yield the spreads of each hour that was seen, with their intervals and counts, as CSV."""
    yield "symbol,day,hour,spread,low,high,minutes,quotes,hours"
    for symbol, cells in measured.cells.items():
        for cell in cells:
            spread = cell.spread
            yield (
                f"{symbol},{cell.hour // 24},{cell.hour % 24},{spread.value:.3f},{spread.low:.3f},"
                f"{spread.high:.3f},{spread.seen},{cell.ticks},{cell.hours}"
            )


def write_measured(folder: Path, name: str) -> Measured:
    """Make the profile and the figures of a folder's record, beside it; UsageError without one."""
    record = read_record(folder / RECORD)
    if record is None:
        raise UsageError(f"{folder} holds no exam; sit one by `assay broker exam`")
    measured = make_profile(record, name)
    save_profile(measured.profile, folder / PROFILE)
    findings = msgspec.json.format(msgspec.json.encode(measured.findings), indent=1)
    (folder / FINDINGS).write_bytes(findings)
    (folder / HOURS).write_text("\n".join(hour_rows(measured)) + "\n", encoding="utf-8")
    return measured
