"""Teach a network of windows by gradient descent; each epoch is kept, later rows end it.

On one thread and by deterministic algorithms, so that equal requests give equal graphs on a CPU;
on a GPU, which is taken where PyTorch finds one, almost equal ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.nn.utils import clip_grad_norm_, parameters_to_vector, vector_to_parameters

from assay.model.errors import DataError
from assay.runtime.ids import seeded_generator
from assay.signals.models.boosting import Pace, boost
from assay.signals.models.drawing import ENTRY, Drawing
from assay.signals.models.ports import Examples, Features, FitRequest, Fitted, Float64s
from assay.signals.models.windows import as_windows

OUTLYING = 5.0
"""Standard deviations that a feature is held within."""
GRADIENT_MOST = 1.0
ANSWERED = 1_024
SEEDS = 2**63
PARITY_MOST = 1e-5


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Say how a network is taught: epochs at most, how many may gain nothing, rows a step.

    `rate` and `decay` are those of AdamW: I. Loshchilov, F. Hutter, Decoupled weight decay
    regularization, ICLR, 2019.
    """

    epochs: int = 8
    patience: int = 2
    batch: int = 128
    rate: float = 1e-3
    decay: float = 0.01


class Network(Protocol):
    """Hold weights, answer the log odds of up, and draw what it computes as an ONNX graph."""

    def __call__(self, windows: Tensor) -> Tensor:
        """Return the log odds [n] of scaled windows [n, window, k]."""
        ...

    def draw(self, drawing: Drawing, entry: str) -> str:
        """Add the nodes from scaled windows to log odds [n, 1]; return the last one's name."""
        ...


class Scaled(nn.Module):
    """Standardise features by what the fit rows were, then ask a network."""

    def __init__(self, network: nn.Module, newest: NDArray[np.float32]) -> None:
        super().__init__()
        self.network = network
        mean, inverse = measure_rows(newest)
        self.register_buffer("mean", torch.from_numpy(mean))
        self.register_buffer("inverse", torch.from_numpy(inverse))

    def forward(self, windows: Tensor) -> Tensor:
        """Return the log odds [n]; what is NaN, as volume is where there is none, is the mean."""
        held = ((windows - self.mean) * self.inverse).clamp(-OUTLYING, OUTLYING)
        return self.network(torch.where(windows.isnan(), torch.zeros_like(held), held))

    def to_onnx(self, window: int) -> bytes:
        """Return the bytes of its graph."""
        drawing = Drawing()
        mean, inverse = self.mean.numpy(), self.inverse.numpy()
        logit = self.network.draw(drawing, drawing.scale(ENTRY, mean, inverse, OUTLYING))
        return drawing.finish(logit, window, len(mean))


def teach(
    request: FitRequest, recipe: str, course: Course, build: Callable[[int, int], nn.Module]
) -> Fitted:
    """Teach the network that `build` makes of window and width; go on from a checkpoint.

    Raises DataError where all rows rose, or all fell.
    """
    if request.fit.up.min() == request.fit.up.max():
        raise DataError("all rows to fit on moved one way; give more data")
    device = find_device()
    whole = f"{recipe}, torch {torch.__version__} on {device.type}, seed {request.seed}, {course}"
    pace = Pace(least=0, most=course.epochs, patience=course.patience, block=1)
    with alone(device):
        descent = _Descent(request, course, build, device)
        found = boost(request, whole, pace, descent.run)
        model = descent.recall(found.model)
    facts: dict[str, float | int | str] = {
        "epochs": found.best.rounds, "stop_log_loss": round(found.best.loss, 6),
        "window": descent.window, "fitted_rows": len(request.fit),
        "weights": sum(each.numel() for each in model.parameters()),
    }  # fmt: skip

    def predict(features: Features) -> Float64s:
        with alone(torch.device("cpu")), torch.no_grad():
            parts = [
                torch.sigmoid(model(torch.from_numpy(np.array(features[at : at + ANSWERED]))))
                for at in range(0, len(features), ANSWERED)
            ]
            return np.asarray(torch.cat(parts).numpy(), np.float64)

    return Fitted(model.to_onnx(descent.window), facts, predict, PARITY_MOST)


