"""What the server offers beside its tools: resources, prompts, completions, and news of changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS

from sentry_sync.answers.context import Answers
from sentry_sync.errors import QuestionError
from sentry_sync.serve import completions, resources
from sentry_sync.serve.prompts import PROMPTS, prompt_named
from sentry_sync.serve.subscriptions import Subscriptions

Context = ServerRequestContext[Subscriptions, Any]


class Beside:
    """The handlers of one server; ``defect`` tells of a defect in one line, and logs it."""

    def __init__(self, answers: Answers, defect: Callable[[Exception], str]) -> None:
        self._answers = answers
        self._defect = defect

    def handlers(self) -> dict[str, Any]:
        """Each handler by the name of the SDK's parameter."""
        return {
            "on_list_resources": self._resources,
            "on_list_resource_templates": self._templates,
            "on_read_resource": self._read,
            "on_subscribe_resource": _subscribe,
            "on_unsubscribe_resource": _unsubscribe,
            "on_subscriptions_listen": _listen,
            "on_list_prompts": self._prompts,
            "on_get_prompt": self._prompt,
            "on_completion": self._complete,
        }

    async def _resources(self, _context: Context, _params: object) -> types.ListResourcesResult:
        return resources.listed()

    async def _templates(self, _context: Context, _params: object) -> types.ListResourceTemplatesResult:
        return resources.templates()

    async def _read(self, _context: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        return await resources.read(self._answers, params.uri, self._defect)

    async def _prompts(self, _context: Context, _params: object) -> types.ListPromptsResult:
        return types.ListPromptsResult(prompts=[prompt.listed() for prompt in PROMPTS])

    async def _prompt(self, _context: Context, params: types.GetPromptRequestParams) -> types.GetPromptResult:
        try:
            return prompt_named(params.name, params.arguments or {})
        except QuestionError as error:
            raise MCPError(INVALID_PARAMS, str(error)) from None

    async def _complete(self, _context: Context, params: types.CompleteRequestParams) -> types.CompleteResult:
        return completions.complete(self._answers, params)


async def _listen(
    context: Context, params: types.SubscriptionsListenRequestParams
) -> types.SubscriptionsListenResult:
    return await context.lifespan_context.listen(context, params)


async def _subscribe(context: Context, params: types.SubscribeRequestParams) -> types.EmptyResult:
    return await context.lifespan_context.subscribe(context, params)


async def _unsubscribe(context: Context, params: types.UnsubscribeRequestParams) -> types.EmptyResult:
    return await context.lifespan_context.unsubscribe(context, params)
