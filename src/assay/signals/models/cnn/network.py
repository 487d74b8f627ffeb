"""The network, and the graph of it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from assay.signals.models.drawing import Drawing

KERNEL = 3


class ConvolutionNetwork(nn.Module):
    """Read a window by causal dilated convolutions; answer from its last step and their mean."""

    def __init__(
        self, window: int, width: int, *, channels: int, layers: int, dropout: float
    ) -> None:
        super().__init__()
        self.window = window
        self.convolutions = nn.ModuleList(
            nn.Conv1d(channels if layer else width, channels, KERNEL, dilation=2**layer)
            for layer in range(layers)
        )
        self.drop = nn.Dropout(dropout)
        self.head = nn.Linear(2 * channels, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, windows: Tensor) -> Tensor:
        """Return the log odds [n] of scaled windows [n, window, k]."""
        steps = windows.transpose(1, 2)
        for layer, convolution in enumerate(self.convolutions):
            told = torch.relu(convolution(pad(steps, (_reach(layer), 0))))
            steps = steps + self.drop(told) if layer else self.drop(told)
        told = torch.cat((steps.mean(dim=2), steps[:, :, -1]), dim=1)
        return self.head(told).squeeze(1)

    def draw(self, drawing: Drawing, entry: str) -> str:
        """Add its nodes; see Network."""
        steps = drawing.add("Transpose", entry, perm=[0, 2, 1])
        for layer, convolution in enumerate(self.convolutions):
            weight = drawing.constant(convolution.weight.detach().numpy())
            bias = drawing.constant(convolution.bias.detach().numpy())
            told = drawing.add(
                "Relu",
                drawing.add(
                    "Conv", steps, weight, bias, dilations=[2**layer], kernel_shape=[KERNEL],
                    pads=[_reach(layer), 0],
                ),
            )  # fmt: skip
            steps = drawing.add("Add", steps, told) if layer else told
        mean = drawing.add("ReduceMean", steps, axes=[2], keepdims=0)
        steps = drawing.add("Transpose", steps, perm=[0, 2, 1])
        told = drawing.add("Concat", mean, drawing.newest(steps, self.window), axis=1)
        weight, bias = self.head.weight.detach().numpy(), self.head.bias.detach().numpy()
        return drawing.linear(told, weight, bias)


def _reach(layer: int) -> int:
    return (KERNEL - 1) * 2**layer
