"""Read TrueFX ticks (UTC): EUR/USD,20130101 22:00:00.295,1.1,1.2 or timestamp,bid,ask."""

from __future__ import annotations

import re
from dataclasses import replace

from assay.market.naming import Naming, name_from_words, parse_symbol
from assay.market.reading import RawSeries, ReadRequest, from_sheet, identify
from assay.market.text import Layout, peek_lines, read_sheet
from assay.model.errors import DataError
from assay.model.zones import zone_table

PRICES = ("bid", "ask")
GENUINE = Layout(
    delimiter=",", names=("symbol", "time", *PRICES), numbers=PRICES,
    times={"time": "YYYYmmdd HH:MM:SS"},
)  # fmt: skip
HEADED = Layout(
    delimiter=",", names=("time", *PRICES), numbers=PRICES,
    times={"time": "YYYY-mm-dd HH:MM:SS"}, header_lines=1,
)  # fmt: skip
_NAME = re.compile(r"([A-Za-z]{6})-(?:ticks|\d{4}-\d{2})")
_PAIR = re.compile(r"([A-Z]{3}/[A-Z]{3}),")


def read(request: ReadRequest) -> RawSeries:
    """Read one file of ticks; raise DataError for another layout."""
    path = request.path
    first = peek_lines(path, 1)[0]
    found = _NAME.match(path.name)
    named = Naming(found[1].upper(), is_tick=True) if found else name_from_words(path)
    pair = _PAIR.match(first)
    if pair:
        layout, named = GENUINE, Naming(parse_symbol(pair[1]), is_tick=True)
    elif first.lower().replace(" ", "") in ("timestamp,bid,ask", "time,bid,ask"):
        layout = HEADED
    elif first.count(",") == 2 and first[:1].isdigit():
        layout = replace(HEADED, header_lines=0)
    else:
        raise DataError(
            f"{path}: line 1: {first[:60]!r} is no TrueFX tick (EUR/USD,time,bid,ask); "
            "pick another format"
        )
    identity = identify(request, named, is_tick=True)
    sheet = read_sheet(path, layout)
    zone = zone_table(request.zone or "UTC+0")
    return from_sheet(sheet, identity, source="truefx", side="quote", zone=zone)
