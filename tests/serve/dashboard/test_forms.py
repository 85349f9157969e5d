"""A form is taken whole and soon, or not at all."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from sentry_sync.serve.dashboard.forms import posted


def taken(*messages: dict[str, Any]) -> dict[str, str]:
    """The fields of a form that arrives in these messages, of which the last is waited for in vain."""
    coming = list(messages)

    async def receive() -> dict[str, Any]:
        if not coming:
            await anyio.sleep_forever()
        return coming.pop(0)

    scope = {"type": "http", "method": "POST", "headers": [], "path": "/login", "query_string": b""}
    return anyio.run(posted, Request(scope, receive), 0.01)


def part(body: bytes, *, more: bool) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


def test_a_form_may_come_in_parts() -> None:
    assert taken(part(b"token=a&sq", more=True), part(b"l=b+c", more=False)) == {"token": "a", "sql": "b c"}


@pytest.mark.parametrize(
    ("messages", "status"),
    [([part(b"token=", more=True)], 408), ([part(b"token=", more=True), {"type": "http.disconnect"}], 400)],
)
def test_one_that_does_not_arrive_is_not_waited_for(messages: list[dict[str, Any]], status: int) -> None:
    with pytest.raises(HTTPException) as caught:
        taken(*messages)
    assert caught.value.status_code == status
