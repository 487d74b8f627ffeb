"""The built page: a fixed set of files, known by name before anybody asks."""

from __future__ import annotations

import mimetypes
from pathlib import Path

from fastapi import Response

FOLDER = Path(__file__).parent / "page"
INDEX = "index.html"
FOREVER = {"cache-control": "public, max-age=31536000, immutable"}
FRESH = {"cache-control": "no-cache"}
ABSENT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Assay</title>
<h1>The page is not built</h1><p>Run <code>make install</code> in the folder of the repository; it
builds the page. Until then, <code>assay status</code>, <code>assay halt</code> and
<code>assay resume</code> work.</p></html>"""


class Page:
    """Answer with files of a folder; what was not in it at the start does not exist."""

    def __init__(self, folder: Path = FOLDER) -> None:
        root = folder.resolve()
        self._files = {
            path.relative_to(root).as_posix(): path
            for path in sorted(root.rglob("*"))
            if path.is_file() and path.resolve().is_relative_to(root)
        }

    def get(self, name: str) -> Response | None:
        """Return a file, the page itself for the empty name, None for what is not there."""
        if not name:
            return self._index()
        path = self._files.get(name)
        if path is None:
            return None
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        # Built files carry a digest of their content in their name.
        headers = FOREVER if name.startswith("assets/") else FRESH
        return Response(path.read_bytes(), media_type=kind, headers=headers)

    def _index(self) -> Response:
        path = self._files.get(INDEX)
        if path is None:
            return Response(ABSENT, 503, media_type="text/html", headers=FRESH)
        return Response(path.read_bytes(), media_type="text/html", headers=FRESH)
