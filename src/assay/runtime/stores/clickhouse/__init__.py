"""The analytics store: ClickHouse in one owner process per home, reached over a unix socket.

`import chdb` happens in the owner alone: it costs 0.4 s and 150 MB, and one data folder takes
one process.
"""

from assay.runtime.stores.clickhouse.client import Analytics, open_analytics
from assay.runtime.stores.clickhouse.launch import owner_pid, stop_owner
from assay.runtime.stores.clickhouse.migrations import apply_migrations

__all__ = ["Analytics", "apply_migrations", "open_analytics", "owner_pid", "stop_owner"]
