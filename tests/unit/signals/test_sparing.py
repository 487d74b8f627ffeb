import sys
from importlib import import_module

import pytest

from assay.signals.models.sparing import spared


def test_what_is_spared_is_absent_inside_and_there_again_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with pytest.raises(ModuleNotFoundError), spared(("colorsys",)):
        import_module("colorsys")
    assert import_module("colorsys").rgb_to_hls(1.0, 1.0, 1.0)[1] == 1.0


def test_what_was_imported_before_is_not_hidden() -> None:
    with spared(("sys",)):
        assert import_module("sys") is sys
