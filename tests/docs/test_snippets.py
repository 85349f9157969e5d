"""Each snippet that adds us to an assistant is read as that assistant reads it, and what it says is started."""

from __future__ import annotations

import json
import re
import shlex
import sys
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters

from mcpb.build import build
from sentry_sync import __version__
from sentry_sync.cli.settings import Settings, variables
from sentry_sync.serve.tools import offered
from tests.support.cli import environment
from tests.support.rig import Rig

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SECTION = README.partition("## Add it to an assistant")[2].partition("\n## ")[0]
TOKEN = "SENTRY_AUTH_TOKEN"


@dataclass(frozen=True)
class Snippet:
    command: str
    args: tuple[str, ...]
    env: Mapping[str, str]


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", SECTION, re.DOTALL)


def claude_code() -> Snippet:
    (line,) = blocks("sh")
    said = shlex.split(line)
    assert said[:4] == ["claude", "mcp", "add", "sentry-sync"]
    options, command = said[4 : said.index("--")], said[said.index("--") + 1 :]
    assert options[::2] == ["--env"] * (len(options) // 2)
    return Snippet(command[0], tuple(command[1:]), dict(word.split("=", 1) for word in options[1::2]))


def in_json(key: str) -> Snippet:
    (found,) = (document for document in map(json.loads, blocks("json")) if key in document)
    (entry,) = found[key].values()
    asked = {f"${{input:{one['id']}}}" for one in found.get("inputs", ())}
    assert asked <= set(entry["env"].values())
    assert entry.get("type", "stdio") == "stdio"
    return Snippet(entry["command"], tuple(entry["args"]), entry["env"])


def codex() -> Snippet:
    (text,) = blocks("toml")
    entry = tomllib.loads(text)["mcp_servers"]["sentry-sync"]
    return Snippet(
        entry["command"], tuple(entry["args"]), {**entry["env"], **dict.fromkeys(entry["env_vars"], "x")}
    )


def registry() -> Snippet:
    """What a client makes of server.json: uvx with the package's name runs the command of that name."""
    (package,) = SERVER["packages"]
    assert (package["runtimeHint"], package["registryType"]) == ("uvx", "pypi")
    required = [one["name"] for one in package["environmentVariables"] if one.get("isRequired")]
    names = [one["name"] for one in package["environmentVariables"] if one.get("isSecret")]
    args = tuple(one["value"] for one in package["packageArguments"])
    return Snippet(package["identifier"], args, dict.fromkeys((*required, *names), "acme"))


SERVER = json.loads((ROOT / "server.json").read_text(encoding="utf-8"))
MANIFEST = json.loads((ROOT / "mcpb" / "manifest.json").read_text(encoding="utf-8"))
SNIPPETS = {
    "Claude Code": claude_code,
    "Claude Desktop and Cursor": lambda: in_json("mcpServers"),
    "VS Code": lambda: in_json("servers"),
    "Codex": codex,
    "server.json": registry,
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    rig = Rig(tmp_path_factory.mktemp("snippets"))
    rig.sync("projects")
    rig.close()
    yield rig.directory


def tools(command: str, args: list[str], env: dict[str, str], cwd: Path) -> list[str]:
    async def talk() -> Any:
        async with Client(StdioServerParameters(command=command, args=args, env=env, cwd=cwd)) as client:
            return [tool.name for tool in (await client.list_tools()).tools]

    names: list[str] = anyio.run(talk)
    return names


@pytest.mark.parametrize("client", SNIPPETS)
def test_what_it_says_starts_the_server_without_a_token_too(client: str, store: Path, tmp_path: Path) -> None:
    snippet = SNIPPETS[client]()
    assert snippet.command == "sentry-sync"
    assert set(snippet.env) == {"SENTRY_ORG", TOKEN}
    given = {name: value for name, value in snippet.env.items() if name != TOKEN}
    env = environment(tmp_path, PYTHONPATH=str(ROOT), SENTRY_SYNC_STORE=str(store), **given)
    command = ["-m", "sentry_sync.cli", *snippet.args]
    assert tools(sys.executable, command, env, tmp_path) == [tool.name for tool in offered(allow_writes=False)]


def test_the_readme_names_each_client() -> None:
    for client in ("Claude Code", "Claude Desktop", "Cursor", "VS Code", "Codex"):
        assert client in SECTION


def test_the_registry_is_told_what_is_so() -> None:
    (package,) = SERVER["packages"]
    assert SERVER["version"] == package["version"] == __version__
    assert re.fullmatch(r"[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+", SERVER["name"])
    assert 1 <= len(SERVER["description"]) <= 100
    assert f"<!-- mcp-name: {SERVER['name']} -->" in README, "how the registry sees that the package is ours"
    known = {variable for name in Settings.model_fields for variable in variables(name)}
    assert {one["name"] for one in package["environmentVariables"]} <= known


def test_the_bundle_starts_as_its_manifest_says(store: Path, tmp_path: Path) -> None:
    build(tmp_path / "x.mcpb")
    bundle = tmp_path / "bundle"
    zipfile.ZipFile(tmp_path / "x.mcpb").extractall(bundle)
    assert json.loads((bundle / "manifest.json").read_text(encoding="utf-8")) == MANIFEST
    assert MANIFEST["version"] == __version__
    started = MANIFEST["server"]["mcp_config"]
    assert (started["command"], started["args"]) == (
        "uv",
        ["run", "--directory", "${__dirname}", "--no-dev", "server.py"],
    )
    assert MANIFEST["server"]["entry_point"] == "server.py"
    chosen = {name: one.get("default", "acme") for name, one in MANIFEST["user_config"].items()}
    given = {
        name: re.sub(r"\$\{user_config\.(\w+)\}", lambda found: chosen[found[1]], value)
        for name, value in started["env"].items()
    }
    assert given[TOKEN] == ""
    env = environment(tmp_path, SENTRY_SYNC_STORE=str(store), **given)
    # uv would install what pyproject.toml names; here it is installed already, and the bundle's own code comes first.
    assert tools(sys.executable, ["server.py"], env, bundle) == [tool.name for tool in offered(allow_writes=False)]


def test_the_same_source_makes_the_same_bundle(tmp_path: Path) -> None:
    build(tmp_path / "a.mcpb")
    build(tmp_path / "b.mcpb")
    assert (tmp_path / "a.mcpb").read_bytes() == (tmp_path / "b.mcpb").read_bytes()
