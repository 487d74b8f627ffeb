"""What the trainer tells while it teaches, and which model it taught for a plan before."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import msgspec

from assay.apps.config import Config
from assay.apps.paper.plan import MODEL_FILE, Plan
from assay.runtime.home import Home
from assay.runtime.program import program_digest

TAUGHT = "taught.json"
KNOWN = ".taught"


class Teaching(msgspec.Struct, frozen=True, kw_only=True):
    """Say what the trainer is at, and at the end which model it made."""

    stage: str
    share: float
    model: str = ""
    skilled: bool = False
    seconds: float = 0.0


def read_teaching(home: Home) -> Teaching | None:
    """Return what the trainer last told, None before it has told anything."""
    try:
        return msgspec.json.decode((home.path / "run" / TAUGHT).read_bytes(), type=Teaching)
    except (OSError, msgspec.MsgspecError):
        return None


def place_of_lesson(home: Home, plan: Plan, config: Config) -> Path:
    """Return where the model of a plan is noted: under all that decides it, the code included."""
    digest = sha256(msgspec.json.encode((plan.seed, plan.kind, plan.strength, config)))
    digest.update(program_digest().encode())
    return home.path / "models" / KNOWN / digest.hexdigest()[:16]


def known_model(home: Home, plan: Plan, config: Config) -> str | None:
    """Return the model that was taught for such a plan before, None where there is none."""
    lesson = place_of_lesson(home, plan, config)
    model = lesson.read_text() if lesson.exists() else ""
    return model if model and (home.path / "models" / model / MODEL_FILE).is_file() else None
