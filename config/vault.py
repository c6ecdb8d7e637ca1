"""Hiding what is most personal under a key of each person's own.

The key lies beside what it hides, itself hidden under the installation's (`IDENTITY_KEY`). To
erase somebody is to destroy that key: whatever copies of the hidden text there are, in a history
or a backup of the table alone, say nothing from then on.
"""

from __future__ import annotations

import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

NONCE_BYTES = 12
KEY_BYTES = 32


def new_key() -> bytes:
    """Return a new key for one person, hidden under the installation's."""
    return _hidden(_installation(), secrets.token_bytes(KEY_BYTES), about=b"key")


def seal(key: bytes, text: str, *, about: str) -> bytes:
    """Return `text` hidden under `key` (as `new_key` gives it); nothing for an empty text.

    `about` says whose and which text it is: what was sealed as one is not opened as another.
    Raises ValueError where `key` was destroyed, or is of another installation.
    """
    return _hidden(_opened_key(key), text.encode(), about=about.encode()) if text else b""


def unseal(key: bytes, hidden: bytes, *, about: str) -> str:
    """Return the text that `seal` hid; empty for nothing.

    Raises ValueError where the key was destroyed, or any of the three is not as it was.
    """
    if not hidden:
        return ""
    return _open(_opened_key(key), bytes(hidden), about=about.encode()).decode()


def seal_passing(text: str, *, about: str) -> bytes:
    """Return `text` hidden under a key of the installation: for what is kept for hours, of nobody.

    `about` as in `seal`.
    """
    return _hidden(_installation(b"passing"), text.encode(), about=about.encode())


def unseal_passing(hidden: bytes, *, about: str) -> str:
    """Return the text that `seal_passing` hid; raises ValueError where it is not as it was."""
    return _open(_installation(b"passing"), bytes(hidden), about=about.encode()).decode()


def _installation(purpose: bytes = b"people") -> bytes:
    return hmac.digest(settings.IDENTITY_KEY.encode(), purpose, "sha256")


def _opened_key(key: bytes) -> bytes:
    return _open(_installation(), bytes(key), about=b"key")


def _hidden(key: bytes, content: bytes, *, about: bytes) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, content, about)


def _open(key: bytes, hidden: bytes, *, about: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(hidden[:NONCE_BYTES], hidden[NONCE_BYTES:], about)
    except (InvalidTag, ValueError):  # the latter for what is too short
        raise ValueError("this cannot be opened: it, its key or IDENTITY_KEY was changed") from None
