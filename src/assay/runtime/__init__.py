"""The engine room: clock, ids, bus, runners, journal, stores, supervisor."""
