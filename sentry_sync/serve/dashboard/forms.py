"""Forms that browsers send, and whether it is a page of ours that makes them do it."""

from __future__ import annotations

from urllib.parse import parse_qsl

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

LARGEST = 32 * 1024
"""Bytes: the longest statement there may be, and what its signs become in a form."""

MOST_FIELDS = 50
"""Of a form: a query of the library has a dozen parameters."""

SECONDS = 10.0
"""For a form to arrive in: whoever is not logged in yet may send one, and has one of a few hundred connections."""


def check_where_from(request: Request) -> None:
    """Raise HTTPException for a page that another site loads into its own; that it links to one is no harm.

    A form of another site is refused by its Origin before; this is for a browser that sends none.
    """
    headers = request.headers
    linked = request.method != "POST" and headers.get("sec-fetch-dest") == "document"
    if headers.get("sec-fetch-site") in ("cross-site", "same-site") and not linked:
        raise HTTPException(403)


async def posted(request: Request, seconds: float = SECONDS) -> dict[str, str]:
    """The fields of a form that was posted; raises HTTPException for one that no page of ours sends."""
    check_where_from(request)
    body = bytearray()
    try:
        with anyio.fail_after(seconds):
            async for part in request.stream():
                body += part
                if len(body) > LARGEST:
                    raise HTTPException(413)
    except TimeoutError:
        raise HTTPException(408, headers={"Connection": "close"}) from None
    except ClientDisconnect:
        raise HTTPException(400) from None
    try:
        return dict(parse_qsl(body.decode(), max_num_fields=MOST_FIELDS))
    except ValueError:
        raise HTTPException(400) from None
