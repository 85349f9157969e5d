from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from sentry_sync import __version__
from sentry_sync.cli.app import command
from sentry_sync.cli.main import guarded
from sentry_sync.errors import SentrySyncError, StoreBusy
from tests.support.cli import SECRET, CommandLine, environment, process


def raising(error: BaseException) -> Callable[[], int]:
    def action() -> int:
        raise error

    return action


def test_the_version_is_the_packages(cli: CommandLine) -> None:
    assert cli("--version").out == f"sentry-sync {__version__}\n"


def test_no_arguments_at_all_teach(cli: CommandLine) -> None:
    outcome = cli()
    assert outcome.code == 0
    assert "SENTRY_AUTH_TOKEN" in outcome.out
    assert "sentry-sync demo" in outcome.out


def test_a_misspelled_command_is_one_line_with_the_right_one(cli: CommandLine) -> None:
    assert cli("stats").refused(2) == "No such command 'stats'. Did you mean 'status'? (see --help)"


@pytest.mark.parametrize("arguments", [("db",), ("status", "--token", SECRET), ("sync", "--json", "--x")])
def test_a_wrong_command_line_is_one_line_and_exit_code_2(cli: CommandLine, arguments: tuple[str, ...]) -> None:
    outcome = cli(*arguments)
    assert outcome.code == 2
    assert len(outcome.err.splitlines()) == 1
    assert SECRET not in outcome.err


def test_each_error_of_ours_ends_in_its_line_and_its_code(capsys: pytest.CaptureFixture[str]) -> None:
    def tree(kind: type[SentrySyncError]) -> list[type[SentrySyncError]]:
        return [kind, *(found for child in kind.__subclasses__() for found in tree(child))]

    for kind in tree(SentrySyncError):
        assert guarded(raising(kind("what is wrong")), as_json=False) == kind.exit_code
        assert capsys.readouterr().err == "sentry-sync: what is wrong\n"


def test_with_json_an_error_is_an_object_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded(raising(StoreBusy("wait")), as_json=True) == 14
    captured = capsys.readouterr()
    assert json.loads(captured.err) == {"error": "wait", "exit_code": 14}
    assert captured.out == ""


def test_an_error_stays_one_line_whatever_a_server_put_into_it(capsys: pytest.CaptureFixture[str]) -> None:
    guarded(raising(SentrySyncError("one\ntwo\x1b[2J \u202ethree")), as_json=False)
    assert capsys.readouterr().err == "sentry-sync: one two?[2J ?three\n"


def test_a_defect_shows_no_traceback_and_not_the_text_that_it_quotes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert guarded(raising(KeyError("text of an event")), as_json=False) == 70
    said = capsys.readouterr().err
    assert said.startswith("sentry-sync: a defect of sentry-sync: KeyError at tests/cli/test_main.py:")
    assert "text of an event" not in said
    assert len(said.splitlines()) == 1
    monkeypatch.setenv("SENTRY_SYNC_TRACEBACK", "1")
    guarded(raising(KeyError("text of an event")), as_json=False)
    assert "Traceback" in capsys.readouterr().err


def test_what_the_system_refuses_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded(raising(PermissionError(13, "Permission denied", "/etc/x")), as_json=False) == 1
    assert capsys.readouterr().err == "sentry-sync: Permission denied: /etc/x\n"


@pytest.mark.parametrize(
    ("raised", "code"), [(KeyboardInterrupt(), 130), (BrokenPipeError(), 141), (typer.Exit(8), 8)]
)
def test_the_ways_to_leave_early_have_their_codes(raised: BaseException, code: int) -> None:
    assert guarded(raising(raised), as_json=False) == code


def test_a_reader_that_goes_away_is_no_error_of_ours(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "sentry_sync.cli", "db", "upgrade", "--store", str(tmp_path / "store")],
            stdout=closed,
            stderr=subprocess.PIPE,
            env=environment(tmp_path),
            check=False,
        )
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_full_disk_behind_the_output_is_one_line(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "sentry_sync.cli", "db", "upgrade", "--store", str(tmp_path / "store")],
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment(tmp_path),
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == b"sentry-sync: No space left on device\n"


def test_an_output_that_is_closed_is_no_reason_to_fail(tmp_path: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m sentry_sync.cli --version >&-"],
        stderr=subprocess.PIPE,
        env=environment(tmp_path),
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_title_in_no_encoding_of_the_terminals_is_still_printed(tmp_path: Path) -> None:
    outcome = process("query", env=environment(tmp_path, PYTHONIOENCODING="ascii"))
    assert outcome.code == 0


def test_a_command_alone_is_the_command_among_all() -> None:
    everything = command()
    assert isinstance(everything, TyperGroup)
    for name, among in everything.commands.items():
        alone = command(name)
        assert isinstance(alone, TyperGroup)
        assert {parameter.name for parameter in alone.commands[name].params} == {
            parameter.name for parameter in among.params
        }
        assert alone.commands[name].help == among.help


def test_only_the_command_that_is_named_is_made() -> None:
    alone = command("mcp")
    assert isinstance(alone, TyperGroup)
    assert list(alone.commands) == ["mcp"]
