"""Compiled code is kept for the sources that are in use, and not for ever for those that were."""

from __future__ import annotations

import os
from pathlib import Path

from assay.kernel.compiling import UNUSED_SECONDS, forget_unused


def test_code_that_nobody_used_for_long_is_removed(tmp_path: Path) -> None:
    now = tmp_path / "now"
    ages = {"now": 0, "recent": UNUSED_SECONDS - 60, "old": UNUSED_SECONDS + 60}
    for name, age in ages.items():
        folder = tmp_path / name
        folder.mkdir()
        (folder / "step.nbi").write_bytes(b"code")
        os.utime(folder, (10**9 - age, 10**9 - age))
    forget_unused(now)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["now", "recent"]
    assert (tmp_path / "recent" / "step.nbi").exists()
