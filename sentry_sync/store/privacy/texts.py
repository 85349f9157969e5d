"""Secrets, e-mail addresses and IP addresses within text. Pure.

Most texts hold none. Each kind is looked for by its regular expression only where a few letters or signs that it
can't be without are there: looking for those takes a tenth of the time. Every repetition is bounded, so that no
text, however it is made, takes more than a fixed time for each of its characters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

FILTERED = "[Filtered]"
"""As Sentry itself writes it."""

Replace = Callable[[str], str]

_VALUE = (
    r"""\\{0,3}(?:"(?P<double>[^"\\]{1,4096})|'(?P<single>[^'\\]{1,4096})"""
    r"""|(?P<bare>(?:(?:bearer|basic|digest|token)\s{1,3})?[^\s,;&"'<>()}{\]\[|\\]{1,4096}))"""
)
_SIGN = r"""\\{0,3}["']?\s{0,3}(?:(?P<equals>=|%3d)|:)\s{0,3}"""
_NAMED = re.compile(
    r"(?:passw(?:or)?d|passphrase|pwd|secret|(?:api|access|private)[_-]?key|credentials?|authorization"
    rf"|(?P<weak>token|auth|sess(?:ion)?[_-]?(?:id)?|csrf))[\w-]{{0,20}}{_SIGN}{_VALUE}",
    re.IGNORECASE,
)
"""A name that announces a secret, and the secret. The weak ones are words of messages too ("unexpected token: }"):
after their colon only what looks like a secret is one."""

_LIKE_A_SECRET = re.compile(r"(?=.{0,200}\d).{8}", re.DOTALL)
HINTS = (
    *("passw", "passphrase", "pwd", "secret", "token", "key", "credential", "auth", "sess", "csrf"),
    *("bearer", "basic", "digest"),
)
"""Without one of these, in lower case, no text names a secret."""


_SCHEME = re.compile(r"\b(bearer|basic|digest)(\s{1,3})(?=[\w.~+/-]{0,60}[0-9=])[\w.~+/=-]{8,4096}", re.IGNORECASE)
_KNOWN = re.compile(
    r"(?<![\w-])eyJ[\w-]{8,4096}\.[\w-]{8,4096}(?:\.[\w-]{0,4096})?"  # a JSON web token
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bAIza[\w-]{35}"  # AWS, Google
    r"|\bgh[pousr]_\w{20,255}|\bgithub_pat_\w{20,255}|\bglpat-[\w-]{20,255}"
    r"|\bxox[abeoprs]-[\w-]{10,255}|\b[srp]k_(?:live|test)_\w{10,255}|\bsk-[\w-]{20,255}"
    r"|\bsntry[su]_[\w=+/-]{20,1024}|\bnpm_\w{30,255}|\bpypi-[\w-]{30,1024}"
    r"|\bhooks\.slack\.com/services/[\w/]{10,100}"
    r"|-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]{0,16384}(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?"
)
MARKS = (
    *("eyJ", "AKIA", "ASIA", "AIza", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xox", "k_"),
    *("sk-", "sntry", "npm_", "pypi-", "-----BEGIN", "hooks."),
)
"""Without one of these no text has a key of a known form."""

_USERINFO = re.compile(r"(?<=://)[^\s/@:\"'<>]{0,255}:[^\s/@\"'<>]{1,255}(?=@)")
_CARD = re.compile(r"(?<![\w./-])[3-6]\d{3}(?:[ -]?\d){9,15}(?![\w-]|\.\d)")
_EMAIL = re.compile(
    r"(?<![\w.%+\\-])[\w.%+\\-]{1,128}(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}\.[^\W\d_]{2,24}(?![\w-])"
)
_IPV4 = re.compile(r"(?<![\w./-])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])[23][0-9a-f]{3}:(?:[0-9a-f]{0,4}:){1,7}[0-9a-f]{0,4}(?![\w:])", re.IGNORECASE)
_PRODUCT = re.compile(
    r"(?:version|chrome|edge|opera|safari|webview|build|release|browser|sdk|\bv)\s{0,3}[:=]?\s{0,3}$",
    re.IGNORECASE,
)
"""What stands before a version of four numbers, which looks like an address."""

_INSIDE = tuple(
    map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "0.0.0.0/8", "fc00::/7"))
)
"""Networks whose addresses say where a machine stands, and nothing of a person."""

