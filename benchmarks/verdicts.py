"""How well verdicts know bad releases from good ones: worlds of labelled releases, each judged again and again.

Every release of every world is assessed at each of AGES hours after it shipped, until the next one ships, from a
store that knows no more than what had happened by then. An alarm is `regressed` or `roll back`.

Usage: python -m benchmarks.verdicts [--seeds 101-120] [--verbose]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.labelled import HOUR, Told, Trial

AGES = (1, 2, 3, 4, 6, 8, 12, 18, 24, 36, 48, 60)
ALARMS = ("regressed", "roll back")


@dataclass(slots=True)
class Outcome:
    """What became of one trial."""

    trial: Trial
    seed: int
    by_age: dict[int, str] = field(default_factory=dict)
    answers: dict[int, Any] = field(default_factory=dict)

    @property
    def bad(self) -> bool:
        """Whether the release is to blame."""
        return self.trial.release.flaw.bad

    @property
    def alarmed_at(self) -> int | None:
        """The first age at which there was an alarm."""
        return next((age for age, verdict in self.by_age.items() if verdict in ALARMS), None)

    @property
    def settled(self) -> str:
        """The last verdict."""
        return list(self.by_age.values())[-1]


def main() -> None:
    """Judge the worlds and print the confusion table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="101-112")
    parser.add_argument("--verbose", action="store_true")
    given = parser.parse_args()
    first, _, last = given.seeds.partition("-")
    outcomes: list[Outcome] = []
    spent: list[float] = []
    for seed in range(int(first), int(last or first) + 1):
        outcomes += judge(seed, spent)
    report(outcomes, spent)
    if given.verbose:
        surprises(outcomes)


def judge(seed: int, spent: list[float]) -> list[Outcome]:
    """Each trial of one world at each age."""
    with tempfile.TemporaryDirectory() as folder:
        told = Told(seed, Path(folder) / "store")
        outcomes = [Outcome(trial, seed) for trial in told.trials()]
        due = sorted(
            (moment, place, age)
            for place, one in enumerate(outcomes)
            for age in AGES
            if (moment := -(-(one.trial.release.created + age * HOUR) // HOUR) * HOUR) <= one.trial.followed
        )
        for moment, place, age in due:
            if moment > told.now:
                told.tell(moment)
            one = outcomes[place]
            began = time.perf_counter()
            answer = told.answers.assess_release(one.trial.project, one.trial.release.version)
            spent.append(time.perf_counter() - began)
            one.by_age[age], one.answers[age] = answer["verdict"], answer
        told.close()
    return [one for one in outcomes if one.by_age]


def report(outcomes: list[Outcome], spent: list[float]) -> None:
    """The confusion table, by label, and when bad ones were found."""
    verdicts = ("roll back", "regressed", "watch", "healthy", "too early")
    print(
        f"{'label':<11} {'n':>4} {'alarmed':>8} {'hours':>6}   last verdict: "
        + " ".join(f"{v:>9}" for v in verdicts)
    )
    labels: dict[str, list[Outcome]] = defaultdict(list)
    for one in outcomes:
        labels[one.trial.release.flaw.label].append(one)
    for label, group in sorted(labels.items(), key=lambda item: (item[1][0].bad, item[0])):
        found = [one.alarmed_at for one in group if one.alarmed_at is not None]
        hours = f"{median(found):.0f}" if found else "-"
        last = [sum(one.settled == verdict for one in group) for verdict in verdicts]
        print(
            f"{label:<11} {len(group):>4} {len(found):>8} {hours:>6}   {'':<14}"
            + " ".join(f"{n:>9}" for n in last)
        )
    bad = [one for one in outcomes if one.bad]
    good = [one for one in outcomes if not one.bad]
    found_ages = sorted(one.alarmed_at for one in bad if one.alarmed_at is not None)
    wrong = [one for one in good if one.alarmed_at is not None]
    print(f"\nbad releases found: {len(found_ages)} of {len(bad)}, at the end {_alarms(bad)}")
    print(f"good releases with an alarm at any look: {len(wrong)} of {len(good)}, at the end {_alarms(good)}")
    if found_ages:
        print(
            f"hours to find: median {median(found_ages):.0f}, 90% within {found_ages[int(len(found_ages) * 0.9)]}"
        )
    print(f"an answer: median {1000 * median(spent):.0f} ms, worst {1000 * max(spent):.0f} ms, of {len(spent)}")


def _alarms(outcomes: list[Outcome]) -> int:
    return sum(one.settled in ALARMS for one in outcomes)


def surprises(outcomes: list[Outcome]) -> None:
    """What was judged wrongly, with the reasons given."""
    for one in outcomes:
        age = one.alarmed_at
        if (age is not None) != one.bad:
            shown = one.answers[age or max(one.answers)]
            print(f"\nseed {one.seed} {one.trial.project} {one.trial.release.flaw}")
            print(f"  {one.by_age}")
            for name in (
                "because",
                "exposure",
                "baseline",
                "errors",
                "crash_free_sessions",
                "latency",
                "episodes",
            ):
                print(f"  {name}: {shown[name]}")


if __name__ == "__main__":
    main()
