"""What the history asks of the analytics store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import pyarrow as pa


class AnalyticsStore(Protocol):
    """Run ClickHouse SQL with parameters written {name:Type}."""

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pa.Table: ...

    def execute(self, sql: str, parameters: Mapping[str, Any] | None = None) -> None: ...

    def insert(self, table: str, rows: pa.Table) -> None: ...
