"""The processes of one running platform: started, restarted, stopped, found again after a kill."""

from assay.runtime.supervisor.leash import stop_signals, watch_parent
from assay.runtime.supervisor.leftovers import StopReport, platform_status, stop_platform
from assay.runtime.supervisor.ports import require_port
from assay.runtime.supervisor.state import ChildState, PlatformState, read_state
from assay.runtime.supervisor.tree import Program, Supervisor

__all__ = [
    "ChildState",
    "PlatformState",
    "Program",
    "StopReport",
    "Supervisor",
    "platform_status",
    "read_state",
    "require_port",
    "stop_platform",
    "stop_signals",
    "watch_parent",
]
