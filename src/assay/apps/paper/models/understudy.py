"""A model beside the one that serves: made ready in a thread, then shown every bar."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from threading import Thread

from assay.apps.paper.models.candidates import Candidate
from assay.model.errors import AssayError
from assay.model.messages import BarClosed, FeaturesReady, Message, Predicted

SEEN = (BarClosed, FeaturesReady)


class Understudy:
    """Follow a feed with a model that may not be ready yet; until it is, bars wait for it.

    `prepare` runs in a thread, so that no bar of the one that serves waits for the loading.
    """

    def __init__(self, prepare: Callable[[], Candidate]) -> None:
        self._prepare = prepare
        self._waiting: deque[Message] = deque()
        self._candidate: Candidate | None = None
        self.fault = ""
        self._thread = Thread(target=self._make_ready, name="understudy", daemon=True)
        self._thread.start()

    def _make_ready(self) -> None:
        try:
            self._candidate = self._prepare()
        except AssayError as error:
            self.fault = str(error)
        except Exception as error:  # whatever a library raises, the one that serves goes on
            self.fault = f"{type(error).__name__}: {error}"

    @property
    def is_ready(self) -> bool:
        """Say whether it can forecast; never with a fault."""
        return self._candidate is not None

    @property
    def timings(self) -> Sequence[int]:
        """Return what its last forecasts took, in nanoseconds."""
        return self._candidate.predictor.forecaster.members.timings if self._candidate else ()

    @property
    def waiting(self) -> int:
        """Return how many messages it has not looked at."""
        return len(self._waiting)

    def hear(self, answers: Iterable[Message]) -> None:
        """Note what an event showed; costs nothing to speak of."""
        self._waiting += [each for each in answers if type(each) in SEEN]

    def catch_up(self) -> list[tuple[FeaturesReady, Predicted]]:
        """Forecast every bar that waits, once it is ready; return what it says of what it saw."""
        told: list[tuple[FeaturesReady, Predicted]] = []
        if self._candidate is None:
            return told
        predictor = self._candidate.predictor
        while self._waiting:
            seen = self._waiting.popleft()
            for answer in predictor.handle(seen):
                assert isinstance(seen, FeaturesReady)
                assert isinstance(answer, Predicted)
                told.append((seen, answer))
        return told

    def take_over(self) -> Candidate:
        """Return the model, which has seen every bar."""
        assert self._candidate is not None
        self.catch_up()
        return self._candidate

    def join(self) -> None:
        """Wait until it is ready or has failed."""
        self._thread.join()
