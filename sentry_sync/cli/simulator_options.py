"""The flags of ``sentry-sync simulate``."""

from __future__ import annotations

from typing import Annotated

import typer


def _count(help_text: str, least: int, most: int) -> object:
    return typer.Option(metavar="N", min=least, max=most, help=help_text)


Port = Annotated[int, _count("Port on 127.0.0.1; 0 takes a free one.", 0, 65_535)]
Seed = Annotated[int, _count("The same seed and sizes make the same world.", 0, 2**31 - 1)]
Projects = Annotated[int, _count("Projects.", 1, 1000)]
Issues = Annotated[int, _count("Issues, in all projects together.", 1, 100_000)]
EventsPerDay = Annotated[int, _count("Error events a day, in all projects together.", 0, 1_000_000)]
Releases = Annotated[int, _count("Releases of each project.", 1, 1000)]
Days = Annotated[int, _count("Days of history behind the present.", 1, 90)]
Profile = Annotated[str, typer.Option(metavar="NAME", help="Which server to be: saas, self-hosted or glitchtip.")]
RateLimit = Annotated[str, typer.Option(metavar="N/SECONDS", help="The server's own rate limit, or off for none.")]
Static = Annotated[bool, typer.Option("--static", help="Let no new event arrive.")]
Latency = Annotated[int, _count("Milliseconds before each answer.", 0, 60_000)]
Speed = Annotated[
    float, typer.Option(metavar="N", min=0.01, max=10_000, help="So many of its seconds pass in one of ours.")
]
WebhookUrl = Annotated[
    str | None,
    typer.Option("--webhook-url", metavar="URL", help="Tell of what changes there.", show_default=False),
]
WebhookSecret = Annotated[
    str | None,
    typer.Option("--webhook-secret", metavar="TEXT", help="What that is signed with.", show_default=False),
]
