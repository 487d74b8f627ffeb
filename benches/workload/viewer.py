"""A page that is open: sign in by a link, then read the stream until the server goes away.

Usage: python -m benches.workload.viewer LINK
"""

from __future__ import annotations

import sys
from urllib.parse import urlsplit

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect


def view(link: str) -> None:
    """Open the page's stream and take every message."""
    place = urlsplit(link)
    origin = f"http://{place.netloc}"
    with httpx.Client() as client:
        client.get(link)
        cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    headers = {"Cookie": cookie}
    with connect(
        f"ws://{place.netloc}/api/stream", origin=origin, additional_headers=headers, max_size=None
    ) as stream:
        sys.stdout.write("connected\n")
        sys.stdout.flush()
        try:
            for _ in stream:
                pass
        except ConnectionClosed:
            return


if __name__ == "__main__":
    view(sys.argv[1])
