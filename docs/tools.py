"""The page of MCP tools, from the table that the server lists and calls them by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sentry_sync.serve.tools import FRESHNESS, INSTRUCTIONS, TOOLS


def page() -> Iterator[str]:
    """The lines of tools.md."""
    yield "# Tools"
    yield ""
    yield "What `sentry-sync mcp` offers an assistant. It tells the assistant:"
    yield ""
    yield from (f"> {line}\n>" for line in INSTRUCTIONS.splitlines())
    for tool in TOOLS:
        schema = tool.input_schema()
        yield f"\n## {tool.name}\n\n{tool.description}"
        yield "\n| Argument | Type | Default | What it is |\n| --- | --- | --- | --- |"
        for parameter in (*tool.parameters, *tool.asking):
            about = schema["properties"][parameter.name]
            needed = "must be given" if parameter.required else _shown(about.get("default"))
            yield f"| `{parameter.name}` | {_type(about)} | {needed} | {parameter.description} |"
        rows = ", ".join(f"`{name}`" for name in tool.output_schema()["properties"])
        yield f"\nThe answer holds {rows}."
    yield "\n## Freshness\n\nEvery answer holds `freshness`.\n\n| Field | Type | What it is |\n| --- | --- | --- |"
    for name, about in FRESHNESS["properties"].items():
        yield f"| `{name}` | {_type(about)} | {about.get('description') or MEANING[name]} |"


def _shown(value: object) -> str:
    return "none" if value is None else f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _type(about: Mapping[str, Any]) -> str:
    if "enum" in about:
        return " or ".join(f"`{word}`" for word in about["enum"])
    kind = about["type"]
    name = " or ".join(kind) if isinstance(kind, list) else kind
    return f"{name} from {about['minimum']} to {about['maximum']}" if "minimum" in about else name


MEANING = {
    "source": "The copy, Sentry, or both.",
    "age_seconds": "How long ago that was.",
    "stale": "It is older than two of the intervals in which such rows are synced.",
    "fell_through_because": "Why the copy could not answer and Sentry was asked.",
    "could_not_fall_through_because": "Why Sentry could not be asked; the answer is what the copy knows.",
    "next_sync_at": "When the process that syncs will have looked again; null if none does.",
    "notes": "What else a reader must know to trust the answer.",
}
"""Fields that the schema itself does not explain."""
