"""The report of an acceptance run: the steps, the facts with what was observed, and what was left."""

import time
from dataclasses import dataclass, field
from pathlib import Path

from tools.acceptance.project import Project


@dataclass(slots=True)
class Report:
    """Steps and facts in the order in which they happened; prints each as it comes."""

    project: Project
    steps: list[tuple[str, str, float]] = field(default_factory=list)
    """Command, result, seconds."""
    facts: list[tuple[str, str, str, str]] = field(default_factory=list)
    """When, fact, `as expected` or `different` or `not observed`, and what was observed."""
    notes: list[str] = field(default_factory=list)

    @property
    def code(self) -> int:
        """1 if a fact is different, else 0."""
        return int(any(result == "different" for _, _, result, _ in self.facts) or bool(self.notes))

    def step(self, command: str, result: str, seconds: float) -> None:
        """Add a step."""
        self.steps.append((command, result, seconds))
        print(f"{seconds:6.0f} s  {command}: {result}", flush=True)

    def fact(self, when: str, name: str, result: str, observed: str) -> None:
        """Add a fact."""
        self.facts.append((when, name, result, observed))
        print(f"          {result}: {name}: {observed}", flush=True)

    def note(self, sentence: str) -> None:
        """Add a sentence about the run itself; the run has then not succeeded."""
        self.notes.append(sentence)
        print(f"! {sentence}", flush=True)

    def write(self, file: Path) -> None:
        """Write the report as Markdown. It names the Region, and no account, ARN or name of the network."""
        config = self.project.config
        as_expected = sum(result == "as expected" for _, _, result, _ in self.facts)
        lines = [
            "# Acceptance",
            "",
            f"{time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC, {config.provider.region}"
            f"{', the local cloud' if config.provider.endpoint else ''}: {len(self.steps)} steps; {as_expected} of "
            f"{len(self.facts)} facts are as expected.",
            "",
            *(f"- {note}" for note in self.notes),
            "",
            "| step | result | seconds |",
            "|---|---|---|",
            *(f"| `{command}` | {result} | {seconds:.0f} |" for command, result, seconds in self.steps),
            "",
            "| after | fact | result | observed |",
            "|---|---|---|---|",
            *(f"| {when} | {name} | {result} | {observed} |" for when, name, result, observed in self.facts),
        ]
        text = "\n".join(lines).replace(config.provider.account_id, "ACCOUNT") + "\n"
        file.write_text(text, encoding="utf-8")
