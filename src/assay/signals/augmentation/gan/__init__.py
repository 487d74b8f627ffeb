"""A conditional Wasserstein GAN with gradient penalty over the features of rows, or of windows.

Sources: I. Gulrajani and others, Improved training of Wasserstein GANs, NIPS, 2017; M. Mirza,
S. Osindero, Conditional generative adversarial nets, 2014.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from assay.signals.augmentation.gan.contest import Course, make_rows
from assay.signals.augmentation.ports import Made, MakeRequest


@dataclass(frozen=True, slots=True)
class Gan:
    """Make rows; see Augmentation."""

    name: str = "gan"
    course: Course = field(default_factory=Course)

    def make(self, request: MakeRequest) -> Made:
        """Teach a generator by a critic, for a fixed number of steps, and let it make rows."""
        return make_rows(request, self.course)


PLUGIN = Gan()
