"""The Dockerfile, as far as it can be judged without an engine. ``test_demo`` starts what it starts."""

from __future__ import annotations

import re
import tomllib

import pytest

from sentry_sync import __version__
from sentry_sync.cli.settings import HANDED, Settings, variables
from tests.deploy.image import BUILD, COPIED, IMAGE, ROOT, SOURCES
from tests.deploy.tools import ours, said_by

IGNORED = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()


def test_hadolint_finds_nothing() -> None:
    said_by(ours("hadolint"), "--no-color", str(ROOT / "Dockerfile"))


def test_it_runs_as_a_number_that_is_not_roots() -> None:
    assert re.fullmatch(r"([1-9]\d{3,}):\1", IMAGE.one("USER"))
    owner = IMAGE.one("USER").partition(":")[0]
    assert f"-o {owner} -g {owner} -m 0700 {IMAGE.environment['SENTRY_SYNC_STORE']}" in IMAGE.one("RUN")


def test_signals_reach_the_process_itself() -> None:
    assert IMAGE.words("ENTRYPOINT") == ["sentry-sync"]
    assert IMAGE.words("CMD")[0] == "serve"
    assert IMAGE.one("STOPSIGNAL") == "SIGTERM"


def test_what_listens_is_exposed_and_watched() -> None:
    (address,) = [word for word in IMAGE.words("CMD") if ":" in word]
    port = address.rpartition(":")[2]
    assert IMAGE.one("EXPOSE") == port
    assert IMAGE.health[0] == "python", "the image has no curl"
    assert port in IMAGE.health[-1]


def test_no_secret_is_part_of_it() -> None:
    secret = {variable for name in HANDED for variable in variables(name)}
    assert secret
    for stage in (BUILD, IMAGE):
        assert not secret & set(stage.environment)
        assert not any(word in arg for arg in stage.all("ARG") for word in ("TOKEN", "SECRET", "KEY"))


def test_what_it_sets_are_settings_of_ours() -> None:
    known = {variable for name in Settings.model_fields for variable in variables(name)}
    assert {name for name in IMAGE.environment if name.startswith("SENTRY_")} <= known


def test_its_label_names_this_version_and_its_base_is_one_we_support() -> None:
    assert f"VERSION={__version__}" in IMAGE.all("ARG")
    labels = IMAGE.one("LABEL")
    assert f'base.name="docker.io/library/{IMAGE.base}"' in labels
    assert BUILD.base == IMAGE.base
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    python = re.match(r"python:(\d+\.\d+)-slim-", IMAGE.base)
    assert python
    assert f"Programming Language :: Python :: {python[1]}" in project["classifiers"]
    assert f'licenses="{project["license"]}"' in labels


@pytest.mark.parametrize(("source", "target"), COPIED)
def test_a_builder_is_handed_what_is_copied_and_has_it_where_it_was(source: str, target: str) -> None:
    assert f"!{source}" in IGNORED
    assert target == (source if (ROOT / source).is_dir() else "./")


def test_a_builder_is_handed_nothing_else() -> None:
    first, *rest = [line for line in IGNORED if not line.startswith("#")]
    assert first == "*"
    assert {line.removeprefix("!") for line in rest if line.startswith("!")} == set(SOURCES)
