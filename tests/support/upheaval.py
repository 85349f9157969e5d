"""What people do to issues without an event, and whether a store knows of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from sentry_sync.store import tables
from tests.support.rig import Rig

Row = tuple[object, ...]


def held(rig: Rig) -> dict[str, Row]:
    """What the store says of each issue that is still there."""
    return {
        row.id: (row.status, row.substatus, row.priority, row.assigned_id, row.count, row.last_seen)
        for row in rig.rows(tables.issues)
        if row.removed_at is None
    }


def truth(rig: Rig) -> dict[str, Row]:
    """What is so."""
    return {
        i.id: (
            i.status,
            i.substatus,
            i.priority,
            i.assigned_to["id"] if i.assigned_to else None,
            i.count,
            i.last_seen,
        )
        for i in rig.sim.world.issues.values()
    }


def removed(rig: Rig) -> dict[str, tuple[str, str | None]]:
    """How each removed issue went, and where to."""
    return {
        row.id: (row.removed_as, row.merged_into) for row in rig.rows(tables.issues) if row.removed_at is not None
    }


@dataclass
class Upheaval:
    """A quarter of an hour of people at work; what was done to which issues."""

    silent: list[str] = field(default_factory=list)
    assigned: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    merged: list[tuple[str, str]] = field(default_factory=list)
    """Child and parent."""

    @property
    def gone(self) -> dict[str, tuple[str, str | None]]:
        """What ``removed`` should say."""
        deleted: dict[str, tuple[str, str | None]] = dict.fromkeys(self.deleted, ("deleted", None))
        return deleted | {child: ("merged", parent) for child, parent in self.merged}


def upheave(rig: Rig, *, silent: int = 100, assigned: int = 10, deleted: int = 20, merged: int = 5) -> Upheaval:
    """Resolve, ignore and reopen, assign, set priorities, delete and merge; no event is sent.

    All statuses are touched, so that each way of finding out has something to find.
    """
    do, issues, done = rig.sim.mutate, rig.sim.world.issues, Upheaval()
    ids = sorted(issues, key=lambda issue: int(issue) * 7919 % 10007)
    taken = iter(ids)
    while len(done.silent) < silent:
        issue = next(taken)
        done.silent.append(issue)
        if issues[issue].status != "unresolved":
            do.unresolve(issue)
        elif len(done.silent) % 3:
            do.resolve(issue)
        else:
            do.ignore(issue)
    for number in range(assigned):
        done.assigned.append(next(taken))
        do.assign(done.assigned[-1], "ada@acme.example" if number % 2 else "#backend")
        do.set_priority(next(taken), "low" if number % 2 else "high")
    done.deleted = [next(taken) for _ in range(deleted)]
    do.delete(done.deleted)
    for _ in range(merged):
        child = next(taken)
        parent = next(i for i in taken if issues[i].project is issues[child].project)
        do.merge(parent, child)
        done.merged.append((child, parent))
    return done
