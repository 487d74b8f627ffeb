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
        """Add its nodes; see Network.

        Steps are one matrix [n x window, width]; of the last layer only the newest is drawn.
        """
        weight, bias = _arrays(self.entry)
        told = drawing.linear(entry, weight, self.place.numpy() + bias)
        steps = drawing.add("Reshape", told, drawing.constant(np.array([-1, len(bias)])))
        for layer in self.layers:
            steps = layer.draw(drawing, steps, self.window, is_last=layer is self.layers[-1])
        return drawing.plane(_draw_norm(drawing, steps, self.norm), *_arrays(self.head))


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

    def draw(self, drawing: Drawing, steps: str, window: int, *, is_last: bool) -> str:
        """Add its nodes; return the name of the steps after it, of the last layer the newest."""
        width = self.heads * self.part
        seen = _draw_norm(drawing, steps, self.before)
        asked = self._draw_attention(drawing, seen, window, is_last=is_last)
        told = drawing.add("Transpose", asked, perm=[0, 2, 1, 3])
        told = drawing.add("Reshape", told, drawing.constant(np.array([-1, width])))
        if is_last:
            apart = drawing.add("Reshape", steps, drawing.constant(np.array([-1, window, width])))
            steps = drawing.newest(apart, window)
        steps = drawing.add("Add", steps, drawing.plane(told, *_arrays(self.out)))
        inner = drawing.plane(_draw_norm(drawing, steps, self.middle), *_arrays(self.wide))
        inner = drawing.plane(drawing.add("Relu", inner), *_arrays(self.narrow))
        return drawing.add("Add", steps, inner)

    def _draw_attention(self, drawing: Drawing, seen: str, window: int, *, is_last: bool) -> str:
        """Add what each head [n, heads, steps, part] tells each step that asks."""
        weights, biases = zip(*map(_arrays, (self.query, self.key, self.value)), strict=True)
        joined = drawing.plane(seen, np.concatenate(weights), np.concatenate(biases))
        shape = np.array([-1, window, 3 * self.heads, self.part])
        joined = drawing.add("Reshape", joined, drawing.constant(shape))
        query, key, value = drawing.split(joined, (self.heads,) * 3, axis=2)
        if is_last:
            query = drawing.add("Gather", query, drawing.constant(np.array([window - 1])), axis=1)
        query, key, value = (
            drawing.add("Transpose", each, perm=perm)
            for each, perm in ((query, [0, 2, 1, 3]), (key, [0, 2, 3, 1]), (value, [0, 2, 1, 3]))
        )
        score = drawing.add("MatMul", query, key)
        score = drawing.add("Mul", score, drawing.constant(self.part**-0.5))
        return drawing.add("MatMul", drawing.add("Softmax", score, axis=-1), value)


def encode_places(window: int, width: int) -> NDArray[np.float32]:
    """Return what tells the steps of a window apart [window, width] (Vaswani, section 3.5)."""
    rate = LONGEST ** (-np.arange(0, width, 2) / width)
    angle = np.arange(window)[:, None] * rate
    return (
        np.stack((np.sin(angle), np.cos(angle)), axis=2).reshape(window, width).astype(np.float32)
    )


def _arrays(of: nn.Linear) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return of.weight.detach().numpy(), of.bias.detach().numpy()


def _draw_norm(drawing: Drawing, entry: str, of: nn.LayerNorm) -> str:
    return drawing.normalise(entry, of.weight.detach().numpy(), of.bias.detach().numpy())
