"""Keep secrets out of everything that is written down."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MASK = "***"
_SECRET_NAME = re.compile(
    r"token|passw(or)?d|secret|dsn|api_?key|private_?key|credential|authorization", re.IGNORECASE
)
_URL_PASSWORD = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*):[^\s@]+@", re.IGNORECASE)
_URL_TOKEN = re.compile(r"(\bhttps?://)[^\s:/@]+@", re.IGNORECASE)
"""Of a web address the name alone may be the secret."""
_ASSIGNED = re.compile(
    r"\b((?:\w*(?:token|password|passwd|secret|api_?key))\s*[=:]\s*)(?:\"[^\"]*\"|'[^']*'|[^\s,;)]+)",
    re.IGNORECASE,
)


def is_secret_name(name: str) -> bool:
    """Return whether a key of this name holds a secret.

    >>> is_secret_name("postgres.dsn"), is_secret_name("currency")
    (True, False)
    """
    return _SECRET_NAME.search(name) is not None


def redact_text(text: str) -> str:
    """Mask passwords and tokens in addresses and `password=…` pairs inside a text.

    >>> redact_text("postgresql://me:pa55@localhost/db password='x y'")
    'postgresql://me:***@localhost/db password=***'
    >>> redact_text("https://t0k3n@models.example/api")
    'https://***@models.example/api'
    """
    shown = _URL_PASSWORD.sub(rf"\1:{MASK}@", text)
    return _ASSIGNED.sub(rf"\1{MASK}", _URL_TOKEN.sub(rf"\1{MASK}@", shown))


def redact(value: Any) -> Any:  # Any: log values are whatever the caller hands over
    """Return a copy in which secret keys are masked, at any depth.

    >>> redact({"user": "me", "login": {"api_key": "k", "text": "a"}})
    {'user': 'me', 'login': {'api_key': '***', 'text': 'a'}}
    """
    if isinstance(value, Mapping):
        return {
            key: MASK if is_secret_name(str(key)) and each not in ("", None) else redact(each)
            for key, each in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [redact(each) for each in value]
    return redact_text(value) if isinstance(value, str) else value
