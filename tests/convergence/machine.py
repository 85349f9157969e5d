"""The test that decides: any interleaving of what happens in the world, of faults, kills and passes; then calm.

After every step, what the store claims is compared with what it holds and what it could have seen. In the end,
once nothing moves but time and passes enough were made, it equals the world.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sentry_sync.sync.run import FINE
from tests.convergence import stage
from tests.convergence.asked import wrong_answers
from tests.convergence.claims import Claims
from tests.convergence.deeds import AUDITED, DAY, HOUR, MINUTE, Deed, Hand, deeds, webhooks
from tests.convergence.settled import EVERYTHING, Settled
from tests.convergence.stage import Scene
from tests.convergence.troubles import Trouble, killing, troubles
from tests.convergence.watched import Disturbance, Watched
from tests.support.rig import Killed

waits = st.sampled_from((1, 30, 5 * MINUTE, 16 * MINUTE, 31 * MINUTE, 2 * HOUR, 7 * HOUR, DAY, 3 * DAY))
"""How long nothing happens before a sync: seconds to days."""

ALL = ("projects", "issues", "releases", "events", "performance")


@dataclass(frozen=True)
class Run:
    """What a sync is asked for."""

    resources: tuple[str, ...] = ALL
    full: bool = False


runs = st.builds(
    Run,
    st.sampled_from(
        (ALL, ALL, ALL, ("issues",), ("events",), ("releases",), ("projects",), ("projects", "issues"))
    ),
    st.booleans(),
)
"""Mostly everything."""

COMPARED = {
    "saas": EVERYTHING,
    "self-hosted": EVERYTHING,
    "glitchtip": ("projects", "issues", "events", "hints"),
}
"""What each kind of server tells enough of to be compared."""

done: Counter[str] = Counter()
"""How many examples, steps, syncs, kills and faults there were: what a soak reports."""


def none_of(differences: list[str]) -> None:
    """Fail with each of them on a line."""
    if differences:
        raise AssertionError("\n  ".join(["the store and the world differ:", *differences[:20]]))


class Convergence(RuleBasedStateMachine):
    """One example. Subclasses choose the server and the weather."""

    profile: ClassVar[str] = "saas"
    stormy: ClassVar[bool] = True
    measured: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        self.watched: Watched | None = None
        self._checked: Any = None

    @initialize(begun=st.booleans(), retention=st.sampled_from((90, 90, 3)))
    def begin(self, begun: bool, retention: int) -> None:
        """Nothing was read yet, or everything once."""
        self.scene = Scene(self.profile, begun, retention, self.measured)
        self.watched = stage.enter(self.scene)
        self.hand = Hand(self.watched.rig, polite=not self.stormy)
        done["examples"] += 1

    @rule(what=st.lists(deeds, min_size=1, max_size=4))
    def happens(self, what: list[Deed]) -> None:
        """Something happens between two syncs."""
        for deed in what:
            self._do(deed)

    @rule(wait=waits, run=runs, stop=st.none() | st.integers(1, 12))
    def sync(self, wait: int, run: Run, stop: int | None) -> None:
        """A sync nobody disturbs, or that is told to stop after some pages."""
        self._sync(wait, run, Disturbance(stop_after=stop))

    @rule(wait=waits, run=runs, moves=st.dictionaries(st.integers(1, 14), deeds, min_size=1, max_size=3))
    def sync_in_motion(self, wait: int, run: Run, moves: dict[int, Deed]) -> None:
        """The world changes between a sync's requests."""

        def move(number: int) -> None:
            if number in moves:
                self._do(moves[number])

        self._sync(wait, run, Disturbance(at_request=move))

    @precondition(lambda self: self.stormy)
    @rule(wait=waits, run=runs, trouble=st.lists(troubles, min_size=1, max_size=3))
    def sync_in_trouble(self, wait: int, run: Run, trouble: list[Trouble]) -> None:
        """Answers fail."""
        faults = self._there.rig.sim.faults
        for one in trouble:
            one.arm(faults)
        self._sync(wait, run, Disturbance())
        faults.clear()
        done["faults"] += len(trouble)

    @precondition(lambda self: self.stormy)
    @rule(wait=waits, run=runs, at=st.integers(1, 14), committed=st.booleans())
    def sync_killed(self, wait: int, run: Run, at: int, committed: bool) -> None:
        """The process ends at a request, or right after the commit of a page."""
        strike = killing(at)
        self._sync(wait, run, Disturbance(at_page=strike) if committed else Disturbance(at_request=strike))
        done["kills"] += 1

    @rule(
        wait=waits,
        told=st.lists(webhooks, min_size=1, max_size=4),
        moves=st.dictionaries(st.integers(1, 6), deeds, max_size=2),
        trouble=st.lists(troubles, max_size=1),
        killed_at=st.none() | st.integers(1, 6),
    )
    def hints_are_acted_on(
        self, wait: int, told: list[Deed], moves: dict[int, Deed], trouble: list[Trouble], killed_at: int | None
    ) -> None:
        """Webhooks come, and what they hint at is looked at: of nothing as a whole that makes anything known."""
        for deed in told:
            self._do(deed)
        self._there.rig.advance(wait)
        self._there.log.look()
        before = self._there.held.known()

        def meanwhile(number: int) -> None:
            if number in moves:
                self._do(moves[number])
            if self.stormy and number == killed_at:
                raise Killed

        for one in trouble if self.stormy else ():
            one.arm(self._there.rig.sim.faults)
        self._there.act_on_hints(Disturbance(at_request=meanwhile))
        self._there.rig.sim.faults.clear()
        none_of([f"after a look at some issues {what} is known" for what in self._there.held.known() - before])
        done["looks"] += 1

    @invariant()
    def claims_hold(self) -> None:
        """The store claims nothing that it doesn't hold."""
        if self.watched is None:
            return
        state = self.watched.held.changes(), self.watched.log.now
        if state != self._checked:
            self._checked = state
            none_of(Claims(self.watched.rig, self.watched.held, self.watched.log).check())

    def teardown(self) -> None:
        """Calm: nothing moves but time. Then the store equals the world."""
        if self.watched is None:
            return
        try:
            if sys.exc_info()[0] is None:
                self._calm()
        finally:
            self.watched.close()

    def _calm(self) -> None:
        there = self._there
        clock = there.rig.sim.world.clock
        since = synced = clock.seconds()
        for seconds in (7 * HOUR, 36 * MINUTE):
            synced = int(clock.timestamp() + seconds)
            self._sync(seconds, Run(), Disturbance())
            self.claims_hold()
        left_out = set() if self.measured else {"performance", "stats"}
        if not AUDITED:
            left_out.add("releases")
        wanted = [name for name in COMPARED[self.profile] if name not in left_out]
        settled = Settled(there.rig, there.held, since, synced)
        none_of(settled.check(wanted))
        if self.profile != "glitchtip":
            none_of(wrong_answers(there.rig))

    @property
    def _there(self) -> Watched:
        assert self.watched is not None
        return self.watched

    def _do(self, deed: Deed) -> None:
        self.hand.do(deed)
        self._there.log.look()
        done["deeds"] += 1

    def _sync(self, wait: int, run: Run, disturbance: Disturbance) -> None:
        self._there.rig.advance(wait)
        self._there.log.look()
        wanted = tuple(name for name in run.resources if name in self.scene.resources) or ("issues",)
        summary = self._there.sync(wanted, disturbance, full=run.full)
        if summary and "issues" in wanted and all(one.state in FINE for one in summary.results):
            none_of(Claims(self._there.rig, self._there.held, self._there.log).swept())
        done["syncs"] += 1
        done["requests"] += self._there.requests
