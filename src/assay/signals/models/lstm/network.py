"""The network, and the graph of it."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from assay.signals.models.drawing import Drawing

# PyTorch lays its gates out as input, forget, cell, output; ONNX as input, output, forget, cell.
GATES = (0, 3, 1, 2)


class LstmNetwork(nn.Module):
    """Read a window by layers of LSTM units; answer from the last step and a mean by attention."""

    def __init__(self, window: int, width: int, *, units: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.window, self.units, self.layers = window, units, layers
        between = dropout if layers > 1 else 0.0
        self.memory = nn.LSTM(width, units, layers, batch_first=True, dropout=between)
        self.asking = nn.Linear(units, units)
        self.score = nn.Linear(units, 1, bias=False)
        self.drop = nn.Dropout(dropout)
        self.head = nn.Linear(2 * units, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, windows: Tensor) -> Tensor:
        """Return the log odds [n] of scaled windows [n, window, k]."""
        steps, _ = self.memory(windows)
        share = torch.softmax(self.score(torch.tanh(self.asking(steps))), dim=1)
        context = (share.transpose(1, 2) @ steps).squeeze(1)
        told = self.drop(torch.cat((context, steps[:, -1]), dim=1))
        return self.head(told).squeeze(1)

    def draw(self, drawing: Drawing, entry: str) -> str:
        """Add its nodes; see Network."""
        weights = {name: each.numpy() for name, each in self.state_dict().items()}
        one = drawing.constant(np.array([1]))
        steps = drawing.add("Transpose", entry, perm=[1, 0, 2])
        for layer in range(self.layers):
            inner = [
                drawing.constant(value[None]) for value in _gather_layer(weights, layer, self.units)
            ]
            every = drawing.add("LSTM", steps, *inner, hidden_size=self.units)
            steps = drawing.add("Squeeze", every, one)
        steps = drawing.add("Transpose", steps, perm=[1, 0, 2])
        asked = drawing.linear(steps, weights["asking.weight"], weights["asking.bias"])
        score = drawing.linear(drawing.add("Tanh", asked), weights["score.weight"], None)
        share = drawing.add("Transpose", drawing.add("Softmax", score, axis=1), perm=[0, 2, 1])
        context = drawing.add("Squeeze", drawing.add("MatMul", share, steps), one)
        told = drawing.add("Concat", context, drawing.newest(steps, self.window), axis=1)
        return drawing.linear(told, weights["head.weight"], weights["head.bias"])


def _gather_layer(
    weights: dict[str, NDArray[np.float32]], layer: int, units: int
) -> tuple[NDArray[np.float32], ...]:
    def order(name: str) -> NDArray[np.float32]:
        gates = weights[f"memory.{name}_l{layer}"].reshape(4, units, -1)
        return gates[list(GATES)].reshape(4 * units, -1)

    biases = np.concatenate((order("bias_ih")[:, 0], order("bias_hh")[:, 0]))
    return order("weight_ih"), order("weight_hh"), biases
