"""The wheel, built and installed into an environment that has nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from sentry_sync import __version__
from tests.deploy.image import ROOT, SOURCES
from tests.packaging.alone import environment_of
from tests.support.cli import environment


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built by what pyproject.toml says to need for it, of what the Dockerfile hands to its first stage: no more."""
    folder, sources = tmp_path_factory.mktemp("dist"), tmp_path_factory.mktemp("src")
    for name in SOURCES:
        subprocess.run(["cp", "-r", str(ROOT / name), str(sources)], check=True)
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]
    python = environment_of(asked["requires"], tmp_path_factory.mktemp("builder"))
    code = f"import sys; from {asked['build-backend']} import build_wheel; build_wheel(sys.argv[1])"
    subprocess.run([python, "-c", code, str(folder)], cwd=sources, env=environment(folder), check=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of commands of an environment with the wheel and what it says to need, and nothing else."""
    says = metadata.PathDistribution(zipfile.Path(wheel, f"sentry_sync-{__version__}.dist-info/"))
    assert says.requires
    python = environment_of(says.requires, tmp_path_factory.mktemp("environment"))
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run([*pip, str(wheel)], check=True, capture_output=True)
    return python.parent


def run(installed: Path, folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [installed / "sentry-sync", *arguments],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done
    return done.stdout


def test_it_holds_the_code_and_what_the_code_reads_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert len(tops) == 2
    assert "sentry_sync" in tops
    assert "sentry_sync/py.typed" in names
    for shipped, folder, ending in (
        ("_migrations", "migrations", ".py"),
        ("_migrations", "migrations", ".sql"),
        ("_queries", "queries", ".sql"),
    ):
        there = {path.relative_to(ROOT / folder).as_posix() for path in (ROOT / folder).rglob(f"*{ending}")}
        assert there
        assert there == {
            name.removeprefix(f"sentry_sync/{shipped}/")
            for name in names
            if name.startswith(f"sentry_sync/{shipped}/") and name.endswith(ending)
        }
    ours = (path.relative_to(ROOT).as_posix() for path in (ROOT / "sentry_sync").rglob("*.*") if path.is_file())
    assert {name for name in ours if "__pycache__" not in name} <= set(names), "the dashboard's own files, too"
    assert not any("test" in name or "__pycache__" in name for name in names)
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_it_migrates_a_store_and_finds_its_queries(installed: Path, tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    run(installed, tmp_path, "db", "upgrade", "--store", store)
    assert json.loads(run(installed, tmp_path, "db", "check", "--store", store, "--json"))["ok"] is True
    queries = {query["name"] for query in json.loads(run(installed, tmp_path, "query", "--json"))}
    assert queries == {path.stem for path in (ROOT / "queries").glob("*.sql")}


def test_the_demo_runs_from_it(installed: Path, tmp_path: Path) -> None:
    *_, trend, end = map(json.loads, run(installed, tmp_path, "demo", "--json").splitlines())
    assert trend["trend"]["rows"]
    assert end["requests"] > 0


def test_the_whole_package_imports_without_what_only_developers_have(installed: Path, tmp_path: Path) -> None:
    code = (
        "import importlib, pkgutil, sentry_sync\n"
        "for found in pkgutil.walk_packages(sentry_sync.__path__, 'sentry_sync.'):\n"
        "    if not found.name.endswith('__main__') and '._migrations' not in found.name:\n"
        "        importlib.import_module(found.name)\n"
    )
    done = subprocess.run(
        [installed / "python", "-W", "error", "-c", code],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
