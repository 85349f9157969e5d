"""What installed distributions say that they need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def wanted(
    texts: Iterable[str], where: Mapping[str, str] | None = None, extras: Iterable[str] = ()
) -> Iterator[Requirement]:
    """The requirements that hold ``where`` the markers' values are these (here without), with these extras."""
    for text in texts:
        one = Requirement(text)
        if not one.marker or any(one.marker.evaluate({**(where or {}), "extra": name}) for name in ("", *extras)):
            yield one


def closure(texts: Iterable[str]) -> dict[str, metadata.Distribution]:
    """The distributions installed here that these requirements, and theirs in turn, ask for, by name.

    Raises AssertionError where one is installed in a version that is not asked for.
    """
    waiting, seen = list(wanted(texts)), set[tuple[str, frozenset[str]]]()
    found: dict[str, metadata.Distribution] = {}
    while waiting:
        one = waiting.pop()
        name = canonicalize_name(one.name)
        found[name] = metadata.distribution(one.name)
        assert one.specifier.contains(found[name].version, prereleases=True), (
            f"{one}: {found[name].version} is here"
        )
        if (name, frozenset(one.extras)) not in seen:
            seen.add((name, frozenset(one.extras)))
            waiting += wanted(found[name].requires or (), extras=one.extras)
    return found
