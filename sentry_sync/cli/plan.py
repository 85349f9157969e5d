"""``sentry-sync plan``: what keeping a copy costs, how fresh it stays, and what a budget can't hold."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sentry_sync.cli import output
from sentry_sync.cli.connect import policy_of, store_of
from sentry_sync.cli.settings import Settings
from sentry_sync.errors import SettingsError
from sentry_sync.records.clock import Clock, SystemClock
from sentry_sync.records.intervals import Interval, gaps
from sentry_sync.records.schedule import Entry
from sentry_sync.store.reads import shape as reads
from sentry_sync.store.reads.state import State
from sentry_sync.sync import costs
from sentry_sync.sync.costs import Shape
from sentry_sync.sync.forecast import Forecast, Line, forecast
from sentry_sync.sync.plan import DAY, HOUR
from sentry_sync.sync.stream import Policy
from sentry_sync.sync.streams.issues import SEARCH_DAYS

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Wish:
    """The numbers of an organization that need not exist; None for what nobody said."""

    projects: int | None = None
    unresolved: int | None = None
    events_per_day: int | None = None
    issues: int | None = None
    issues_per_hour: int | None = None
    transactions: int | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing was said."""
        return all(value is None for value in asdict(self).values())


def run(settings: Settings, wish: Wish, *, as_json: bool, clock: Clock | None = None) -> None:
    """Print the plan of the store's organization, or of the one wished for.

    Raises StoreMissing when there is no store to plan for and nothing was wished for.
    """
    policy = policy_of(settings)
    clock = clock or SystemClock()
    if wish.empty:
        plan = of_the_store(settings, policy, clock.now())
    else:
        plan = imagined(wish, policy, settings.rate_limit)
    if as_json:
        output.document(plan)
    else:
        _show(plan)


def imagined(wish: Wish, policy: Policy, per_minute: int) -> dict[str, Any]:
    """The plan of an organization of which only a few numbers are given."""
    shape = supposed(wish)
    lines = forecast(partial(costs.turn, shape), costs.backfill(shape, policy), per_minute)
    return _document(None, shape, lines, per_minute, {})


def supposed(wish: Wish) -> Shape:
    """A whole shape from a few numbers; what is not said is as in an ordinary organization of that size.

    Raises SettingsError for numbers that contradict each other.
    """
    projects = 1 if wish.projects is None else wish.projects
    unresolved = 25 * projects if wish.unresolved is None else wish.unresolved
    issues = unresolved * 3 // 2 if wish.issues is None else wish.issues
    events = 1500 * projects if wish.events_per_day is None else wish.events_per_day
    active = round(min(events / 24, unresolved / 5)) if wish.issues_per_hour is None else wish.issues_per_hour
    transactions = 15 * projects if wish.transactions is None else wish.transactions
    if issues < unresolved:
        raise SettingsError("--issues counts the unresolved as well: it must not be less than --unresolved")
    return Shape(
        projects=projects,
        unresolved=unresolved,
        issues=issues,
        events_per_day=events,
        issues_per_hour=active,
        count_rows_per_hour=min(events / 24, active * 2.4),
        releases_per_day=projects,
        releases=8 * projects,
        transactions=transactions,
        queries=transactions / 3,
        vitals=transactions / 5,
        silent_per_hour=unresolved / 250,
    )


def of_the_store(settings: Settings, policy: Policy, now: datetime) -> dict[str, Any]:
    """The plan of the organization that the store is a copy of, from its own rows. Asks nothing of Sentry."""
    store = store_of(settings)
    with closing(store.read()) as connection:
        state = State(connection)
        origin, held, kept = state.origin(), reads.read(connection, now), state.schedule()
        past = _past(state, held, policy, now)
    shape = seen(held)
    found = forecast(partial(costs.turn, shape), past, settings.rate_limit, idle=not held.errors)
    return _document(origin[1] if origin else None, shape, found, settings.rate_limit, kept)


def seen(held: reads.Held) -> Shape:
    """The shape that the store's rows show."""
    hours = max(1, held.hours)
    return Shape(
        projects=held.projects,
        unresolved=held.unresolved,
        issues=held.issues,
        events_per_day=held.errors * 24 / hours,
        issues_per_hour=held.issue_hours / hours,
        count_rows_per_hour=held.count_rows / hours,
        releases_per_day=held.releases / 7,
        releases=held.releases_held,
        transactions=held.transactions,
        queries=held.queries,
        vitals=held.vitals,
        silent_per_hour=held.silent / 24,
    )


