"""The kernel's walls, tried without any other in front of them."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path, Path]:
    folder, outside = tmp_path_factory.mktemp("lake"), tmp_path_factory.mktemp("outside")
    with duckdb.connect() as session:
        session.execute(f"COPY (SELECT range AS a FROM range(10)) TO '{folder}/part.parquet'")
    (outside / "secret").write_text("secret")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        ran = subprocess.run(
            [sys.executable, "-m", "tests.trends.walled", folder, outside, str(listening.getsockname()[1])],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parent.parent.parent,
        )
    return json.loads(ran.stdout), folder, outside


def test_what_belongs_to_the_answer_can_be_read(tried: tuple[dict[str, Any], Path, Path]) -> None:
    assert tried[0]["tried"]["read the part"] == "done: (45,)"


@pytest.mark.parametrize("what", ["a text of 2 GB", "a list of 2 billion"])
def test_what_the_memory_limit_does_not_bound_the_address_space_does(
    tried: tuple[dict[str, Any], Path, Path], what: str
) -> None:
    assert "Memory" in tried[0]["tried"][what]


@pytest.mark.parametrize(
    "what",
    [
        "read outside",
        "read a system file",
        "overwrite the part",
        "write beside it",
        "write outside",
        "attach a new database",
        "remove the part",
        "empty the part",
        "write through Python",
        "connect",
        "listen",
        "kill the parent",
    ],
)
def test_nothing_else_can_be_reached(tried: tuple[dict[str, Any], Path, Path], what: str) -> None:
    if not tried[0]["locked"]:
        pytest.skip("this kernel has no Landlock")
    assert not tried[0]["tried"][what].startswith("done"), tried[0]["tried"][what]


def test_no_file_was_made_or_changed(tried: tuple[dict[str, Any], Path, Path]) -> None:
    _, folder, outside = tried
    assert [path.name for path in folder.iterdir()] == ["part.parquet"]
    assert [path.name for path in outside.iterdir()] == ["secret"]
    with duckdb.connect() as session:
        assert session.execute(f"SELECT sum(a) FROM '{folder}/part.parquet'").fetchone() == (45,)
