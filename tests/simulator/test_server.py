"""The simulator over HTTP: a free port, real cuts and hangs, control from outside, the command."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import subprocess
import sys
import threading
from typing import Any

import pytest

from sentry_sync.simulator import Simulator, SimulatorOptions, WorldSize, serve
from sentry_sync.simulator.__main__ import rate_limit
from tests.simulator.asking import NOW, ORG

TINY = WorldSize(projects=2, issues=20, events_per_day=20, releases=2, days=3)
LIST = f"/api/0/{ORG}/issues/?query="


def tiny(**changes: Any) -> Simulator:
    options: dict[str, Any] = {"size": TINY, "start": NOW, "frozen": True, **changes}
    return Simulator(SimulatorOptions(**options))


def connect(sim: Simulator, timeout: float = 10) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(sim.url.removeprefix("http://"), timeout=timeout)


def call(sim: Simulator, method: str, target: str, body: Any = None) -> tuple[int, Any]:
    headers = {"Authorization": "Bearer sntryu_simulator", "User-Agent": "test-caller"}
    with contextlib.closing(connect(sim)) as connection:
        connection.request(method, target, json.dumps(body) if body is not None else None, headers)
        with connection.getresponse() as response:
            return response.status, json.loads(response.read())


def test_it_answers_over_a_socket_what_handle_answers() -> None:
    with tiny() as sim:
        status, rows = call(sim, "GET", LIST)
        _, _, body = sim.handle("GET", LIST, {"Authorization": "Bearer sntryu_simulator"})
        assert (status, rows) == (200, json.loads(body))
        assert sim.requests[0].caller == "test-caller"


def test_it_is_controlled_over_http() -> None:
    with tiny() as sim:
        assert call(sim, "POST", "/__simulator__/advance", {"seconds": 60})[0] == 200
        assert (sim.now() - NOW).total_seconds() == 60
        status, made = call(sim, "POST", "/__simulator__/mutate", {"action": "new_issues", "count": 2})
        assert (status, len(made["result"])) == (200, 2)
        truth = call(sim, "GET", "/__simulator__/truth?full=1")[1]
        assert truth["issues"] == len(sim.world.issues) == 22
        assert truth["issues_by_id"][made["result"][0]]["count"] == 1
        assert call(sim, "POST", "/__simulator__/faults", {"path_contains": "/issues/", "status": 504})[0] == 200
        assert call(sim, "GET", LIST)[0] == 504
        log = call(sim, "GET", "/__simulator__/requests")[1]
        assert [(entry["path"], entry["status"]) for entry in log] == [(f"/api/0/{ORG}/issues/", 504)]


def test_wrong_control_is_refused_in_one_line() -> None:
    with tiny() as sim:
        for body in ({"action": "explode"}, {"action": "_each"}, {"action": "resolve", "ids": "42"}, {}):
            status, answer = call(sim, "POST", "/__simulator__/mutate", body)
            assert (status, "\n" in answer["detail"]) == (400, False)
        assert call(sim, "GET", "/__simulator__/nothing")[0] == 404


def test_a_cut_body_ends_early_and_a_dropped_connection_says_nothing() -> None:
    with tiny() as sim:
        sim.faults.add("/issues/", "cut_body")
        with pytest.raises(http.client.IncompleteRead):
            call(sim, "GET", LIST)
        sim.faults.add("/issues/", "drop")
        with pytest.raises(http.client.RemoteDisconnected):
            call(sim, "GET", LIST)
        assert call(sim, "GET", LIST)[0] == 200


def test_a_hang_holds_a_place_in_the_concurrency_limit_and_no_one_else_up() -> None:
    with tiny(concurrent_limit=1) as sim:
        sim.faults.add("/issues/", "hang")
        stuck = connect(sim, timeout=30)
        stuck.request("GET", LIST, headers={"Authorization": "Bearer sntryu_simulator"})
        # The control answers, and it answers after the hanging request has begun: one loop serves both.
        while not call(sim, "GET", "/__simulator__/requests")[1]:
            pass
        status, body = call(sim, "GET", LIST)
        assert (status, "concurrency" in body["detail"]) == (429, True)
        stuck.close()


def test_a_taken_port_is_named_in_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"Port {port} on 127.0.0.1 is in use; choose another"):
            serve(SimulatorOptions(size=TINY), port, lambda _: None)


def test_many_threads_get_the_same_page() -> None:
    sim = tiny(rate_limit=None)
    bodies: list[bytes] = []

    def work() -> None:
        headers = {"Authorization": "Bearer sntryu_simulator"}
        bodies.extend(sim.handle("GET", LIST, headers)[2] for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(bodies) == 80
    assert len(set(bodies)) == 1


def test_rendered_pages_are_kept_until_the_world_changes() -> None:
    sim = tiny(rate_limit=None)
    headers = {"Authorization": "Bearer sntryu_simulator"}
    first, second = (sim.handle("GET", LIST, headers)[2] for _ in range(2))
    assert first is second
    sim.mutate.bump(1)
    assert sim.handle("GET", LIST, headers)[2] != first


def test_the_command_serves_and_stops_on_an_interrupt() -> None:
    flags = ["--port", "0", "--issues", "10", "--events-per-day", "5", "--days", "2", "--rate-limit", "off"]
    process = subprocess.Popen(
        [sys.executable, "-m", "sentry_sync.simulator", *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        address = line.split("http://")[1].split("/")[0]
        process.stdout.readline()
        connection = http.client.HTTPConnection(address, timeout=30)
        connection.request("GET", "/__simulator__/truth")
        assert json.loads(connection.getresponse().read())["issues"] >= 10
        connection.close()
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=30)
    assert errors == ""


def test_limits_are_written_as_requests_over_seconds() -> None:
    assert (rate_limit("100/60"), rate_limit("off")) == ((100, 60), None)
    with pytest.raises(ValueError, match="wants requests/seconds"):
        rate_limit("fast")


def test_options_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        SimulatorOptions(start=NOW.replace(tzinfo=None))
    with pytest.raises(ValueError, match="at least one of issues"):
        WorldSize(issues=0)


def test_the_truth_is_told_of_one_moment_while_issues_arrive() -> None:
    sim = tiny()
    statuses: list[int] = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            statuses.append(sim.handle("GET", "/__simulator__/truth?full=1")[0])

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread = threading.Thread(target=look)
    try:
        thread.start()
        for _ in range(100):
            sim.mutate.new_issues(1)
    finally:
        done.set()
        thread.join()
        sys.setswitchinterval(before)
    assert set(statuses) == {200}
