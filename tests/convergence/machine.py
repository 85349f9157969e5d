"""The test that decides: any interleaving of what happens in the world, of faults, kills and passes; then calm.

After every step, what the store claims is compared with what it holds and what it could have seen. In the end,
once nothing moves but time and passes enough were made, it equals the world.
"""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.convergence import stage
from tests.convergence.claims import Claims
from tests.convergence.deeds import AUDITED, DAY, HOUR, MINUTE, Deed, Hand, deeds
from tests.convergence.settled import EVERYTHING, Settled
from tests.convergence.stage import Scene
from tests.convergence.troubles import Trouble, killing, troubles
from tests.convergence.watched import Disturbance, Watched

WAITS = (1, 30, 5 * MINUTE, 16 * MINUTE, 31 * MINUTE, 2 * HOUR, 7 * HOUR, DAY, 3 * DAY)

ALL = ("projects", "issues", "releases", "events", "performance")
chosen = st.sampled_from(
    (ALL, ALL, ALL, ("issues",), ("events",), ("releases",), ("projects",), ("projects", "issues"))
)
"""What a sync is asked for: mostly everything."""

COMPARED = {
    "saas": EVERYTHING,
    "self-hosted": EVERYTHING,
    "glitchtip": ("projects", "issues", "events"),
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

    @rule(deed=deeds)
    def happens(self, deed: Deed) -> None:
        """Something happens between two syncs."""
        self._do(deed)

    @rule(seconds=st.sampled_from(WAITS))
    def time_passes(self, seconds: int) -> None:
        """Nothing else does."""
        self._there.rig.advance(seconds)
        self._there.log.look()

    @rule(resources=chosen, full=st.booleans(), stop=st.none() | st.integers(1, 12))
    def sync(self, resources: tuple[str, ...], full: bool, stop: int | None) -> None:
        """A sync nobody disturbs, or that is told to stop after some pages."""
        self._sync(resources, Disturbance(stop_after=stop), full=full)

    @rule(
        resources=chosen,
        full=st.booleans(),
        moves=st.dictionaries(st.integers(1, 14), deeds, min_size=1, max_size=3),
    )
    def sync_in_motion(self, resources: tuple[str, ...], full: bool, moves: dict[int, Deed]) -> None:
        """The world changes between a sync's requests."""

        def move(number: int) -> None:
            if number in moves:
                self._do(moves[number])

        self._sync(resources, Disturbance(at_request=move), full=full)

    @precondition(lambda self: self.stormy)
    @rule(resources=chosen, full=st.booleans(), trouble=st.lists(troubles, min_size=1, max_size=2))
    def sync_in_trouble(self, resources: tuple[str, ...], full: bool, trouble: list[Trouble]) -> None:
        """Answers fail."""
        for one in trouble:
            one.arm(self._there.rig.sim.faults)
            done["faults"] += 1
        self._sync(resources, Disturbance(), full=full)
        self._there.rig.sim.faults.clear()

    @precondition(lambda self: self.stormy)
    @rule(resources=chosen, full=st.booleans(), at=st.integers(1, 14), committed=st.booleans())
    def sync_killed(self, resources: tuple[str, ...], full: bool, at: int, committed: bool) -> None:
        """The process ends at a request, or right after the commit of a page."""
        strike = killing(at)
        self._sync(
            resources, Disturbance(at_page=strike) if committed else Disturbance(at_request=strike), full=full
        )
        done["kills"] += 1

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
        since = there.rig.sim.world.clock.seconds()
        for seconds in (1, 7 * HOUR, 35 * MINUTE, MINUTE):
            there.rig.advance(seconds)
            self._sync(ALL, Disturbance(), full=False)
            self.claims_hold()
        left_out = set() if self.measured else {"performance"}
        if not AUDITED:
            left_out.add("releases")
        wanted = [name for name in COMPARED[self.profile] if name not in left_out]
        none_of(Settled(there.rig, there.held, since).check(wanted))

    @property
    def _there(self) -> Watched:
        assert self.watched is not None
        return self.watched

    def _do(self, deed: Deed) -> None:
        self.hand.do(deed)
        self._there.log.look()
        done["deeds"] += 1

    def _sync(self, resources: tuple[str, ...], disturbance: Disturbance, *, full: bool) -> None:
        wanted = tuple(name for name in resources if name in self.scene.resources) or ("issues",)
        self._there.sync(wanted, disturbance, full=full)
        done["syncs"] += 1
        done["requests"] += self._there.requests
