"""`make acceptance ENV=prod`: deploy a small service with the network of an environment's file, and check facts.

It prints what it costs and stops, unless `--yes` is given. It works on a copy of the project under an application name
of its own, writes a report, and takes everything away at the end, also after a failure or an interruption.
"""

import argparse
import signal
import sys
from pathlib import Path

from tools.acceptance.cost import cost
from tools.acceptance.journey import journey, take_away
from tools.acceptance.project import copy_project
from tools.acceptance.report import Report


def main() -> int:
    """Exit code 0 if every step and fact is as expected, 1 if not, 2 without `--yes`, 130 after an interruption."""
    options = _options()
    project = copy_project(options.project, options.env)
    print(cost(project.config))
    if not options.yes:
        project.remove()
        print("Nothing was changed. Add --yes to run it: make acceptance ENV=… ARGS=--yes")
        return 2
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    report, code = Report(project), 130
    try:
        journey(project, report)
        code = 0
    except KeyboardInterrupt:
        report.note("interrupted")
    except Exception as error:  # noqa: BLE001  whatever happens, everything is taken away and the report is written
        report.note(f"stopped: {error}")
        code = 1
    finally:
        # A second signal must not leave anything behind.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        take_away(project, report)
        report.write(options.report)
        print(f"the report is in {options.report}")
    return code or report.code


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make acceptance")
    parser.add_argument("--env", required=True, help="environment: Pulumi.ENV.yaml gives account, network and image")
    parser.add_argument("--project", type=Path, default=Path.cwd(), help="folder of Pulumi.yaml")
    parser.add_argument("--report", type=Path, default=Path("acceptance-report.md"))
    parser.add_argument("--yes", action="store_true", help="run it; without this only the cost is printed")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
