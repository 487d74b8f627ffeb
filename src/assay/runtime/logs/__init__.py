"""What the program says about itself: JSON lines in the home, human lines on stderr."""

from assay.runtime.logs.journal import LogEntry, follow_logs, read_logs
from assay.runtime.logs.open import Logger, human_line, open_log

__all__ = ["LogEntry", "Logger", "follow_logs", "human_line", "open_log", "read_logs"]
