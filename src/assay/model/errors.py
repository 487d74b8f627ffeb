"""Exceptions by who must act.

AssayError
├── CallerError      the request is wrong: change it
│   ├── UsageError       exit 2
│   └── DataError        exit 3, bad data or a failed verification
├── OperatorError    the machine or the home is wrong: mend it (exit 4)
├── RetryError       a resource is busy or away: the same call may work later (exit 4)
└── InvariantError   the program is wrong: stop (exit 1)

A refusal of the trade itself (an order denied) is data, never an exception.
"""


class AssayError(Exception):
    """Say what is wrong, name the value and the remedy in one line."""

    exit_code = 1


class CallerError(AssayError):
    """Report a request that its caller must change."""

    exit_code = 2


class UsageError(CallerError):
    """Report an argument or setting that makes no sense."""


class DataError(CallerError):
    """Report input that cannot be read or a verification that failed."""

    exit_code = 3


class OperatorError(AssayError):
    """Report an environment that a person must mend."""

    exit_code = 4


class RetryError(AssayError):
    """Report a resource that is away for the moment."""

    exit_code = 4


class InvariantError(AssayError):
    """Report a broken promise of the program itself."""