_NO_SECRET = frozenset({"none", "null", "undefined", "true", "false", "nil", "filtered", "***", "********"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is worth looking for in a text."""

    marks: tuple[str, ...] = MARKS
    hints: tuple[str, ...] = HINTS
    cards: bool = True
    addresses: bool = True

    @property
    def anything(self) -> bool:
        """Whether any text may have to be changed."""
        return bool(self.marks or self.hints or self.cards or self.addresses)

    def may_be_in(self, text: str) -> bool:
        """Whether ``text`` may have any of it: a look at a row's texts together is cheaper than cleaning each."""
        if _has(text, self.marks) or (self.hints and _has(text.lower(), self.hints)):
            return True
        return (self.cards and _CARD.search(text) is not None) or (self.addresses and _may_have_address(text))


ALL = Wanted()


def of_page(texts: Iterable[str]) -> Wanted:
    """What any of ``texts`` has: the rest need not be looked for in each of them, which halves a page's cost."""
    page = "\n".join(texts)
    lower = page.lower()
    marks, hints = tuple(m for m in MARKS if m in page), tuple(h for h in HINTS if h in lower)
    return Wanted(marks, hints, _CARD.search(page) is not None, _may_have_address(page))


def _may_have_address(text: str) -> bool:
    if "@" in text or "%40" in text or (text.count(".") > 2 and _IPV4.search(text)):
        return True
    return text.count(":") > 1 and _IPV6.search(text) is not None


@dataclass(frozen=True, slots=True)
class Cleaner:
    """What becomes of what is found in texts beside secrets; None for a kind that stays."""

    email: Replace | None = None
    ip: Replace | None = None
    own: Replace | None = None
    """What the user's own patterns do to a text."""
    wanted: Wanted = ALL

    def narrowed(self, wanted: Wanted) -> Cleaner:
        """The same for the texts of one page."""
        return replace(self, wanted=wanted)

    def clean(self, text: str) -> str:
        """``text`` without what must not stay: the very same object where there is nothing of that kind."""
        found = self._without_secrets(text)
        if self.wanted.addresses:
            found = self._without_addresses(found)
        if self.own is not None:
            found = self.own(found)
        return text if found == text else found

    def _without_addresses(self, text: str) -> str:
        if "@" in text or "%40" in text:
            text = _USERINFO.sub(FILTERED, text)
            if self.email is not None:
                text = _EMAIL.sub(self._email, text)
        if self.ip is not None:
            if text.count(".") > 2:
                text = _IPV4.sub(self._address, text)
            if text.count(":") > 1:
                text = _IPV6.sub(self._address, text)
        return text

    def _without_secrets(self, text: str) -> str:
        if _has(text, self.wanted.marks):
            text = _KNOWN.sub(FILTERED, text)
        if self.wanted.hints and _has(lower := text.lower(), self.wanted.hints):
            text = _NAMED.sub(_named, text)
            if "bearer" in lower or "basic" in lower or "digest" in lower:
                text = _SCHEME.sub(rf"\1\2{FILTERED}", text)
        return _CARD.sub(_card, text) if self.wanted.cards else text

    def _email(self, match: re.Match[str]) -> str:
        address = match[0]
        # In escaped text, what precedes an address may be the end of an escape, as in "\nana@example.org".
        start = max((address.rfind(sign) + 2 for sign in ("\\n", "\\t", "\\r") if sign in address), default=0)
        return address[:start] + (self.email(address[start:]) if self.email else address[start:])

    def _address(self, match: re.Match[str]) -> str:
        if self.ip is None or not is_personal(match[0]):
            return match[0]
        if _PRODUCT.search(match.string[max(0, match.start() - 20) : match.start()]):
            return match[0]
        return self.ip(match[0])


def _has(text: str, parts: tuple[str, ...]) -> bool:
    # A loop, since a generator takes twice as long, and this is asked of every text.
    for part in parts:  # noqa: SIM110
        if part in text:
            return True
    return False


def _named(match: re.Match[str]) -> str:
    part = next(name for name in ("double", "single", "bare") if match[name] is not None)
    value, start, end = match[part], match.start(part) - match.start(), match.end(part) - match.start()
    if value.lower().strip("*") in _NO_SECRET or value.startswith(("[Filtered", "%5BFiltered")):
        return match[0]
    if match["weak"] and not match["equals"] and not _LIKE_A_SECRET.match(value):
        return match[0]
    return match[0][:start] + FILTERED + match[0][end:]


def _card(match: re.Match[str]) -> str:
    digits = [int(sign) for sign in match[0] if sign.isdigit()]
    doubled = [
        digit if place % 2 == 0 else digit * 2 - 9 * (digit > 4) for place, digit in enumerate(digits[::-1])
    ]
    return FILTERED if sum(doubled) % 10 == 0 else match[0]


def is_personal(address: str) -> bool:
    """Whether an IP address may be a person's: none of a private network, and no network's own (``x.y.z.0``)."""
    try:
        found: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return False
    if found.version == 4 and address.endswith(".0"):
        return False
    if found.is_loopback or found.is_link_local or found.is_multicast or found.is_unspecified:
        return False
    return not any(network.version == found.version and found in network for network in _INSIDE)
