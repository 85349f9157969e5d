from __future__ import annotations

import os
import signal
import threading

import pytest

from sentry_sync.cli.together import Ended, Half, until_a_signal
from sentry_sync.errors import StoreUnwritable
from sentry_sync.records.stoppable import Stopped


class Runs:
    """A half that runs until it is stopped, after calling ``begin`` once."""

    def __init__(self, name: str, begin: object = None) -> None:
        self.stopped = threading.Event()
        self.half = Half(name, self._run, self.stopped.set)
        self._begin = begin

    def _run(self) -> None:
        if callable(self._begin):
            self._begin()
        assert self.stopped.wait(20)


def to_this_process(number: signal.Signals) -> object:
    return lambda: os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_both(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    one, other = Runs("one", to_this_process(number)), Runs("other")
    until_a_signal(one.half, other.half)
    assert one.stopped.is_set()
    assert other.stopped.is_set()
    assert signal.getsignal(number) is before


def test_what_fails_stops_the_other_and_is_raised() -> None:
    def fail() -> None:
        raise StoreUnwritable("no room")

    other = Runs("other")
    with pytest.raises(StoreUnwritable, match="no room"):
        until_a_signal(other.half, Half("one", fail, lambda: None))
    assert other.stopped.is_set()


def test_what_ends_by_itself_is_a_failure_too() -> None:
    other = Runs("other")
    with pytest.raises(Ended, match="the sync ended by itself"):
        until_a_signal(other.half, Half("the sync", lambda: None, lambda: None))
    assert other.stopped.is_set()


def test_a_wait_that_was_broken_off_is_no_failure() -> None:
    def wait() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        raise Stopped

    until_a_signal(Half("one", wait, lambda: None))


def test_a_hangup_is_heard_as_often_as_it_comes_and_ends_nothing() -> None:
    heard: list[str] = []
    again = threading.Event()

    def begin() -> None:
        os.kill(os.getpid(), signal.SIGHUP)
        assert again.wait(20)
        os.kill(os.getpid(), signal.SIGHUP)

    def on_hangup() -> None:
        heard.append("hangup")
        again.set()
        if len(heard) == 2:
            os.kill(os.getpid(), signal.SIGTERM)

    until_a_signal(Runs("one", begin).half, on_hangup=on_hangup)
    assert heard == ["hangup", "hangup"]
