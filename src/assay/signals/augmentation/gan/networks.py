"""The two networks: one makes rows from noise, the other tells them from real ones."""

from __future__ import annotations

import torch
from torch import Tensor, nn

SLOPE = 0.2


class Generator(nn.Module):
    """Make scaled rows [n, width] from noise and what each is given, such as its direction."""

    def __init__(self, noise: int, given: int, width: int, units: int) -> None:
        super().__init__()
        self.straight = nn.Linear(noise + given, width)
        self.bent = _layers(noise + given, width, units)

    def forward(self, noise: Tensor, given: Tensor) -> Tensor:
        """Return scaled rows [n, width]."""
        told = torch.cat((noise, given), dim=1)
        return self.straight(told) + self.bent(told)


class Critic(nn.Module):
    """Score scaled rows [n, width] and what each was given; higher for real ones."""

    def __init__(self, width: int, given: int, units: int) -> None:
        super().__init__()
        self.layers = _layers(width + given, 1, units)

    def forward(self, rows: Tensor, given: Tensor) -> Tensor:
        """Return the scores [n]."""
        return self.layers(torch.cat((rows, given), dim=1)).squeeze(1)


def measure_penalty(critic: Critic, between: Tensor, given: Tensor) -> Tensor:
    """Return by how much the slope of the critic differs from 1 at these rows, squared, the mean.

    Source: I. Gulrajani and others, Improved training of Wasserstein GANs, NIPS, 2017, section 4.
    """
    between.requires_grad_(True)
    score = critic(between, given).sum()
    (slope,) = torch.autograd.grad(score, between, create_graph=True)
    return ((slope.norm(dim=1) - 1) ** 2).mean()


def _layers(entry: int, exit_: int, units: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(entry, units), nn.LeakyReLU(SLOPE), nn.Linear(units, units),
        nn.LeakyReLU(SLOPE), nn.Linear(units, exit_),
    )  # fmt: skip
