"""What the program says about itself: JSON lines in the home, human lines on stderr."""

from assay.runtime.logs.journal import LogEntry, follow_logs, read_logs
from assay.runtime.logs.open import Logger, open_log
from assay.runtime.logs.redaction import redact, redact_text

__all__ = ["LogEntry", "Logger", "follow_logs", "open_log", "read_logs", "redact", "redact_text"]
