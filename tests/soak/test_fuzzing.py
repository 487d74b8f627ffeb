"""Mutated files of every format, for as long as the budget lasts: read, or refused in one line."""

from __future__ import annotations

import random
from itertools import cycle
from pathlib import Path

from assay.market.quality import assess
from assay.market.reading import find_source
from assay.model.errors import AssayError
from assay.runtime.clock import Deadline
from tests.contract.samples import SAMPLES, Sample, write_sample
from tests.contract.test_source import mutate, request_of

BATCH = 50
SHARE = 0.9
"""Of the budget; the rest is for the batch that is under way when it ends."""


def feed_mutations(name: str, sample: Sample, folder: Path, seed: int) -> None:
    path = write_sample(folder, sample)
    good, source, rng = path.read_bytes(), find_source(name), random.Random(seed)
    for number in range(BATCH):
        told = f"{name} {sample.name}, seed {seed}, mutation {number}"
        path.write_bytes(mutate(good, rng))
        refusal = ""
        try:
            found = assess(source.read(request_of(path, sample)))
        except AssayError as error:
            refusal = str(error)
        except Exception as error:
            raise AssertionError(told) from error
        if refusal:
            assert "\n" not in refusal, told
            assert path.name in refusal, told
        else:
            assert len(found.series) + len(found.rejects) == found.read, told


def test_mutated_files_are_read_or_refused(
    tmp_path: Path, soak_seconds: float, soak_seed: int
) -> None:
    cases = [(name, sample) for name, samples in SAMPLES.items() for sample in samples]
    deadline = Deadline(SHARE * soak_seconds)
    for number, (name, sample) in enumerate(cycle(cases)):
        folder = tmp_path / str(number % len(cases))
        folder.mkdir(exist_ok=True)
        feed_mutations(name, sample, folder, soak_seed + number)
        if deadline.has_passed():
            return
