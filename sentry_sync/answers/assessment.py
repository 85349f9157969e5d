"""A verdict on a release as an answer shows it: figures, intervals, and sentences made of figures alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from sentry_sync.answers import untrusted
from sentry_sync.answers.figures import rounded
from sentry_sync.answers.release_evidence import Case
from sentry_sync.answers.release_records import Records, Span
from sentry_sync.answers.times import DAY, HOUR, shown
from sentry_sync.records.intervals import Interval, floor
from sentry_sync.store.reads import releases
from sentry_sync.trends.verdicts.proportions import Share, difference
from sentry_sync.trends.verdicts.rates import Counted, total
from sentry_sync.trends.verdicts.release import ALPHA, Assessment, Cell, Finding, Level, Verdict, unsettled
from sentry_sync.trends.verdicts.seasonal import Episode

ROWS = 5
"""Issues and transactions shown of each kind."""

_BAD = (Level.SLIGHT, Level.WORSE, Level.SEVERE)


def shown_case(records: Records, candidate: Span, case: Case, found: Assessment) -> dict[str, Any]:
    """All of an answer but the project."""
    evidence = case.evidence
    return {
        "verdict": found.verdict.value,
        "because": list(_because(case, found)),
        "would_change": list(_would_change(case, found)),
        "release": _span(candidate) | {"adoption": rounded(case.adoption, 4), "current": evidence.current},
        "baseline": _span(case.baseline) | {"compared_on": case.design} if case.baseline else None,
        "exposure": {
            "unit": evidence.unit,
            "candidate": _of_known(evidence.candidate, _sum(evidence.candidate).exposure),
            "baseline": _of_known(evidence.baseline, _sum(evidence.baseline).exposure),
            "hours_known": case.hours_known,
            "hours": case.hours,
        },
        "errors": _errors(case, found),
        "crash_free_sessions": _crashes(case, found.crashes),
        "crash_free_users": _users(records, candidate, case.baseline),
        "latency": _latency(found),
        "new_issues": _issues(case, case.issues) | {"events": _unless_unknown(case, evidence.new_errors)},
        "regressed_issues": _issues(case, case.reopened),
        "episodes": [_episode(one) for one in case.episodes[:ROWS]],
    }


def _span(span: Span) -> dict[str, Any]:
    return {
        "began": shown(span.began),
        "followed_at": shown(span.followed),
        "untrusted": {"version": untrusted.line(span.version)},
    }


def _issues(case: Case, rows: Sequence[Any]) -> dict[str, Any]:
    return {"count": _unless_unknown(case, len(rows)), "issues": [_issue(row) for row in rows[:ROWS]]}


def _unless_unknown(case: Case, counted: float) -> float | None:
    """A count of the time since the release; None where it is 0 since no hour of it is known."""
    return counted if counted or case.hours_known else None


def _of_known(cells: Sequence[Cell], value: float) -> int | None:
    """A sum over cells; None where there are none: nothing is known."""
    return round(value) if cells else None


def _sum(cells: Sequence[Cell]) -> Counted:
    return total(cell.errors for cell in cells)


def _errors(case: Case, found: Assessment) -> dict[str, Any]:
    ours, theirs = _sum(case.evidence.candidate), _sum(case.evidence.baseline)
    return {
        **_finding(found.errors, 3),
        "candidate": _of_known(case.evidence.candidate, ours.events),
        "baseline": _of_known(case.evidence.baseline, theirs.events),
        f"candidate_per_1000_{case.evidence.unit}s": _per_thousand(ours),
        f"baseline_per_1000_{case.evidence.unit}s": _per_thousand(theirs),
        "from_new_issues": rounded(found.from_new_issues, 3),
        "dispersion": rounded(found.dispersion, 2),
    }


def _per_thousand(counted: Counted) -> float | None:
    return rounded(None if counted.rate is None else 1000 * counted.rate, 3)


def _finding(finding: Finding, digits: int) -> dict[str, Any]:
    known = finding.effect is not None
    return {
        "level": finding.level.value,
        "ratio" if finding.signal == "errors" else "change": _finite(finding.effect, digits),
        "low": _finite(finding.low, digits) if known else None,
        "high": _finite(finding.high, digits) if known else None,
        "p_adjusted": rounded(finding.p_adjusted, 6) if known else None,
    }


def _finite(value: float | None, digits: int) -> float | None:
    return None if value is None or math.isinf(value) else round(value, digits)


def _crashes(case: Case, finding: Finding) -> dict[str, Any]:
    """Told as crash-free: what more crashed is what fewer were free of it."""
    ours, theirs = (_crashed(cells) for cells in (case.evidence.candidate, case.evidence.baseline))
    told = _finding(finding, 5)
    for name in ("change", "low", "high"):
        told[name] = None if told[name] is None else -told[name]
    told["low"], told["high"] = told["high"], told["low"]
    return {**told, "candidate": _free(ours), "baseline": _free(theirs)}


def _crashed(cells: Sequence[Cell]) -> Share:
    return sum((cell.crashed for cell in cells if cell.crashed), Share(0, 0))


def _free(share: Share) -> float | None:
    return rounded(None if share.value is None else 1 - share.value, 5)


def _users(records: Records, candidate: Span, baseline: Span | None) -> dict[str, Any] | None:
    """Users of days do not add up, so one day stands for each: the newest that is over, of both if any is."""
    versions = [one.version for one in (candidate, baseline) if one]
    days = records.known.days
    if not days or baseline is None:
        return None
    window = Interval(floor(candidate.began, DAY) - 14 * DAY, floor(days[-1].end, DAY) + DAY)
    rows = releases.health(records.view.snapshot, records.project.id, versions, window)
    held = {
        version: {
            row.bucket: row
            for row in sorted(rows.get(version, ()), key=lambda row: row.sessions)
            if records.environment in (None, row.environment)
            and row.users
            and row.crash_free_users is not None
            and row.bucket + DAY <= days[-1].end
        }
        for version in versions
    }
    ours, theirs = held[candidate.version], held[baseline.version]
    if not ours or not theirs:
        return None
    both = ours.keys() & theirs.keys()
    mine, other = (ours[max(both)], theirs[max(both)]) if both else (ours[max(ours)], theirs[max(theirs)])
    change = difference(_not_free(mine), _not_free(other), ALPHA)
    return {
        "candidate": rounded(mine.crash_free_users, 5),
        "baseline": rounded(other.crash_free_users, 5),
        "change": None if change.value is None else -round(change.value, 5),
        "low": -round(change.high, 5),
        "high": -round(change.low, 5),
        "candidate_day": shown(mine.bucket),
        "baseline_day": shown(other.bucket),
        "users": mine.users,
    }


def _not_free(row: Any) -> Share:
    return Share(row.users * (1 - row.crash_free_users), row.users)


def _latency(found: Assessment) -> dict[str, Any]:
    finding = found.latency
    return {
        "level": finding.level.value,
        "slower_share": rounded(finding.effect, 3),
        "p_adjusted": rounded(finding.p_adjusted, 6) if finding.effect is not None else None,
        "judged": len(found.slower),
        "transactions": [
            {
                "percentile": one.percentile,
                "ratio": rounded(one.shift.ratio, 3),
                "low": _finite(one.shift.low, 3),
                "high": _finite(one.shift.high, 3),
                "p_adjusted": rounded(p, 6),
                "hours": one.shift.hours,
                "count": one.count,
                "untrusted": {"transaction": untrusted.line(one.transaction)},
            }
            for one, p in found.slower[:ROWS]
        ],
    }


def _issue(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "short_id": row.short_id,
        "events": row.events,
        "level": untrusted.word(row.level),
        "status": row.status,
        "substatus": row.substatus,
        "unhandled": row.unhandled,
        "first_seen": shown(row.first_seen),
        "untrusted": {"title": untrusted.line(row.title)},
    }


def _episode(one: Episode) -> dict[str, Any]:
    return {
        "from": shown(one.start),
        "to": shown(one.end),
        "errors": one.events,
        "usual": rounded(one.usual, 1),
    }


def _because(case: Case, found: Assessment) -> Iterator[str]:
    """The reasons, in sentences of figures; names of anything stand elsewhere."""
    unit = case.evidence.unit
    if found.passing:
        yield "without the hours in episodes nothing is worse: an incident rather than the release"
    errors, crashes, latency = found.findings
    if errors.level in _BAD and errors.effect is not None:
        times = "many" if math.isinf(errors.effect) else f"{errors.effect:.2f}"
        least = f"at least {errors.low:.2f}"
        yield f"{errors.level.value}: errors per {unit} are {times} times the baseline's, {least}"
        if found.from_new_issues is not None:
            yield f"{found.from_new_issues:.0%} of the excess is from issues that began with the release"
    if crashes.level in _BAD and crashes.effect is not None:
        yield (
            f"{crashes.level.value}: {100 * crashes.effect:.2f} points of crash-free sessions are lost, at least "
            f"{100 * crashes.low:.2f}"
        )
    if latency.level in _BAD and latency.effect is not None:
        yield f"{latency.level.value}: {latency.effect:.0%} of the judged requests are in slower transactions"
    if case.reopened:
        known = len(case.reopened)
        yield f"{known} {'issue' if known == 1 else 'issues'} that had been resolved came back"
    yield from _told_apart(case, found)


def _told_apart(case: Case, found: Assessment) -> Iterator[str]:
    """What the verdict itself means."""
    if found.verdict is Verdict.HEALTHY:
        yield "nothing is worse, and a doubling of errors or a clear loss of crash-free sessions would have shown"
        if found.latency.level is Level.UNKNOWN:
            yield "of latency nothing is said: no transaction has enough requests in enough hours, now and before"
    suspected = any(finding.level in _BAD for finding in found.findings)
    if found.verdict is Verdict.WATCH and not suspected and unsettled(found.errors, found.crashes):
        yield "what was seen would matter, but may still be chance: the interval holds no difference as well"
    if found.verdict is Verdict.TOO_EARLY:
        yield _too_early(case)
    if found.verdict is Verdict.REGRESSED and not case.evidence.current:
        yield "a newer release has taken its place, so that there is nothing to roll back"


def _too_early(case: Case) -> str:
    if case.baseline is None:
        return "no earlier release is known well enough to compare with"
    if not case.evidence.candidate:
        return "no day is known of both its errors and its exposure"
    if not case.evidence.baseline:
        return "of the baseline no time that could be compared is known"
    return "so far not even a doubling of errors would show"


def _would_change(case: Case, found: Assessment) -> Iterator[str]:
    evidence = case.evidence
    exposure = _sum(evidence.candidate).exposure
    if found.verdict is Verdict.TOO_EARLY:
        needed = [one.needed for one in (found.errors, found.crashes) if one.needed is not None]
        if needed and exposure:
            more = max(0.0, min(needed) - exposure)
            since = sum((HOUR for _ in range(case.hours_known)), HOUR - HOUR) / HOUR
            pace = f", about {more / exposure * since:.0f} hours at its pace" if since else ""
            yield f"{more:.0f} more {evidence.unit}s{pace}: then it can be called healthy or not"
        if case.hours_known < case.hours:
            yield "a sync of the hours that are missing"
    if found.verdict in (Verdict.HEALTHY, Verdict.WATCH):
        yield "errors at least 1.2 times the baseline's for certain, or half a point of crash-free sessions lost"
    if found.verdict is Verdict.WATCH and not found.passing:
        yield "more exposure: what is suspected now becomes certain, or goes"
    if found.verdict in (Verdict.REGRESSED, Verdict.ROLL_BACK):
        yield "a release that fixes this, assessed against the same baseline"
        if not case.episodes and case.hours_known < 12:
            yield "the excess ending: hours that are over and stick out are taken for an incident, not the release"
    if evidence.unit != "session":
        yield "sessions: with them errors can be told by release"
