"""Which passes to make, in which order: the newest first, and none begun anew that can go on. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sentry_sync.records.intervals import Interval, gaps
from sentry_sync.store.unit_of_work import Pass
from sentry_sync.sync.plan import OVERLAP
from sentry_sync.sync.stream import Work

Covered = Callable[[str], list[Interval]]
"""The time known complete for a scope."""


@dataclass(slots=True)
class Task:
    """A pass to begin, or one to go on with."""

    work: Work
    run: Pass | None = None
    planned: list[Work] = field(default_factory=list)
    """What going on with ``run`` stands for: to be asked anew where the server no longer knows its cursor."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a run makes of what is due and of what earlier runs left."""

    tasks: list[Task]
    dropped: list[Pass]
    """Unfinished passes that are not worth going on with: what they lacked is known by now, or begun anew."""


def ordered(
    planned: Sequence[Work],
    unfinished: Sequence[Pass],
    covered: Covered,
    *,
    replaces: bool,
    newest: bool,
) -> Order:
    """The tasks of a stream with coverage; ``planned`` is newest first, and so are they.

    What lies inside an unfinished pass's window is that pass's rest: it goes on at its cursor. So does what only
    a young tail makes longer, unless the ``newest`` is wanted in any case. ``replaces`` says
    that a pass writes what was true of its window when it was asked: then none goes on whose unread part is about
    to be read by another, which would be newer.
    """
    tail = timedelta() if newest else OVERLAP
    tasks: list[Task] = []
    going_on: dict[int, Task] = {}
    for work in planned:
        run = next((run for run in reversed(unfinished) if _holds(run, work, tail)), None)
        if run is None:
            tasks.append(Task(work))
        elif run.id in going_on:
            going_on[run.id].planned.append(work)
        else:
            task = going_on[run.id] = Task(Work(run.scope, run.window), run, [work])
            tasks.append(task)
    if replaces:
        tasks = [part for task in tasks for part in _apart(task, planned, covered)]
    resumed = {task.run.id for task in tasks if task.run}
    left = [run for run in unfinished if run.id not in resumed and run.id not in going_on]
    wanted = [run for run in left if not replaces and _lacks(run, planned, covered)]
    tasks.extend(Task(Work(run.scope, run.window), run) for run in wanted)
    return Order(tasks, [run for run in unfinished if run.id not in resumed and run not in wanted])


def _holds(run: Pass, work: Work, tail: timedelta) -> bool:
    """Whether ``work`` is a part of what ``run`` still brings, but for a ``tail`` that the next run has anyway."""
    if run.scope != work.scope or run.window is None or work.window is None:
        return False
    starts_inside = run.window.start <= work.window.start < run.window.end
    return starts_inside and work.window.end - run.window.end <= tail


def _apart(task: Task, planned: Sequence[Work], covered: Covered) -> list[Task]:
    """``task``, or what it stands for begun anew when another pass is to read a part of what it has not read."""
    if task.run is None or task.run.window is None:
        return [task]
    missing = gaps(task.run.window, covered(task.work.scope))
    others = [work.span for work in planned if work.scope == task.work.scope and work not in task.planned]
    if any(other.start < gap.end and gap.start < other.end for other in others for gap in missing):
        return [Task(work) for work in task.planned]
    return [task]


def _lacks(run: Pass, planned: Sequence[Work], covered: Covered) -> bool:
    """Whether a pass would bring what is not known and nobody else is about to ask for."""
    if run.window is None:
        return False
    asked = [work.span for work in planned if work.scope == run.scope]
    return bool(gaps(run.window, [*covered(run.scope), *asked]))


def last_known(unfinished: Iterable[Pass], known: Iterable[Interval]) -> datetime | None:
    """Until when a stream has been read, the passes that go on included; None when it never was."""
    ends = [run.window.end for run in unfinished if run.window] + [interval.end for interval in known]
    return max(ends, default=None)
