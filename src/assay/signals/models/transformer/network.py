"""The network, and the graph of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from assay.signals.models.drawing import Drawing

LONGEST = 10_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Hold how many layers there are, how wide each step, its heads, and what lies between."""

    layers: int = 6
    width: int = 32
    heads: int = 4
    between: int = 64
    dropout: float = 0.1


class TransformerNetwork(nn.Module):
    """Read a window by layers of self-attention; answer from its last step."""

    def __init__(self, window: int, width: int, *, sizes: Sizes) -> None:
        super().__init__()
        self.window = window
        self.entry = nn.Linear(width, sizes.width)
        self.register_buffer("place", torch.from_numpy(encode_places(window, sizes.width)))
        self.layers = nn.ModuleList(AttentionLayer(sizes) for _ in range(sizes.layers))
        self.norm = nn.LayerNorm(sizes.width)
        self.head = nn.Linear(sizes.width, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, windows: Tensor) -> Tensor:
        """Return the log odds [n] of scaled windows [n, window, k]."""
        steps = self.entry(windows) + self.place
        for layer in self.layers:
            steps = layer(steps)
        return self.head(self.norm(steps[:, -1])).squeeze(1)

    def draw(self, drawing: Drawing, entry: str) -> str:
        """Add its nodes; see Network."""
        places = drawing.constant(self.place.numpy())
        steps = drawing.add("Add", _draw_linear(drawing, entry, self.entry), places)
        for layer in self.layers:
            steps = layer.draw(drawing, steps, self.window)
        told = _draw_norm(drawing, drawing.newest(steps, self.window), self.norm)
        return _draw_linear(drawing, told, self.head)


class AttentionLayer(nn.Module):
    """Let each step attend to all, then pass it through two linear maps; add both to it."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.heads, self.part = sizes.heads, sizes.width // sizes.heads
        self.before, self.middle = nn.LayerNorm(sizes.width), nn.LayerNorm(sizes.width)
        self.query, self.key, self.value, self.out = (
            nn.Linear(sizes.width, sizes.width) for _ in range(4)
        )
        self.wide = nn.Linear(sizes.width, sizes.between)
        self.narrow = nn.Linear(sizes.between, sizes.width)
        self.drop = nn.Dropout(sizes.dropout)

    def forward(self, steps: Tensor) -> Tensor:
        """Return steps [n, window, width] after this layer."""
        seen = self.before(steps)
        query, key, value = (
            each(seen).unflatten(2, (self.heads, self.part)).transpose(1, 2)
            for each in (self.query, self.key, self.value)
        )
        score = query @ key.transpose(2, 3) * self.part**-0.5
        told = (torch.softmax(score, dim=-1) @ value).transpose(1, 2).flatten(2)
        steps = steps + self.drop(self.out(told))
        inner = torch.relu(self.wide(self.middle(steps)))
        return steps + self.drop(self.narrow(inner))

    def draw(self, drawing: Drawing, steps: str, window: int) -> str:
        """Add its nodes; return the name of the steps after it."""
        seen = _draw_norm(drawing, steps, self.before)
        parted = drawing.constant(np.array([-1, window, self.heads, self.part]))
        joined = drawing.constant(np.array([-1, window, self.heads * self.part]))

        def part(of: nn.Linear, perm: list[int]) -> str:
            shown = drawing.add("Reshape", _draw_linear(drawing, seen, of), parted)
            return drawing.add("Transpose", shown, perm=perm)

        product = drawing.add(
            "MatMul", part(self.query, [0, 2, 1, 3]), part(self.key, [0, 2, 3, 1])
        )
        score = drawing.add("Mul", product, drawing.constant(self.part**-0.5))
        share = drawing.add("Softmax", score, axis=-1)
        told = drawing.add("MatMul", share, part(self.value, [0, 2, 1, 3]))
        told = drawing.add("Transpose", told, perm=[0, 2, 1, 3])
        told = drawing.add("Reshape", told, joined)
        steps = drawing.add("Add", steps, _draw_linear(drawing, told, self.out))
        inner = _draw_linear(drawing, _draw_norm(drawing, steps, self.middle), self.wide)
        inner = _draw_linear(drawing, drawing.add("Relu", inner), self.narrow)
        return drawing.add("Add", steps, inner)


def encode_places(window: int, width: int) -> NDArray[np.float32]:
    """Return what tells the steps of a window apart [window, width] (Vaswani, section 3.5)."""
    rate = LONGEST ** (-np.arange(0, width, 2) / width)
    angle = np.arange(window)[:, None] * rate
    return (
        np.stack((np.sin(angle), np.cos(angle)), axis=2).reshape(window, width).astype(np.float32)
    )


def _draw_linear(drawing: Drawing, entry: str, of: nn.Linear) -> str:
    return drawing.linear(entry, of.weight.detach().numpy(), of.bias.detach().numpy())


def _draw_norm(drawing: Drawing, entry: str, of: nn.LayerNorm) -> str:
    return drawing.normalise(entry, of.weight.detach().numpy(), of.bias.detach().numpy())