def find_device() -> torch.device:
    """Return the GPU where PyTorch finds one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@contextmanager
def alone(device: torch.device) -> Iterator[None]:
    """Compute on one thread by deterministic algorithms, and leave chance as it was found."""
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    on_gpu = device.type == "cuda"
    torch.set_num_threads(1)
    # Some of a GPU's kernels are exact only by settings of the process; they warn.
    torch.use_deterministic_algorithms(True, warn_only=on_gpu)
    try:
        with torch.random.fork_rng([torch.cuda.current_device()] if on_gpu else []):
            yield
    finally:
        torch.use_deterministic_algorithms(strict)
        torch.set_num_threads(threads)


class State(msgspec.Struct, frozen=True):
    """Hold weights, the moments that Adam has of their gradients, and its steps so far."""

    weights: bytes
    first: bytes
    second: bytes
    steps: int


class _Kept(State, frozen=True):
    best: bytes
    loss: float


class _Rows:
    def __init__(self, examples: Examples, device: torch.device) -> None:
        windows = as_windows(examples.features)
        self.rows = torch.from_numpy(np.require(windows.rows, requirements="W")).to(device)
        self.last = torch.from_numpy(windows.last).to(device)
        self.up = torch.from_numpy(examples.up.astype(np.float32)).to(device)
        weight = examples.weight / examples.weight.mean()
        self.weight = torch.from_numpy(weight.astype(np.float32)).to(device)
        self.back = torch.arange(1 - windows.length, 1, device=device)

    def loss(self, model: nn.Module, chosen: Tensor) -> Tensor:
        logit = model(self.rows[self.last[chosen, None] + self.back])
        return binary_cross_entropy_with_logits(logit, self.up[chosen], weight=self.weight[chosen])


class _Descent:
    def __init__(
        self, request: FitRequest, course: Course, build: Callable[[int, int], nn.Module],
        device: torch.device,
    ) -> None:  # fmt: skip
        newest = as_windows(request.fit.features)
        _, self.window, width = newest.shape
        torch.manual_seed(request.seed % SEEDS)
        self._request, self._course, self._device = request, course, device
        self._model = Scaled(build(self.window, width), newest.newest).to(device)
        self._weights = list(self._model.parameters())
        self._fit, self._stop = _Rows(request.fit, device), _Rows(request.stop, device)

    def run(self, model: bytes, done: int, _epochs: int) -> tuple[bytes, list[float]]:
        """Return the state after one more epoch, and the log loss of later rows; see Grow."""
        optimiser = torch.optim.AdamW(
            self._weights, lr=self._course.rate, weight_decay=self._course.decay, foreach=True
        )
        best = self._open(model, optimiser)
        torch.manual_seed((self._request.seed + done + 1) % SEEDS)
        order = seeded_generator(self._request.seed, done).permutation(len(self._request.fit))
        self._model.train()
        for batch in torch.from_numpy(order).to(self._device).split(self._course.batch):
            optimiser.zero_grad()
            self._fit.loss(self._model, batch).backward()
            clip_grad_norm_(self._weights, GRADIENT_MOST)
            optimiser.step()
        loss = self._judge()
        return self._keep(optimiser, loss, best), [loss]

    def recall(self, model: bytes) -> Scaled:
        """Return the network of the epoch that was best, on the CPU."""
        self._load(msgspec.msgpack.decode(model, type=_Kept).best)
        return self._model.cpu().eval()

    def _judge(self) -> float:
        self._model.eval()
        count = len(self._request.stop)
        with torch.no_grad():
            parts = [
                float(self._stop.loss(self._model, part)) * len(part)
                for part in torch.arange(count, device=self._device).split(ANSWERED)
            ]
        return sum(parts) / count

    def _load(self, weights: bytes) -> None:
        load_weights(self._weights, weights)

    def _open(self, model: bytes, optimiser: torch.optim.AdamW) -> _Kept | None:
        if not model:
            return None
        kept = msgspec.msgpack.decode(model, type=_Kept)
        load_state(self._weights, optimiser, kept)
        return kept

    def _keep(self, optimiser: torch.optim.AdamW, loss: float, past: _Kept | None) -> bytes:
        now = tell_state(self._weights, optimiser)
        is_best = past is None or loss < past.loss
        return msgspec.msgpack.encode(
            _Kept(
                now.weights, now.first, now.second, now.steps,
                now.weights if is_best else past.best, loss if is_best else past.loss,
            )
        )  # fmt: skip


def tell_state(weights: list[nn.Parameter], optimiser: torch.optim.Optimizer) -> State:
    """Return weights as they are, and what Adam remembers of them, as plain bytes."""
    states = [optimiser.state[each] for each in weights]
    return State(
        _tell(weights), _tell([state["exp_avg"] for state in states]),
        _tell([state["exp_avg_sq"] for state in states]), int(states[0]["step"]),
    )  # fmt: skip


def load_state(weights: list[nn.Parameter], optimiser: torch.optim.Optimizer, state: State) -> None:
    """Give weights and Adam back what tell_state told of them."""
    load_weights(weights, state.weights)
    sizes, device = [each.numel() for each in weights], weights[0].device
    parts = zip(*(_read(told, device).split(sizes) for told in (state.first, state.second)),
                strict=True)  # fmt: skip
    for each, (first, second) in zip(weights, parts, strict=True):
        optimiser.state[each] = {
            "step": torch.tensor(float(state.steps)), "exp_avg": first.view_as(each).clone(),
            "exp_avg_sq": second.view_as(each).clone(),
        }  # fmt: skip


def load_weights(weights: list[nn.Parameter], told: bytes) -> None:
    """Give weights the values that were told of them."""
    vector_to_parameters(_read(told, weights[0].device), weights)


def _read(told: bytes, device: torch.device) -> Tensor:
    return torch.from_numpy(np.frombuffer(told, np.float32).copy()).to(device)


def _tell(tensors: Sequence[Tensor]) -> bytes:
    return parameters_to_vector(tensors).detach().cpu().numpy().tobytes()


def measure_rows(rows: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return mean and 1 / spread of each column [k] of rows [n, k], NaN left out.

    What is always the same has a spread of 1; of what was never known, 1 / spread is 0.
    """
    known = np.isfinite(rows)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, rows, 0.0).sum(axis=0, dtype=np.float64) / count
    power = np.where(known, rows - mean, 0.0) ** 2
    spread = np.sqrt(power.sum(axis=0, dtype=np.float64) / count)
    spread[spread == 0] = 1.0
    # What was never known while it learnt moves nothing when it is known later.
    seen = known.any(axis=0)
    return mean.astype(np.float32), np.where(seen, 1 / spread, 0.0).astype(np.float32)
