"""``sentry-sync assess`` and ``sentry-sync health``: verdicts for a terminal and for a pipeline's gate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sentry_sync.cli import output
from sentry_sync.cli.answering import answers_of
from sentry_sync.cli.auditing import noted
from sentry_sync.cli.settings import Settings

EXIT_REGRESSED, EXIT_ROLL_BACK, EXIT_NO_VERDICT = 20, 21, 22
"""Away from the codes of errors, so that a gate can tell a bad release from a question that failed."""

_CODES = {"healthy": 0, "watch": 0, "regressed": EXIT_REGRESSED, "roll back": EXIT_ROLL_BACK}


def assess(
    settings: Settings, project: str, version: str, baseline: str | None, environment: str | None, *, as_json: bool
) -> int:
    """Print the verdict on a release and why; its exit code."""
    with answers_of(settings) as answers:
        answer = answers.assess_release(project, version, baseline=baseline, environment=environment)
    noted(settings, "assess", {"project": project, "version": version})
    code = _CODES.get(answer["verdict"], EXIT_NO_VERDICT)
    if as_json:
        output.document(answer)
        return code
    output.line(f"verdict: {answer['verdict'] or 'none, the release is not known'}")
    for heading, name in (("because", "because"), ("it would change with", "would_change")):
        for reason in answer.get(name, ()):
            output.line(f"  {heading}: {output.printable(reason)}")
    if answer["verdict"]:
        _figures(answer)
    _freshness(answer["freshness"])
    return code


def _figures(answer: Mapping[str, Any]) -> None:
    errors, crashes, latency = answer["errors"], answer["crash_free_sessions"], answer["latency"]
    unit = answer["exposure"]["unit"]
    rows = [
        (f"errors per 1000 {unit}s", errors[f"baseline_per_1000_{unit}s"], errors[f"candidate_per_1000_{unit}s"],
         errors["ratio"], errors["low"], errors["high"], errors["level"]),
        ("crash-free sessions", crashes["baseline"], crashes["candidate"],
         crashes["change"], crashes["low"], crashes["high"], crashes["level"]),
    ]  # fmt: skip
    rows += [
        (
            f"{one['percentile']} of {one['untrusted']['transaction']}",
            None,
            None,
            one["ratio"],
            one["low"],
            one["high"],
            "",
        )
        for one in latency["transactions"]
    ]
    output.line()
    output.table(("", "baseline", "release", "change", "at least", "at most", ""), rows)
    for name in ("new_issues", "regressed_issues"):
        found = answer[name]
        if found["count"]:
            output.line(f"\n{found['count']} {name.replace('_', ' ')}")
            shown = [(one["short_id"], one["events"], one["untrusted"]["title"]) for one in found["issues"]]
            output.table(("issue", "events", "title"), shown)


def health(settings: Settings, project: str, *, as_json: bool) -> None:
    """Print how well a project is."""
    with answers_of(settings) as answers:
        answer = answers.project_health(project)
    noted(settings, "health", {"project": project})
    if as_json:
        output.document(answer)
        return
    score = answer["score"]
    output.line(f"{answer['project']['slug']}: {answer['state']}" + (f", {score:.0f} of 100" if score else ""))
    parts = [
        (
            part["part"],
            part["score"],
            part["weight"],
            " ".join(f"{k}={v}" for k, v in part.items() if k not in _PART),
        )
        for part in answer["parts"]
    ]
    output.table(("part", "score", "weight", ""), parts)
    for one in answer["objectives"]:
        used = (
            "not known" if one["budget_used"] is None else f"{one['budget_used']:.0%} used in {one['days']} days"
        )
        within = f", p95 within {one['target_p95_ms']:g} ms" if "target_p95_ms" in one else ""
        output.line(f"\n{one['objective']}{within}, target {one['target']:.2%}: error budget {used}")
    if answer["anomalies"]:
        output.line("\nodd hours")
        output.table(
            ("from", "to", "errors", "usual"),
            [(one["from"], one["to"], one["errors"], one["usual"]) for one in answer["anomalies"]],
        )
    if answer["forecast"]:
        output.line(f"\nerrors to expect, and between what in {answer['forecast']['level']:.0%} of cases")
        days = [(one["day"][:10], one["expected"], one["low"], one["high"]) for one in answer["forecast"]["days"]]
        output.table(("day", "expected", "from", "to"), days)
    _freshness(answer["freshness"])


_PART = ("part", "score", "weight")


def _freshness(found: Mapping[str, Any]) -> None:
    """How fresh and how complete, on stderr, out of a pipe's way."""
    output.flush()
    partly = "" if found["complete"] else ", incomplete"
    output.warn(f"as of {found['as_of'] or 'never'}{', stale' if found['stale'] else ''}{partly}")
    for note in found["notes"]:
        output.warn(output.printable(note))
