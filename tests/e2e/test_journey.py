"""The main use on the real engine: a first version, a second by blue-green, a rollback, and a third that fails."""

import json
import re
import shlex
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from cutover.adapters.probe import load_balancer_url
from support.local_aws import clients
from support.shell import Ended, Shell

pytestmark = [pytest.mark.e2e, pytest.mark.engine]


@contextmanager
def load(url: str) -> Iterator[Counter[str]]:
    """Send requests from two threads, and count the answers by version and the failures by error."""
    answers: Counter[str] = Counter()
    stopping = threading.Event()

    def send_requests() -> None:
        while not stopping.is_set():
            try:
                with urllib.request.urlopen(url, timeout=10) as answer:
                    answers[json.load(answer)["version"]] += 1
            except OSError as error:
                answers[f"failed: {error}"] += 1

    threads = [threading.Thread(target=send_requests) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        stopping.set()
        for thread in threads:
            thread.join()


def test_a_version_goes_live_under_load_and_a_bad_one_is_rolled_back(shell: Shell) -> None:
    shell.set_release("1.0.0")
    first = shell.cutover("deploy")
    assert (first.code, first.last["status"]) == (0, "COMPLETED"), first.err
    assert shell.cutover("deploy").code == 0
    assert len(json.loads(shell.cutover("history").out)) == 1, "a deploy without a change was recorded"

    url = load_balancer_url(shell.variables["AWS_ENDPOINT_URL"], "shop-local") + "/"
    with load(url) as answers:
        shell.set_release("2.0.0")
        second = shell.cutover("deploy")
        assert (second.code, second.last["baseline"]["version"]) == (0, "1.0.0"), second.err
        shell.set_release("3.0.0", "crash")
        third = shell.cutover("deploy")
        assert (third.code, third.last["status"]) == (5, "ROLLED_BACK"), third.err
        assert "Essential container" in third.last["error"]["message"]
        assert "shop: cannot reach its database: connection refused" in third.last["error"]["message"]
        assert shell.cutover("rollback").code == 0
    assert set(answers) == {"1.0.0", "2.0.0"}, f"a request was lost: {answers}"

    status = shell.cutover("status").last
    assert [(t["version"], t["weight"]) for t in status["traffic"] if t["weight"]] == [("1.0.0", 100)]
    assert [e["status"] for e in json.loads(shell.cutover("history").out)] == [
        "COMPLETED",
        "ROLLED_BACK",
        "COMPLETED",
        "COMPLETED",
    ]
    states = {r["version"]: r["state"] for r in json.loads(shell.cutover("releases").out)}
    assert states == {"1.0.0": "SERVING", "2.0.0": "STANDBY", "3.0.0": "RETIRED"}

    plain = shell.run("pulumi", "up", "-s", "local", "--yes", "--skip-preview", "--expect-no-changes")
    assert plain.code == 0, f"pulumi up by hand would change the environment: {plain.out}"
    refreshed = shell.run("pulumi", "refresh", "-s", "local", "--yes", "--skip-preview", "--expect-no-changes")
    assert refreshed.code == 0, f"a refresh is not empty: {refreshed.out}"


def test_what_a_person_changed_by_hand_is_listed_and_repaired(shell: Shell) -> None:
    balancers = clients(shell.variables["AWS_ENDPOINT_URL"])("elbv2")
    balancer = balancers.describe_load_balancers(Names=["shop-local"])["LoadBalancers"][0]["LoadBalancerArn"]
    listener = balancers.describe_listeners(LoadBalancerArn=balancer)["Listeners"][0]
    maintenance = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}
    balancers.modify_listener(ListenerArn=listener["ListenerArn"], DefaultActions=[maintenance])
    checked = shell.cutover("state", "check")
    assert checked.code == 4
    (finding,) = json.loads(checked.out)
    assert "the listener has the weights {}" in finding["what"]
    assert shell.cutover("state", "repair").code == 2, "nobody was asked"
    assert shell.cutover("state", "repair", "7", "--yes").code == 2
    repaired = shell.cutover("state", "repair", "1", "--yes")
    assert (repaired.code, json.loads(repaired.out)) == (0, []), repaired.err
    after = balancers.describe_listeners(ListenerArns=[listener["ListenerArn"]])["Listeners"][0]
    assert after["DefaultActions"][0]["Type"] == "forward"


def up_until_the_roles_are_known(shell: Shell, release: str) -> Ended:
    """`pulumi up` as a person runs it: again, if ECS does not know the new roles yet (docs/aws-behaviour.md, 3)."""
    for _ in range(4):
        ended = shell.run("pulumi", "up", "-s", release, "--yes", "--skip-preview")
        if not re.search("iam:PassRole|Role is not valid", ended.out):
            return ended
        time.sleep(1)
    return ended


def test_a_rendered_release_is_created_by_plain_pulumi_and_adopted_by_a_deploy(shell: Shell) -> None:
    shell.set_release("4.0.0")
    rendered = shell.cutover("release", "render").last
    release = rendered["release"]["release"]
    assert shell.run(*shlex.split(rendered["commands"][0])).code == 0
    created = up_until_the_roles_are_known(shell, release)
    assert created.code == 0, created.out + created.err
    deployed = shell.cutover("deploy")
    assert (deployed.code, deployed.last["candidate"]["release"]) == (0, release), deployed.err
    preview = shell.run("pulumi", "preview", "-s", release, "--expect-no-changes")
    assert preview.code == 0, preview.out
    assert shell.cutover("preview").last["nothing_to_do"] is True
