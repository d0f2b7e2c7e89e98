"""Results on disk: one JSON line a run, appended when it ends, so that what is finished survives what comes next."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks import peers
from benchmarks.peers.base import THREADS

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.environments import Environment
    from benchmarks.problems import Problem

ONCE = 60.0  # seconds: a run longer than this is made once, and tighter ones are not tried
BEATEN = 3.0  # times as long as another contestant's run to as small a gap: made once, it could not be the fastest


def configuration(peer: str, penalty: str) -> str:
    """Digest of the contestant's file: another call is another contestant."""
    return hashlib.sha256(peers.path(peer, penalty).read_bytes()).hexdigest()[:10]


def accuracy(line: dict[str, Any]) -> float:
    """What a run is judged by: its gap, or its violation of stationarity where the problem has no gap."""
    found: float = line["violation"] if "violation" in line else line["gap"]
    return found


def identity(problem: Problem, environment: Environment, machine: str) -> dict[str, Any]:
    """What a result must share with a run to stand for it."""
    return {
        "problem": problem.name,
        "definition": problem.key,
        "peer": environment.peer,
        "version": environment.version,
        "configuration": configuration(environment.peer, problem.kind),
        "threads": THREADS,
        "machine": machine,
    }


@dataclass
class Store:
    """All lines of a results file."""

    path: Path

    def __post_init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        if self.path.exists():
            # A run that was cut while it wrote leaves a line without its end; that run is made again.
            for line in self.path.read_text().splitlines():
                try:
                    self.lines.append(json.loads(line))
                except json.JSONDecodeError:
                    continue

    def append(self, record: dict[str, Any]) -> None:
        """Keep one result."""
        self.lines.append(record)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a") as file:
            file.write(json.dumps(record) + "\n")

    def of(self, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        """Results of that identity."""
        return [line for line in self.lines if all(line.get(key) == value for key, value in wanted.items())]

    def beaten(self, wanted: dict[str, Any], tol: float, contestants: list[dict[str, Any]]) -> bool:
        """Whether some contestant's run to as small a gap or violation took a third of the time that this one did."""
        own = [line for line in self.of(wanted | {"status": "ok"}) if line["tol"] == tol]
        found = [line for identity in contestants for line in self.of(identity | {"status": "ok"})]
        return any(
            accuracy(line) <= accuracy(mine) and BEATEN * line["seconds"] < mine["seconds"]
            for mine in own
            for line in found
        )

    def plan(self, wanted: dict[str, Any], tol: float, attempt: int, limit: float) -> str:
        """What to do with a run: "run", "" where it is known, else why it is skipped."""
        known = self.of(wanted)
        here = [line for line in known if line["tol"] == tol]
        if any(line["status"] in {"failed", "refused", "missing"} for line in here):
            return ""
        done = [line for line in here if line["status"] == "ok"]
        if len(done) > attempt or any(line["first_seconds"] > ONCE for line in done):
            return ""
        if any(line["status"] in {"slow", "skipped"} and line["limit"] >= limit for line in here):
            return ""
        looser = [line for line in known if line["tol"] > tol]
        if any(line["status"] == "slow" and line["limit"] >= limit for line in looser):
            return "a looser tolerance ran into the limit"
        longest = max((line["first_seconds"] for line in looser if line["status"] == "ok"), default=0.0)
        return f"a looser tolerance took {longest:.0f} s" if longest > ONCE else "run"
