"""How a provider of quotes speaks: where it is, what it is told, where prices lie in its words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

import msgspec

from assay.apps.link.proof import read_private
from assay.model.errors import OperatorError, UsageError
from assay.model.time import parse_time

STREAMS, PAGES = ("ws", "wss"), ("http", "https")
_PER_MS = {"s": 1_000.0, "ms": 1.0, "us": 1e-3, "ns": 1e-6}


class ProviderQuote(NamedTuple):
    """Hold one quote: the provider's name of a symbol, milliseconds UTC (None: now), prices."""

    name: str
    time_msc: int | None
    bid: float
    ask: float


class Provider(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Describe a provider; the paths (`bids.0.price`) say where a message has what.

    `symbols` gives the digits of each symbol by the provider's name. `{key}` in `url`, `headers`
    and `hello` stands for what the private file `key_file` holds, `{symbols}` in `hello` for the
    names with commas between. A page (`http`) is asked for every `every_s` seconds; a stream
    (`ws`) is told `hello` and speaks by itself. `rows` leads to a list, or a table by name, of
    quotes; empty is the message itself.
    """

    url: str
    symbols: dict[str, int]
    bid: str
    ask: str
    symbol: str = ""
    time: str = ""
    time_unit: Literal["s", "ms", "us", "ns", "text"] = "ms"
    rows: str = ""
    hello: tuple[str, ...] = ()
    headers: dict[str, str] = {}
    key_file: str = ""
    every_s: float = 1.0

    @property
    def is_stream(self) -> bool:
        """Say whether it speaks by itself."""
        return urlsplit(self.url).scheme in STREAMS

    @property
    def place(self) -> str:
        """Return its host, which is all that is ever told of its address."""
        return urlsplit(self.url).hostname or ""

    def quotes(self, message: bytes | str) -> Iterator[ProviderQuote]:
        """Yield the quotes of a message; what is none, such as a heartbeat, yields nothing."""
        try:
            rows = _dig(msgspec.json.decode(message), self.rows)
        except (msgspec.DecodeError, LookupError, TypeError, ValueError):
            return
        if isinstance(rows, Mapping) and self.rows and not self.symbol:
            named = list(rows.items())
        else:
            named = [("", row) for row in (rows if isinstance(rows, list) else [rows])]
        for name, row in named:
            quote = self._quote(name, row)
            if quote is not None:
                yield quote

    def _quote(self, name: str, row: Any) -> ProviderQuote | None:
        try:
            shown = str(_dig(row, self.symbol)) if self.symbol else name or self._only()
            bid, ask = float(_dig(row, self.bid)), float(_dig(row, self.ask))
            time = self._time(_dig(row, self.time)) if self.time else None
        except (LookupError, TypeError, ValueError, OverflowError, UsageError):
            return None
        is_price = math.isfinite(bid) and math.isfinite(ask) and 0 < bid <= ask
        return ProviderQuote(shown, time, bid, ask) if is_price and shown in self.symbols else None

    def _only(self) -> str:
        return next(iter(self.symbols)) if len(self.symbols) == 1 else ""

    def _time(self, value: Any) -> int:
        if self.time_unit == "text":
            return parse_time(str(value)) // 1_000_000
        return round(float(value) * _PER_MS[self.time_unit])


def read_provider(file: Path) -> Provider:
    """Read a provider's description in TOML, its key put in; raise OperatorError or UsageError."""
    try:
        given = msgspec.toml.decode(file.read_bytes(), type=Provider)
    except OSError as error:
        raise OperatorError(f"{file} cannot be read: {error.strerror}") from None
    except msgspec.MsgspecError as error:
        raise UsageError(f"{file} describes no provider of quotes: {error}") from None
    parts = urlsplit(given.url)
    if parts.scheme not in STREAMS + PAGES or not parts.hostname:
        raise UsageError(f"{file}: url {given.url!r} is none of ws, wss, http or https")
    if not given.symbols or given.every_s <= 0:
        raise UsageError(f"{file}: symbols names none, or every_s is not above 0")
    key = read_private(file.parent / given.key_file).strip() if given.key_file else ""
    return msgspec.structs.replace(
        given,
        url=given.url.replace("{key}", key),
        headers={name: text.replace("{key}", key) for name, text in given.headers.items()},
        hello=tuple(
            text.replace("{key}", key).replace("{symbols}", ",".join(given.symbols))
            for text in given.hello
        ),
    )


def _dig(value: Any, path: str) -> Any:
    """Return what lies at a path of names and places; raise LookupError or TypeError.

    >>> _dig({"bids": [{"price": "1.1"}]}, "bids.0.price")
    '1.1'
    """
    for part in filter(None, path.split(".")):
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value
