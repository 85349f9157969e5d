"""What goes wrong between us and the server: failures of answers, and the end of our own process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import strategies as st

from sentry_sync.simulator.faults import FaultKind, Faults
from tests.support.rig import Killed

PLACES = ("", "/issues/", "/projects/", "/releases/", "dataset=errors", "/sessions/", "/deploys/", "group=", "cursor=",
          "/events/", "to_hour", "/environments/")  # fmt: skip
"""Parts of the addresses that are asked for; the first is in all of them."""

STATUSES = (429, 500, 502, 503, 504, 400, 401, 403, 404, 410)

KINDS: tuple[FaultKind, ...] = (
    "hang", "cut_body", "bad_json", "html", "short_page", "empty_page", "repeat_cursor", "no_link", "wrong_type",
    "drop",
)  # fmt: skip


@dataclass(frozen=True)
class Trouble:
    """Some answers that fail: of which place, after how many good ones, how many times."""

    place: str
    kind: FaultKind
    status: int
    after: int
    times: int

    def arm(self, faults: Faults) -> None:
        """Let the server fail so."""
        faults.add(self.place, self.kind, self.times, status=self.status, after=self.after)


_shared = (st.integers(0, 6), st.sampled_from((1, 2, 9)))
troubles = st.one_of(
    st.builds(Trouble, st.sampled_from(PLACES), st.just("status"), st.sampled_from(STATUSES), *_shared),
    st.builds(Trouble, st.sampled_from(PLACES), st.sampled_from(KINDS), st.just(503), *_shared),
)
"""Any trouble; nine times is more often than a request is tried again."""


def killing(number: int) -> Callable[[int], None]:
    """A process that ends without a word once it has come so far."""

    def strike(reached: int) -> None:
        if reached == number:
            raise Killed

    return strike
