"""Makes the bundle that desktop assistants install with a click: ``python -m mcpb.build [FILE]``.

A zip of the manifest, the source and ``pyproject.toml``; the assistant brings uv, which installs what that names.
"""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent

SOURCE = ("sentry_sync", "migrations", "queries")
BESIDE = ("pyproject.toml", "README.md", "LICENSE")

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The oldest time a zip can hold: the same source makes the same bytes."""


def files() -> Iterator[tuple[str, Path]]:
    """Each file of the bundle: its name there, and where it is here."""
    for name in ("manifest.json", "server.py"):
        yield name, HERE / name
    for name in BESIDE:
        yield name, ROOT / name
    for folder in SOURCE:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path.relative_to(ROOT).as_posix(), path


def build(target: Path) -> None:
    """Write the bundle."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, path in files():
            info = zipfile.ZipInfo(name, EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            bundle.writestr(info, path.read_bytes())


def main(arguments: list[str]) -> int:
    """Write the bundle to the file that is named, or into ``dist/``."""
    version = json.loads((HERE / "manifest.json").read_text(encoding="utf-8"))["version"]
    target = Path(arguments[0]) if arguments else ROOT / "dist" / f"sentry-sync-{version}.mcpb"
    build(target)
    sys.stdout.write(f"wrote {target}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
