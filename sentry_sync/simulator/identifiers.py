"""Ids as Sentry writes them: numbers as strings, 32-hex event ids, short ids."""

from __future__ import annotations

# Sentry's short ids use Crockford's base 32: no I, L, O or U.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# Beyond 32 bits, as on sentry.io: a client that keeps ids in small integers breaks here.
ISSUE_BASE = 6_000_000_000
PROJECT_BASE = 4_507_000_000_000_000
_MODULUS = 1 << 128
_MULTIPLIER = 0x9E3779B97F4A7C15F39CC0605CEDC835
_INVERSE = pow(_MULTIPLIER, -1, _MODULUS)


def issue_id(number: int) -> str:
    """The id of the issue with this number."""
    return str(ISSUE_BASE + number)


def short_suffix(number: int) -> str:
    """What stands behind the project's slug in a short id."""
    if number == 0:
        return "0"
    digits = []
    while number:
        number, rest = divmod(number, 32)
        digits.append(_ALPHABET[rest])
    return "".join(reversed(digits))


def event_id(seed: int, number: int) -> str:
    """32 hex digits that look random and can be turned back, so that no table of ids is needed."""
    value = ((number + 1 + (seed << 64)) * _MULTIPLIER) % _MODULUS
    value ^= value >> 64
    return f"{(value * _MULTIPLIER) % _MODULUS:032x}"


def event_number(seed: int, text: str) -> int | None:
    """The number behind an event id, or None if this world cannot have made it."""
    compact = text.replace("-", "").lower()
    if len(compact) != 32 or any(digit not in "0123456789abcdef" for digit in compact):
        return None
    value = (int(compact, 16) * _INVERSE) % _MODULUS
    value ^= value >> 64
    number = (value * _INVERSE) % _MODULUS - 1 - (seed << 64)
    return number if 0 <= number < 1 << 40 else None
