"""Completions: the names that exist, for whoever fills in a prompt or the address of a resource."""

from __future__ import annotations

from collections.abc import Mapping

import mcp_types as types

from sentry_sync.answers.context import Answers
from sentry_sync.answers.names import Kind
from sentry_sync.errors import SentrySyncError
from sentry_sync.serve.prompts import PROMPTS
from sentry_sync.serve.resources import TEMPLATES

KINDS: Mapping[str, Kind] = {
    "project": "project",
    "environment": "environment",
    "release": "release",
    "version": "release",
    "issue": "issue",
    "id": "issue",
}
"""What each argument of a prompt, or of a resource's address, is the name of."""


def complete(answers: Answers, params: types.CompleteRequestParams) -> types.CompleteResult:
    """The names that fit; none for an argument that names nothing, and where the store cannot be read."""
    kind = KINDS.get(params.argument.name) if _takes(params.ref, params.argument.name) else None
    if kind is None:
        return _result((), more=False)
    try:
        found = answers.complete(kind, params.argument.value)
    except SentrySyncError:
        # A person is typing: the next question will say what is wrong with the store.
        return _result((), more=False)
    return _result(found.values, more=found.more)


def _takes(ref: types.PromptReference | types.ResourceTemplateReference, argument: str) -> bool:
    if isinstance(ref, types.PromptReference):
        return any(
            prompt.name == ref.name and argument in (one.name for one in prompt.parameters) for prompt in PROMPTS
        )
    return any(template.address == ref.uri and template.parameter == argument for template in TEMPLATES)


def _result(values: tuple[str, ...], *, more: bool) -> types.CompleteResult:
    return types.CompleteResult(completion=types.Completion(values=list(values), has_more=more))