def _past(state: State, held: reads.Held, policy: Policy, now: datetime) -> dict[str, float]:
    """Requests for what is not covered yet: as much of the whole past's as time is missing."""
    whole = costs.backfill(seen(held), policy)
    spans = {
        "issues.hot": ("issues", timedelta(days=SEARCH_DAYS)),
        "issue_environments": ("issue_environments", timedelta(days=SEARCH_DAYS)),
        "transactions": ("transactions", HOUR * policy.performance_hours),
        "queries": ("queries", HOUR * policy.performance_hours),
        "web_vitals": ("web_vitals", HOUR * policy.performance_hours),
        **{name: (name, DAY * policy.history_days) for name in ("events", "error_counts", "release_health")},
    }
    past = {"event_bodies": float(held.without_body)}
    for name, (resource, span) in spans.items():
        # What has happened in the last hour is the next turn's, and counted there.
        missing = gaps(Interval(now - span, now - HOUR), state.coverage(resource))
        past[name] = whole[name] * (sum((gap.length for gap in missing), timedelta()) / span)
    return past


def _document(
    organization: str | None, shape: Shape, found: Forecast, per_minute: int, kept: Mapping[str, Entry]
) -> dict[str, Any]:
    return {
        "organization": organization,
        "shape": asdict(shape),
        "budget": {"per_minute": per_minute, "for_sync": found.capacity},
        "streams": [_stream(line, kept.get(line.stream)) for line in found.lines],
        "total": {
            "per_minute": found.spent,
            "wanted_per_minute": sum(line.wanted for line in found.lines),
            "backfill": sum(line.backfill for line in found.lines),
            "fits": found.fits,
        },
        "notes": [*_failing(kept), *notes(found)],
    }


def _stream(line: Line, entry: Entry | None) -> dict[str, Any]:
    return {
        "stream": line.stream,
        "every_seconds": line.every.total_seconds(),
        "requests": line.requests,
        "last_requests": entry.requests if entry else None,
        "failures": entry.failures if entry else 0,
        "per_minute": line.spent,
        "share": line.share,
        "age_seconds": line.age.total_seconds(),
        "backfill": line.backfill,
        "backfill_seconds": None if line.backfill_takes is None else line.backfill_takes.total_seconds(),
    }


def _failing(kept: Mapping[str, Entry]) -> list[str]:
    return [
        f"{entry.stream} failed {entry.failures} times in a row and is tried ever more seldom: "
        "`sentry-sync status` says why."
        for entry in kept.values()
        if entry.failures > 1
    ]


def notes(found: Forecast) -> list[str]:
    """What whoever relies on the copy should know of it, a sentence each."""
    said = []
    short = [line for line in found.lines if line.share < 0.99]
    lines = {line.stream: line for line in found.lines}
    if short:
        names = ", ".join(f"{line.stream} {_percent(line.share)}" for line in short)
        said.append(f"This does not fit into the budget. Of what they ask for they get: {names}.")
    if lines["events"].share < 0.99:
        said.append(
            f"Of event rows about {_percent(lines['events'].share)} will be held, the newest of each turn: "
            "coverage names the gaps, and a question about them is asked of Sentry."
        )
    if lines["error_counts"].share < 0.99:
        share = _percent(lines["error_counts"].share)
        said.append(f"Hourly counts will not be complete: about {share} of their rows can be read.")
    elif short:
        said.append("Hourly counts stay complete.")
    sweep = lines["issues.sweep"]
    if sweep.share < 0.99:
        takes = output.duration(sweep.every / sweep.share)
        said.append(f"A sweep of the unresolved takes {takes}: a status changed by hand may be as old as that.")
    if short:
        said.append("A larger budget (--rate-limit) helps most; Sentry's own limit is far above ours.")
    waiting = [line for line in found.lines if line.backfill and line.backfill_takes is None]
    if waiting:
        said.append(f"Nothing is left over for the past of {', '.join(line.stream for line in waiting)}.")
    return said


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.1 else f"{share:.1%}"


def _show(plan: dict[str, Any]) -> None:
    shape, total = plan["shape"], plan["total"]
    output.line(
        f"{output.printable(plan['organization'] or 'An organization')} of {shape['projects']} projects, "
        f"{shape['unresolved']} unresolved of {shape['issues']} issues, "
        f"{shape['events_per_day']:.0f} errors a day, {shape['issues_per_hour']:.0f} issues with one an hour, "
        f"{shape['transactions']:.0f} transaction rows an hour"
    )
    output.table(
        ("STREAM", "EVERY", "REQUESTS", "A MINUTE", "GETS", "MEDIAN AGE", "PAST", "TAKES"),
        [
            [
                line["stream"],
                output.duration(timedelta(seconds=line["every_seconds"])),
                f"{line['requests']:.1f}",
                f"{line['per_minute']:.2f}",
                _percent(line["share"]),
                output.duration(timedelta(seconds=line["age_seconds"])),
                f"{line['backfill']:.0f}",
                _takes(line),
            ]
            for line in plan["streams"]
        ],
    )
    output.line(
        f"{total['per_minute']:.1f} requests a minute of {plan['budget']['for_sync']:.0f} that the sync may send "
        f"({plan['budget']['per_minute']} less the reserve for questions); {total['backfill']:.0f} for the past"
    )
    for note in plan["notes"]:
        output.line(note)


def _takes(line: dict[str, Any]) -> str:
    if not line["backfill"]:
        return "-"
    seconds = line["backfill_seconds"]
    return "no room" if seconds is None else output.duration(timedelta(seconds=seconds))
