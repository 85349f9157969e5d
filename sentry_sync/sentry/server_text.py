"""Text that a server sent, made fit for one line of an error message."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

LONGEST = 200
"""Characters of a server's own words in a message: every error Sentry documents fits, and no log is flooded."""

_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]+"
)


def one_line(text: str, secret: str = "") -> str:
    """``text`` without control and bidirectional characters, without ``secret``, at most LONGEST characters."""
    if secret:
        text = text.replace(secret, "***")
    text = " ".join(_UNPRINTABLE.sub(" ", text[: LONGEST * 10]).split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def complaint(body: object) -> str:
    """What an error's JSON body says, whichever of the shapes it has; "" if it says nothing.

    Sentry: ``{"detail": "…"}``, ``{"detail": {code, message, extra}}``, ``{"field": ["…"]}``, ``{"error": {…}}``,
    ``{"message": "…"}``, ``{"info": "…"}``. GlitchTip: ``{"detail": [{loc, msg}, …]}``.
    """
    if isinstance(body, str):
        return body
    if isinstance(body, Sequence):
        return "; ".join(filter(None, (complaint(item) for item in body[:5])))
    if not isinstance(body, Mapping):
        return ""
    for name in ("detail", "message", "msg", "error", "info"):
        said = complaint(body.get(name))
        if said:
            return f"{_place(body)}{said}"
    if isinstance(body.get("code"), str):
        return str(body["code"])
    fields = ((str(name), complaint(value)) for name, value in list(body.items())[:5])
    return "; ".join(
        f"{name}: {said}" for name, said in fields if said and name not in {"ctx", "extra", "errorId"}
    )


def code_of(body: object) -> str:
    """The error's code (``sso-required``, ``resource-moved``), or ""."""
    detail = body.get("detail") if isinstance(body, Mapping) else None
    code = detail.get("code") if isinstance(detail, Mapping) else None
    return code if isinstance(code, str) else ""


def _place(body: Mapping[str, object]) -> str:
    place = body.get("loc")
    if isinstance(place, Sequence) and not isinstance(place, str) and place:
        return f"{place[-1]}: "
    return ""
