"""Serve a fitted model by ONNX Runtime: one thread, the same options in every driver."""

from __future__ import annotations

import numpy as np
import onnxruntime

from assay.model.errors import DataError
from assay.signals.models.ports import Float32s

CHUNK = 65_536
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
        self.width: int = entry.shape[1]
        self.classes: int = self._session.get_outputs()[1].shape[1]

    def predict(self, features: Float32s) -> Float32s:
        """Return [n] for features [n, k]; raise DataError for another width."""
        return self.predict_classes(features)[:, UP]

    def predict_classes(self, features: Float32s) -> Float32s:
        """Return the probability of each class [n, classes]; raise DataError for another width."""
        if features.ndim != 2 or features.shape[1] != self.width:
            raise DataError(f"features are {features.shape}, the model takes [n, {self.width}]")
        run, name = self._session.run, self._input
        parts = [
            run([OUTPUT], {name: features[at : at + CHUNK]})[0]
            for at in range(0, len(features), CHUNK)
        ]
        if len(parts) == 1:
            return np.asarray(parts[0])
        return np.concatenate(parts) if parts else np.empty((0, self.classes), dtype=np.float32)
