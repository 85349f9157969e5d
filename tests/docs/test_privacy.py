from __future__ import annotations

import re
from pathlib import Path

from sentry_sync.store.privacy.retention import KINDS
from sentry_sync.store.privacy.rules import DEFAULTS

PAGE = (Path(__file__).parents[2] / "docs" / "privacy.md").read_text(encoding="utf-8")


def test_the_page_on_privacy_has_every_choice_and_its_default() -> None:
    told = dict(re.findall(r"^\| `([\w.]+)` \| `(\w+)` \|", PAGE, re.MULTILINE))
    kept = {name: str(kind.default or "forever") for name, kind in KINDS.items()}
    assert told == {**{part: str(treatment) for part, treatment in DEFAULTS.items()}, **kept}
