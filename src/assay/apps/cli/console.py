"""What every command shares: options, output, progress, and exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Protocol, TypeVar

import msgspec
import typer

from assay.model.errors import AssayError, InvariantError
from assay.model.time import format_time
from assay.runtime.clock import SystemClock
from assay.runtime.faults import Fault, describe_fault, record_fault
from assay.runtime.home import open_home
from assay.runtime.redaction import redact_text

EXIT_DONE, EXIT_FAULT, EXIT_USAGE, EXIT_INTERRUPTED = 0, 1, 2, 130

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        metavar="DIR",
        help="Folder of the installation; else $ASSAY_HOME, else ~/.assay.",
        show_default=False,
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print exactly one JSON object on stdout; logs on stderr.")
]

Result = TypeVar("Result", bound=Mapping[str, Any])


class Progress(Protocol):
    """Show how far a long job is."""

    def advance(self, steps: float = 1) -> None: ...

    def fill(self, share: float) -> None: ...

    def describe(self, text: str) -> None: ...


def emit(result: Result, as_json: bool, human: Callable[[Result], object] | None = None) -> None:
    """Print a command's result: one JSON object, or what `human` makes of it.

    `human` returns text or anything Rich can render; without it `key: value` lines are printed.
    """
    if as_json:
        payload = msgspec.json.encode(result, enc_hook=_encode)
        sys.stdout.write(payload.decode() + "\n")
    else:
        _print_human(human(result) if human else _lines(result))
    sys.stdout.flush()


def _encode(value: object) -> object:
    if hasattr(value, "item"):  # a NumPy scalar
        return value.item()
    return str(value)


def _lines(result: Mapping[str, Any]) -> str:
    width = max((len(key) for key in result), default=0)
    return "\n".join(f"{key:<{width}}  {value}" for key, value in result.items())


def _print_human(shown: object) -> None:
    if shown is None:
        return
    if isinstance(shown, str):
        sys.stdout.write(shown if shown.endswith("\n") else shown + "\n")
        return
    from rich.console import Console

    Console(file=sys.stdout).print(shown)


class _SilentProgress:
    def advance(self, steps: float = 1) -> None:
        """Show nothing."""

    def fill(self, share: float) -> None:
        """Show nothing."""

    def describe(self, text: str) -> None:
        """Show nothing."""


class _BarProgress:
    def __init__(self, bar: Any, task: Any) -> None:  # Any: Rich is imported only when shown
        self._bar, self._task = bar, task

    def advance(self, steps: float = 1) -> None:
        self._bar.advance(self._task, steps)

    def fill(self, share: float) -> None:
        self._bar.update(self._task, completed=share)

    def describe(self, text: str) -> None:
        self._bar.update(self._task, description=text)


@contextmanager
def progress(text: str, total: float | None = None, *, quiet: bool = False) -> Iterator[Progress]:
    """Show a progress bar on stderr when it is a terminal, else nothing."""
    if quiet or not sys.stderr.isatty():
        yield _SilentProgress()
        return
    from rich.console import Console
    from rich.progress import Progress as RichProgress

    with RichProgress(console=Console(stderr=True), transient=True) as bar:
        yield _BarProgress(bar, bar.add_task(text, total=total))


def fill_stages(bar: Progress) -> Callable[[str, float], None]:
    """Return what shows stages on one bar: each stage fills it once."""

    def tell(stage: str, share: float) -> None:
        bar.describe(stage)
        bar.fill(share)

    return tell


def note(text: str) -> None:
    """Print one line for people on stderr."""
    print(text, file=sys.stderr, flush=True)


_command_of = cache(typer.main.get_command)


def run(app: typer.Typer, argv: list[str] | None = None) -> int:
    """Run one command and return its exit code.

    0 done, 1 fault, 2 usage, 3 bad data, 4 environment or busy, 130 interrupted.
    """
    arguments = sys.argv[1:] if argv is None else argv
    try:
        command = _command_of(app)
        code = command.main(args=arguments, prog_name="assay", standalone_mode=False)
        sys.stdout.flush()
    except (KeyboardInterrupt, typer.Abort):
        note("assay: interrupted")
        return EXIT_INTERRUPTED
    except (BrokenPipeError, SystemExit) as error:
        return _report_exit(error)
    except InvariantError as error:
        return _report_fault(error, arguments)
    except AssayError as error:
        return _report(str(error), error.exit_code)
    except Exception as error:  # the last net: whatever it is, it gets a name and a hint
        return _report_other(error, arguments)
    return code if isinstance(code, int) else EXIT_DONE


def _report_exit(error: BaseException) -> int:
    # Typer turns a broken pipe into SystemExit(1) on its way.
    cause = error if isinstance(error, BrokenPipeError) else error.__context__
    if isinstance(cause, BrokenPipeError):
        _discard_stdout()
        return EXIT_DONE
    code = getattr(error, "code", None)
    return code if isinstance(code, int) else EXIT_DONE if code is None else EXIT_FAULT


def _report(message: str, code: int) -> int:
    note("assay: error: " + redact_text(" ".join(message.split())))
    return code


def _report_other(error: Exception, arguments: Sequence[str]) -> int:
    # Typer raises its usage errors from a vendored Click whose place depends on its version.
    format_message = getattr(error, "format_message", None)
    if format_message is None:
        return _report_fault(error, arguments)
    if type(error).__name__ == "NoArgsIsHelpError":
        note(format_message())
        return EXIT_USAGE
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "assay"
    return _report(f"{format_message()} See `{path} --help`.", EXIT_USAGE)


def _report_fault(error: Exception, arguments: Sequence[str]) -> int:
    fault = _record(error, arguments)
    message = " ".join(fault.message.split())[:300]
    note(f"assay: error: fault {fault.fingerprint} ({fault.kind}: {message}); {fault.hint}")
    if fault.count > 1:
        note(f"assay: seen {fault.count} times since {format_time(fault.first)}")
    return EXIT_FAULT


def _record(error: Exception, arguments: Sequence[str]) -> Fault:
    try:
        return record_fault(open_home(_named_home(arguments)), error)
    except (AssayError, OSError):
        # A home that cannot be written must not hide the fault itself.
        return describe_fault(error, SystemClock().now_ns())


def _named_home(arguments: Sequence[str]) -> Path | None:
    for place, argument in enumerate(arguments):
        if argument == "--home" and place + 1 < len(arguments):
            return Path(arguments[place + 1])
        if argument.startswith("--home="):
            return Path(argument.removeprefix("--home="))
    return None


def _discard_stdout() -> None:
    # The reader has gone; Python would complain once more when it flushes at exit.
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
