"""The economic calendar: when figures were released, for which currency, and how much they move."""

from assay.market.news.reading import read_calendar
from assay.market.news.releases import Importance, Release, release_times

__all__ = ["Importance", "Release", "read_calendar", "release_times"]
