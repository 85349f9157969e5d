from __future__ import annotations

from typing import Any

import pytest
import yaml

from sentry_sync import __version__
from sentry_sync.cli.settings import HANDED, Settings, variables
from sentry_sync.simulator.options import WELL_KNOWN_BEARER
from tests.deploy.compose import FILE, read
from tests.deploy.image import IMAGE, ROOT
from tests.deploy.tools import ours, said_by

PROFILES = ("sync", "demo", "monitoring")


@pytest.fixture(scope="module")
def whole() -> Any:
    return read(*PROFILES)


@pytest.fixture(scope="module")
def services(whole: Any) -> dict[str, Any]:
    found: dict[str, Any] = whole["services"]
    return found


def ports(service: Any) -> list[tuple[str, int]]:
    return [(port.get("host_ip", "everyone"), port["target"]) for port in service.get("ports", ())]


def test_yamllint_finds_nothing() -> None:
    said_by(
        ours("yamllint"), "--strict", "-c", str(ROOT / "deploy" / ".yamllint"), str(FILE), str(ROOT / "deploy")
    )


def test_nothing_starts_beside_the_demo_and_the_flag_wins_over_the_users_own_profiles() -> None:
    assert set(read("demo")["services"]) == {"simulator", "demo"}
    assert set(read("demo", COMPOSE_PROFILES="sync")["services"]) == {"simulator", "demo"}
    assert set(read(COMPOSE_PROFILES="sync")["services"]) == {"sentry-sync"}
    example = dict(
        line.split("=", 1) for line in (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    )  # fmt: skip
    assert set(read(COMPOSE_PROFILES=example["COMPOSE_PROFILES"])["services"]) == {"sentry-sync"}


def test_every_service_is_shut_in(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "privileged" not in service, name
        assert service["init"], "the simulator has no handler for SIGTERM, and nobody else reaps its children"


def test_this_machine_alone_reaches_what_is_published(services: dict[str, Any]) -> None:
    published = {name: ports(service) for name, service in services.items() if ports(service)}
    assert published == {
        "sentry-sync": [("127.0.0.1", 8000)],
        "simulator": [("127.0.0.1", 8000)],
        "prometheus": [("127.0.0.1", 9090)],
        "grafana": [("127.0.0.1", 3000)],
    }


def test_the_daemon_keeps_its_copy_and_its_secrets_where_they_outlive_it(services: dict[str, Any]) -> None:
    daemon = services["sentry-sync"]
    (volume,) = daemon["volumes"]
    assert (volume["type"], volume["source"], volume["target"]) == ("volume", "store", "/data")
    assert daemon["restart"] == "unless-stopped"
    secret = {variable for name in HANDED for variable in variables(name)}
    assert not secret & set(daemon["environment"]), "they would be shown by `docker inspect`"
    mounted = {secret["target"] for secret in daemon["secrets"]}
    assert mounted == {value for name, value in daemon["environment"].items() if name.endswith("_FILE")}


def test_secrets_are_files_since_no_other_reaches_a_read_only_container(whole: Any) -> None:
    assert all(set(secret) == {"name", "file"} for secret in whole["secrets"].values())


@pytest.mark.parametrize("service", ["sentry-sync", "demo"])
def test_what_it_is_told_are_settings_of_ours(service: str, services: dict[str, Any]) -> None:
    known = {variable for name in Settings.model_fields for variable in variables(name)}
    known |= {f"{variables(name)[0]}_FILE" for name in HANDED}
    assert set(services[service]["environment"]) <= known


def test_the_names_a_user_adds_are_added() -> None:
    daemon = read("sync", SENTRY_SYNC_MCP_HOSTS="a.example.com")["services"]["sentry-sync"]
    assert daemon["environment"]["SENTRY_SYNC_MCP_HOSTS"] == "sentry-sync,a.example.com"


def test_the_demo_is_the_same_program_with_the_simulators_own_token(services: dict[str, Any]) -> None:
    demo, simulator = services["demo"], services["simulator"]
    assert demo["command"] is None, "the image's own"
    assert demo["network_mode"] == "service:simulator"
    assert demo["environment"]["SENTRY_AUTH_TOKEN"] == WELL_KNOWN_BEARER
    assert f"--webhook-secret={demo['environment']['SENTRY_SYNC_WEBHOOK_SECRET']}" in simulator["command"]
    owner = IMAGE.one("USER").partition(":")[0]
    assert f"/data:uid={owner},gid={owner},mode=0700" in demo["tmpfs"]
    programs = (demo, simulator, services["sentry-sync"])
    assert {service["image"] for service in programs} == {f"sentry-sync:{__version__}"}


def test_images_of_others_have_a_version() -> None:
    images = [one["image"] for one in yaml.safe_load(FILE.read_text(encoding="utf-8"))["services"].values()]
    assert all(":" in image and not image.endswith(":latest") for image in images)
