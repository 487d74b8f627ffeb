"""Turn a served graph into one that MetaTrader 5 runs: one row at a time, float32 in and out.

MQL5's OnnxCreate takes no graph whose sizes are open unless the script sets them; one that is fixed
needs no call but OnnxRun: https://www.mql5.com/en/docs/onnx.
"""

from __future__ import annotations

from collections.abc import Mapping

import onnx

from assay.signals.models.serving import OUTPUT


def to_mql5(graph: bytes, about: Mapping[str, str]) -> bytes:
    """Return the graph of one row to probabilities [1, classes], with what is told about it.

    The label goes, with all that only it needs. `about` becomes the graph's metadata.
    """
    model = onnx.load_from_string(graph)
    told = [each for each in model.graph.output if each.name == OUTPUT]
    del model.graph.output[:]
    model.graph.output.extend(told)
    _prune(model.graph)
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = 1
    del model.graph.value_info[:]
    onnx.helper.set_model_props(model, dict(about))
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def _prune(graph: onnx.GraphProto) -> None:
    needed = {each.name for each in graph.output}
    kept = []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            kept.append(node)
            needed.update(node.input)
    del graph.node[:]
    graph.node.extend(reversed(kept))
