"""Vendors' text files: guarded blocks of lines, columns of numbers, columns of times."""

from assay.market.text.blocks import Block, open_member, peek_lines, read_blocks
from assay.market.text.clocks import to_utc_rows
from assay.market.text.sheets import Layout, Sheet, read_sheet
from assay.market.text.times import parse_times

__all__ = [
    "Block",
    "Layout",
    "Sheet",
    "open_member",
    "parse_times",
    "peek_lines",
    "read_blocks",
    "read_sheet",
    "to_utc_rows",
]
