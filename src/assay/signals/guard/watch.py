"""What a model promised on its calibration span, as its guard holds it to that."""

from __future__ import annotations

import msgspec

from assay.signals.calibration import ONE, StepTable


class Watch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold what a guard starts from; the defaults are those of a model that was taught without.

    `reach` is the share of certainty (ten-thousandths) that a direction may lack and still be in
    the prediction set at first. `soon` maps the calibrated probability of a rise over the horizon
    to that over its first `lag` bars; without it claims are about the whole horizon. `promised` is
    how often the claims of the calibration span were to be right at least, `claimed` the share of
    its rows with a claim, `kept` how often those were right.
    """

    reach: int = ONE // 2
    lag: int = 0
    soon: StepTable | None = None
    promised: float | None = None
    claimed: float | None = None
    kept: float | None = None
