"""Processors that stay awake: a sleeping one answers late, by milliseconds on a virtual machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from struct import pack

from assay.model.errors import OperatorError

DEVICE = Path("/dev/cpu_dma_latency")
_NO_LATENCY = pack("=i", 0)


@contextmanager
def stay_awake(device: Path = DEVICE) -> Iterator[None]:
    """Keep every processor of the machine from sleeping until the block ends or the process does.

    Raises OperatorError where the system has no such promise to give, or not to this user. Source:
    the kernel's PM QoS interface, docs.kernel.org/power/pm_qos_interface.html.
    """
    try:
        promise = os.open(device, os.O_WRONLY | os.O_CLOEXEC)
    except OSError as error:
        raise OperatorError(
            f"machine.stay_awake: {device} cannot be opened ({error.strerror}); give this user "
            "the device (docs/latency.md) or set machine.stay_awake = false"
        ) from None
    try:
        os.write(promise, _NO_LATENCY)
        yield
    finally:
        os.close(promise)
