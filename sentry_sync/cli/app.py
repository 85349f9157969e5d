"""The commands and what their ``--help`` says. Each imports what it needs when it runs, and nothing before."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.main import get_command, get_command_name

from sentry_sync.cli import asking, options, privacy_app, serving
from sentry_sync.cli import simulator_options as simulator
from sentry_sync.cli.alerts_app import alerts
from sentry_sync.cli.lake_app import lake

if TYPE_CHECKING:
    from typer._click import Command

app = typer.Typer(
    name="sentry-sync",
    help=(
        "A local copy of your Sentry organization that can be trusted.\n\n"
        "`sync` copies what changed, inside a budget of requests; `daemon` keeps doing so. `mcp` answers an "
        "assistant's questions from the copy, `query` and `sql` answer yours, and every answer says how fresh and "
        "how complete it is.\n\n"
        "Begin with `sentry-sync demo`: it needs no account. For your own Sentry set SENTRY_AUTH_TOKEN and "
        "SENTRY_ORG, then run `sentry-sync sync`.\n\n"
        "Settings come from a flag, else from the environment, else from a TOML file. Exit codes: 0 done, "
        "2 a wrong command or setting, 3 a refused token, 4 Sentry did not answer as asked, 5 no room in the "
        "budget, 6 the local store, 7 a refused SQL statement, 8 a sync came through in part, "
        "20 to 22 what `assess` found, 130 interrupted."
    ),
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,  # plain help reads the same on a terminal, in a pipe and in docs/cli.md, and loads fast
    pretty_exceptions_enable=False,
)
db = typer.Typer(
    help="Look after the local database. `sync` upgrades it by itself; these are for whoever wants to see.",
    rich_markup_mode=None,
)
app.add_typer(db, name="db")
app.add_typer(lake, name="lake")
app.add_typer(alerts, name="alerts")


def command(first: str = "") -> Command:
    """The whole command line as one command; if the word it begins with names one, that one alone.

    To make all of them takes 40 ms, more than most of them do.
    """
    named = [one for one in app.registered_commands if one.callback and _name(one.name, one.callback) == first]
    if not named:
        return get_command(app)
    alone = copy(app)
    alone.registered_commands, alone.registered_groups = named, []
    return get_command(alone)


def _name(given: str | None, function: Callable[..., Any]) -> str:
    return given or get_command_name(function.__name__)


def _version(wanted: bool) -> None:
    if wanted:
        from sentry_sync import __version__
        from sentry_sync.cli import output

        output.line(f"sentry-sync {__version__}")
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Take the flags that stand before a command."""


