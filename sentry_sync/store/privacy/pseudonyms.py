"""Names that stand for persons: made with a key that belongs to one store and never leaves its directory."""

from __future__ import annotations

import hmac
import os
import secrets
import unicodedata
from pathlib import Path
from urllib.parse import unquote

from sentry_sync.errors import StoreUnwritable
from sentry_sync.store.paths import unwritable

KEY_BYTES = 32

MARK = "hashed-"
"""What such a name begins with."""


class Pseudonyms:
    """Keyed hashes. Without the key nobody can try values until one fits, which is easy with addresses."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def name(self, kind: str, value: str) -> str:
        """What stands for ``value``: 64 bits, so that a million persons have a million of them."""
        return f"{MARK}{self._digest(kind, value)[:16]}"

    def memory(self, kind: str, value: str) -> str:
        """By what an erased value, or the name that stands for it, is known again: no row has the like."""
        return self._digest("erased", value if value.startswith(MARK) else self.name(kind, value))

    def _digest(self, kind: str, value: str) -> str:
        return hmac.digest(self._key, f"{kind}\0{plain(value)}".encode(errors="replace"), "sha256").hex()


def plain(value: str) -> str:
    """The one spelling of a value that may be encoded for a URL or JSON, in upper case or decomposed."""
    if "%" in value:
        value = unquote(value)
    if "\\u" in value:
        value = _unescaped(value)
    return unicodedata.normalize("NFC", value).strip().lower()


def _unescaped(value: str) -> str:
    r"""``value`` without JSON's ``\uXXXX``; what is none stays."""
    head, *rest = value.split("\\u")
    for part in rest:
        try:
            head += chr(int(part[:4], 16)) + part[4:]
        except ValueError:
            head += "\\u" + part
    return head.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def key_of(path: Path) -> bytes:
    """The key kept at ``path``, made on first use and readable by its owner alone; raises StoreUnwritable."""
    try:
        return _read(path)
    except FileNotFoundError:
        pass
    draft = path.with_name(f"{path.name}.{secrets.token_hex(6)}")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            # Another process may have been first: a link never replaces, as a rename would.
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    except OSError as error:
        raise unwritable(path, error) from error
    return _read(path)


def _read(path: Path) -> bytes:
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise unwritable(path, error) from error
    if len(key) != KEY_BYTES:
        raise StoreUnwritable(
            f"{path} is not the key of this store: put its own back, or delete it (persons then get new names)"
        )
    return key
