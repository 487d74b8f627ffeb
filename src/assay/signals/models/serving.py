"""Serve a fitted model by ONNX Runtime: one thread, the same options in every driver."""

from __future__ import annotations

import numpy as np
import onnxruntime

from assay.model.errors import DataError
from assay.signals.models.ports import Features, Float32s

CHUNK = 65_536
CUT = 1_024
"""Windows that are cut from their rows at once; a graph is given them one by one."""
OUTPUT = "probabilities"
UP = 1


class OnnxClassifier:
    """Answer the probability of up; one row gives the same bits as a batch."""

    def __init__(self, graph: bytes) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                graph, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise DataError(f"the model is no ONNX graph ({error}); train it again") from error
        entry = self._session.get_inputs()[0]
        self._input: str = entry.name
        self._shape: tuple[int, ...] = tuple(entry.shape[1:])
        self.window: int = self._shape[0] if len(self._shape) > 1 else 1
        self.width: int = self._shape[-1]
        self.classes: int = self._session.get_outputs()[1].shape[1]

    def predict(self, features: Features) -> Float32s:
        """Return [n] for features [n, k], or windows of them; raise DataError for other sizes."""
        return self.predict_classes(features)[:, UP]

    def warm_up(self) -> None:
        """Answer once about nothing."""
        self.predict_classes(np.zeros((1, *self._shape), np.float32))

    def predict_classes(self, features: Features) -> Float32s:
        """Return the probability of each class [n, classes]; raise DataError for other sizes."""
        if tuple(features.shape[1:]) != self._shape:
            wanted = ", ".join(map(str, self._shape))
            raise DataError(f"features are {features.shape}, the model takes [n, {wanted}]")
        if len(features) == 1:
            return self._answer(np.asarray(features))
        if self.window > 1:
            return self._answer_windows(features)
        parts = [
            self._answer(np.asarray(features[at : at + CHUNK]))
            for at in range(0, len(features), CHUNK)
        ]
        if len(parts) == 1:
            return parts[0]
        return np.concatenate(parts) if parts else np.empty((0, self.classes), dtype=np.float32)

    def _answer_windows(self, windows: Features) -> Float32s:
        # One a call: the order in which products of matrices are summed up may hang on how many
        # there are, and whoever trades has one.
        found = np.empty((len(windows), self.classes), dtype=np.float32)
        for begin in range(0, len(windows), CUT):
            cut = np.asarray(windows[begin : begin + CUT])
            for at in range(len(cut)):
                found[begin + at] = self._answer(cut[at : at + 1])[0]
        return found

    def _answer(self, rows: Float32s) -> Float32s:
        return np.asarray(self._session.run([OUTPUT], {self._input: rows})[0])
