"""What a model was taught, as far as the page tells: the names of its features."""

from __future__ import annotations

import msgspec

from assay.runtime.home import Home

# The room `signals` reads a model whole, and loads ONNX Runtime for it; here two fields suffice.
DESCRIPTION = "model.json"


class _Taught(msgspec.Struct, frozen=True):
    features: tuple[str, ...]
    features_digest: str


class _Model(msgspec.Struct, frozen=True):
    taught: _Taught


def feature_names(home: Home, model: str, digest: str) -> tuple[str, ...]:
    """Return the names of the features that a model was taught by, empty where they are others."""
    path = home.path / "models" / model / DESCRIPTION
    try:
        taught = msgspec.json.decode(path.read_bytes(), type=_Model).taught
    except (OSError, msgspec.MsgspecError):
        return ()
    return taught.features if taught.features_digest == digest else ()