@app.command()
@options.of_a_copy
def sync(
    flags: options.Flags,
    resources: options.Resources = None,
    *,
    full: Annotated[
        bool, typer.Option("--full", help="Look at every issue held, whether or not it has a new event.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Bring the local copy up to date with Sentry, once.

    Asks only for what is new or may have changed, and never sends more requests than the budget allows: a first
    sync of a large organization takes several minutes, later ones seconds. It can be stopped at any time (Ctrl-C);
    the next one goes on at the page where this one ended.

    Resolving, ignoring, assigning, merging and deleting leave no trace in what Sentry lists as new. They are found
    by looking again: at all unresolved issues every half hour, at each of the others every six. With --full all of
    them are looked at now: a request for each hundred issues, and one for each that is gone.

    With --json each page is a line {"progress": ...} and the end is a line {"summary": ...}.

    Exit code 8 says that a part failed: the rest is stored, and the lines say what failed and why.

    For example: sentry-sync sync issues releases
    """
    from sentry_sync.cli import sync as room

    room.run(flags.settings(), resources or [], full=full, as_json=as_json)


app.command()(serving.daemon)


def _number(flag: str, text: str) -> Any:
    return typer.Option(flag, metavar="N", min=0, help=text, show_default=False)


@app.command()
def plan(
    *,
    projects: Annotated[int | None, _number("--projects", "Plan for so many projects (1).")] = None,
    unresolved: Annotated[int | None, _number("--unresolved", "Unresolved issues (25 a project).")] = None,
    events_per_day: Annotated[int | None, _number("--events-per-day", "Errors a day (1,500 a project).")] = None,
    issues: Annotated[int | None, _number("--issues", "Issues in all (half as many again).")] = None,
    issues_per_hour: Annotated[
        int | None, _number("--issues-per-hour", "Different issues with an error in an hour (a fifth).")
    ] = None,
    transactions: Annotated[
        int | None, _number("--transactions", "Transaction rows an hour (15 a project).")
    ] = None,
    rate_limit: options.RateLimit = None,
    history_days: options.HistoryDays = None,
    store: options.StoreDirectory = None,
    config: options.Config = None,
    as_json: options.Json = False,
) -> None:
    """Say what keeping the copy up to date costs, and how fresh it stays.

    Asks nothing of Sentry. Without numbers it plans for the organization in the local copy, from its own rows;
    with any of them for one that need not exist, the others being as in an ordinary organization of that size.

    For each stream: how often its turn comes, the requests it takes, requests a minute, how much it gets of what
    it asks for, the median age of what is held, and for the past that is still to be read the requests and the
    time. The schedule of `sentry-sync daemon` is made by the same functions. What does not fit is said below.

    For example: sentry-sync plan --projects 1000 --unresolved 200000 --events-per-day 50000000
    """
    from sentry_sync.cli import plan as room

    wish = room.Wish(projects, unresolved, events_per_day, issues, issues_per_hour, transactions)
    copy = {"store": store, "history_days": history_days, "rate_limit": rate_limit}
    room.run(_settings(config, **copy), wish, as_json=as_json)


@app.command()
def status(
    *,
    store: options.StoreDirectory = None,
    rate_limit: options.RateLimit = None,
    config: options.Config = None,
    as_json: options.Json = False,
) -> None:
    """Say what the copy holds, how fresh and how complete.

    Reads local files and asks nothing of Sentry. Shows for each resource when it was last true (as of), its age,
    whether that is stale, the rows held and the rows that could not be read; for each stream its last pass and its
    error; the time covered, with its gaps; the requests spent in the last minute and left; and the size on disk.

    A pass that was "interrupted" goes on with the next sync, where it ended.
    """
    from sentry_sync.cli import status as room

    room.run(_settings(config, store=store, rate_limit=rate_limit), as_json=as_json)


_Project = Annotated[
    str, typer.Option("--project", "-P", metavar="SLUG", help="The project, by slug or id.", show_default=False)
]


@app.command()
def assess(
    version: Annotated[str, typer.Argument(metavar="VERSION", help="The release, by full or short version.")],
    *,
    project: _Project,
    baseline: Annotated[
        str | None,
        typer.Option(metavar="VERSION", help="Compare with this one (the release before).", show_default=False),
    ] = None,
    environment: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only this environment.", show_default=False)
    ] = None,
    org: options.Org = None,
    base_url: options.BaseUrl = None,
    rate_limit: options.RateLimit = None,
    store: options.StoreDirectory = None,
    config: options.Config = None,
    as_json: options.Json = False,
) -> None:
    """Say whether a release made things worse: healthy, watch, regressed, roll back or too early.

    Compares errors per session, crash-free sessions and latency with the release before, from the copy, and shows
    how sure each difference is. The arithmetic is in docs/verdicts.md.

    For a gate in a pipeline: exit code 0 is healthy or watch, 20 regressed, 21 roll back, 22 too early to tell or
    a release nobody knows. Other codes are errors.

    For example: sentry-sync assess shop@2.4.0 --project checkout
    """
    from sentry_sync.cli import verdicts as room

    settings = _settings(config, org=org, base_url=base_url, rate_limit=rate_limit, store=store)
    code = room.assess(settings, project, version, baseline, environment, as_json=as_json)
    if code:
        raise typer.Exit(code)


@app.command()
def health(
    project: Annotated[str, typer.Argument(metavar="PROJECT", help="The project, by slug or id.")],
    *,
    org: options.Org = None,
    base_url: options.BaseUrl = None,
    rate_limit: options.RateLimit = None,
    store: options.StoreDirectory = None,
    config: options.Config = None,
    as_json: options.Json = False,
) -> None:
    """Say how well a project is: a score of stated parts, its error budget, odd hours, and the week to come.

    The targets are settings: SENTRY_SYNC_TARGET_CRASH_FREE and SENTRY_SYNC_TARGET_LATENCY_MS.

    For example: sentry-sync health checkout
    """
    from sentry_sync.cli import verdicts as room

    settings = _settings(config, org=org, base_url=base_url, rate_limit=rate_limit, store=store)
    room.health(settings, project, as_json=as_json)


app.command()(serving.mcp)


app.command()(serving.serve)


@app.command()
def demo(
    *,
    keep: Annotated[
        str | None,
        typer.Option("--keep", metavar="DIR", help="Leave the copy in this empty directory.", show_default=False),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Show everything in seconds, with no account.

    Starts a simulated Sentry on this machine, syncs it, prints what arrived, asks each tool over real MCP (a
    process of its own, stdio) and prints the answers with their freshness, and shows one trend by SQL. It ignores
    your settings and leaves your own copy alone.
    """
    from sentry_sync.cli import demo as room

    room.run(keep, as_json=as_json)


@app.command()
def simulate(
    *,
    port: simulator.Port = 0,
    seed: simulator.Seed = 1,
    projects: simulator.Projects = 5,
    issues: simulator.Issues = 300,
    events_per_day: simulator.EventsPerDay = 150,
    releases: simulator.Releases = 8,
    days: simulator.Days = 14,
    profile: simulator.Profile = "saas",
    rate_limit: simulator.RateLimit = "40/1",
    static: simulator.Static = False,
    latency: simulator.Latency = 0,
    speed: simulator.Speed = 1.0,
    webhook_url: simulator.WebhookUrl = None,
    webhook_secret: simulator.WebhookSecret = None,
    as_json: options.Json = False,
) -> None:
    """Run a simulated Sentry on this machine until Ctrl-C.

    It is there to try things without an account. Prints the line that points sentry-sync at it, to be pasted into
    another terminal. With --json it is an object of those three variables.

    With --webhook-url it sends webhooks as Sentry does, to `http://127.0.0.1:8000/webhooks/sentry` of a
    `sentry-sync serve` that has the same secret in SENTRY_SYNC_WEBHOOK_SECRET.
    """
    from sentry_sync.cli import simulate as room

    world = room.World(seed, projects, issues, events_per_day, releases, days)
    hooks = room.Hooks(webhook_url, webhook_secret)
    chosen = room.options(world, profile, rate_limit, static=static, latency_ms=latency, speed=speed, hooks=hooks)
    room.run(chosen, port, as_json=as_json)


app.command()(asking.sql)
app.command()(asking.query)
app.command()(asking.export)
app.command()(privacy_app.erase)
app.command()(privacy_app.scrub)
app.command()(privacy_app.prune)
app.command()(privacy_app.audit)
app.command()(privacy_app.doctor)
app.command()(asking.report)


@db.command()
def upgrade(
    *, store: options.StoreDirectory = None, config: options.Config = None, as_json: options.Json = False
) -> None:
    """Create the database, or bring it to this schema.

    Safe to repeat: a database that is up to date stays as it is.
    """
    from sentry_sync.cli import db as room

    room.upgrade(_settings(config, store=store), as_json=as_json)


@db.command()
def current(
    *, store: options.StoreDirectory = None, config: options.Config = None, as_json: options.Json = False
) -> None:
    """Print the schema's version, and the one wanted.

    Exit code 6 says that there is no database, or that a newer sentry-sync wrote it.
    """
    from sentry_sync.cli import db as room

    room.current(_settings(config, store=store), as_json=as_json)


@db.command()
def check(
    *, store: options.StoreDirectory = None, config: options.Config = None, as_json: options.Json = False
) -> None:
    """Check that the database is whole.

    Its schema must be this program's own, and every page of the file sound. Reads all of it, so it takes a while.
    Exit code 6 says that it is not, and the line says what to do (`db rebuild`). Nothing is changed.
    """
    from sentry_sync.cli import db as room

    room.check(_settings(config, store=store), as_json=as_json)


@db.command()
def rebuild(
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Even if the database is sound, or another process syncs into it.")
    ] = False,
    store: options.StoreDirectory = None,
    config: options.Config = None,
    as_json: options.Json = False,
) -> None:
    """Begin a damaged database anew, with all that can be read of it.

    The damaged file is kept beside it. Saved is each row that can still be read of whatever Sentry may no longer
    have: what changed, what was deleted, events and counts older than its retention. What is held complete is
    forgotten, so the next sync fetches all that Sentry still has once more.

    Exit code 6 says that the database is sound, 14 that another process syncs; then nothing is changed.
    """
    from sentry_sync.cli import db as room

    room.rebuild(_settings(config, store=store), force=force, as_json=as_json)


def _settings(config: Any, **flags: Any) -> Any:
    from sentry_sync.cli.settings import load

    return load(flags, config)
