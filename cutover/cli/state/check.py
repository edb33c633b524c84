"""`cutover state check`: whether Pulumi's stacks, the records and AWS agree."""

import json
from dataclasses import asdict

from cutover.cli.common import ports_to_read
from cutover.cli.context import Context
from cutover.cli.formatting import with_environment
from cutover.domain.errors import Exit


def run(context: Context) -> int:
    """Print a numbered list of what disagrees, each with the command that repairs it; exit code 4 if there is any."""
    from cutover.operations.state_check import check_state

    findings = check_state(ports_to_read(context))
    repairs = [with_environment(finding.repair, context.environment) for finding in findings]
    if context.json:
        print(json.dumps([asdict(each) | {"repair": repair} for each, repair in zip(findings, repairs, strict=True)]))
    elif not findings:
        print("✔ the stacks, the records and AWS agree")
    else:
        for number, (finding, repair) in enumerate(zip(findings, repairs, strict=True), 1):
            print(f"{number}. {finding.what}\n   repair: {repair}")
    return Exit.PREFLIGHT if findings else Exit.OK
