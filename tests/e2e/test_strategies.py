"""Every strategy, and the requests of people, with the real engine on the local cloud."""

import io
import json
import time
import zipfile
from typing import Any

import pytest
from ruamel.yaml import YAML

from cutover.adapters.probe import load_balancer_url
from cutover.examples.demo.load import LoadGenerator
from support.local_aws import clients
from support.shell import Ended, Shell, until

pytestmark = [pytest.mark.e2e, pytest.mark.engine]

HOOK = """
import urllib.request
def handler(event, context):
    details = event['Cutover']
    header = details['test_traffic_header']
    request = urllib.request.Request(event['Cutover']['url'], headers={header['name']: header['value']})
    return {'status': 'Succeeded' if details['release']['version'] != '6.0.0' else 'Failed', 'message': 'no stock'}
"""


def set_up(shell: Shell, version: str, strategy: dict[str, Any], behaviour: str = "good", **sections: Any) -> None:
    """Write a version, a strategy and other sections into the environment's file."""
    shell.set_release(version, behaviour)
    file, yaml = shell.project / "Pulumi.local.yaml", YAML()
    document = yaml.load(file.read_text(encoding="utf-8"))
    timings = {"bake": "1s", "propagation_margin": "100ms", "drain": "1s"}
    document["config"]["cutover:strategy"] = timings | strategy
    for name, section in sections.items():
        document["config"][f"cutover:{name}"] = section
    with file.open("w", encoding="utf-8") as out:
        yaml.dump(document, out)


def client(shell: Shell, service: str) -> Any:
    return clients(shell.variables["AWS_ENDPOINT_URL"])(service)


def traffic(ended: Ended) -> dict[str, int]:
    return {share["version"]: share["weight"] for share in ended.last["traffic"] if share["weight"]}


def weights(ended: Ended) -> list[dict[str, int]]:
    """Every allocation of a deployment in order, by version."""
    allocations: list[dict[str, int]] = []
    for line in ended.out.splitlines():
        event = json.loads(line)
        shares = {s["version"]: s["weight"] for s in event.get("traffic", ()) if s["weight"]}
        if event.get("event") == "outcome" and shares and (not allocations or allocations[-1] != shares):
            allocations.append(shares)
    return allocations


def desired(shell: Shell) -> dict[str, int]:
    """Version → desired count, of every release that exists."""
    ecs, counts = client(shell, "ecs"), {}
    for release in shell.cutover("releases").last_list:
        if release["state"] in ("RETIRED", "CREATING"):
            continue
        cluster = next(arn for arn in ecs.list_clusters()["clusterArns"] if f"-{release['digest'][:8]}-" in arn)
        (service,) = ecs.describe_services(cluster=cluster, services=ecs.list_services(cluster=cluster)["serviceArns"])[
            "services"
        ]
        counts[release["version"]] = service["desiredCount"]
    return counts


def test_rolling_scales_the_candidate_up_and_the_baseline_down(shell: Shell) -> None:
    set_up(shell, "1.0.0", {"kind": "blue-green"})
    assert shell.cutover("deploy").code == 0
    set_up(shell, "2.0.0", {"kind": "rolling", "rolling": {"batch_percent": 50}})
    ended = shell.cutover("deploy")
    assert (ended.code, traffic(ended)) == (0, {"2.0.0": 100}), ended.err
    assert weights(ended)[1:] == [{"2.0.0": 50, "1.0.0": 50}, {"2.0.0": 100}]
    assert desired(shell) == {"1.0.0": 0, "2.0.0": 2}


def test_a_rollback_to_a_warm_release_is_previewed_as_warm_and_starts_its_tasks(shell: Shell) -> None:
    preview = shell.cutover("rollback", "--preview").last
    assert (preview["readiness"], preview["weights_only"]) == ("warm", False)
    ended = shell.cutover("rollback")
    assert (ended.code, traffic(ended)) == (0, {"1.0.0": 100}), ended.err


def test_recreate_answers_with_its_maintenance_text_during_the_outage(shell: Shell) -> None:
    outage = {"outage": "nobody uses the shop at night", "maintenance": "back at seven"}
    set_up(shell, "3.0.0", {"kind": "recreate", "recreate": outage})
    driver = shell.start("deploy")
    until(driver, "intent", "creating")
    elbv2 = client(shell, "elbv2")
    balancer = elbv2.describe_load_balancers(Names=["shop-local"])["LoadBalancers"][0]["LoadBalancerArn"]
    action = elbv2.describe_listeners(LoadBalancerArn=balancer)["Listeners"][0]["DefaultActions"][0]
    assert action["FixedResponseConfig"]["MessageBody"] == "back at seven"
    assert desired(shell)["1.0.0"] == 0
    out, _ = driver.communicate(timeout=120)
    assert (driver.returncode, json.loads(out.splitlines()[-1])["status"]) == (0, "COMPLETED")


def test_linear_under_codedeploys_name_can_be_fully_promoted(shell: Shell) -> None:
    set_up(shell, "4.0.0", {"kind": "CodeDeployDefault.ECSLinear10PercentEvery1Minutes"})
    driver = shell.start("deploy")
    until(driver, "intent", "baking")
    began = time.monotonic()
    assert shell.cutover("promote", "--full", "--reason", "seen enough").code == 0
    out, _ = driver.communicate(timeout=120)
    last = json.loads(out.splitlines()[-1])
    assert (driver.returncode, last["status"], last["strategy"]) == (
        0,
        "COMPLETED",
        "CodeDeployDefault.ECSLinear10PercentEvery1Minutes",
    )
    assert time.monotonic() - began < 180, "the promote skips nine minutes"
    journal = shell.cutover("show", last["execution_id"]).last["journal"]
    assert any("promote-full requested by" in e["message"] and e["message"].endswith(": seen enough") for e in journal)


def test_a_hook_on_lambda_passes_a_release_or_keeps_traffic_from_it(shell: Shell) -> None:
    role = client(shell, "iam").create_role(RoleName="hooks", AssumeRolePolicyDocument='{"Statement": []}')
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("smoke.py", HOOK)
    client(shell, "lambda").create_function(
        FunctionName="smoke",
        Runtime="python3.11",
        Role=role["Role"]["Arn"],
        Handler="smoke.handler",
        Code={"ZipFile": held.getvalue()},
    )
    hooks = {"smoke": {"at": "AfterAllowTestTraffic", "function": "smoke", "timeout": "20s"}}
    set_up(shell, "5.0.0", {"kind": "blue-green"}, hooks=hooks)
    ended = shell.cutover("deploy")
    assert (ended.code, traffic(ended)) == (0, {"5.0.0": 100}), ended.err
    set_up(shell, "6.0.0", {"kind": "blue-green"}, hooks=hooks)
    ended = shell.cutover("deploy")
    assert (ended.code, traffic(ended)) == (5, {"5.0.0": 100})
    assert "hook smoke failed at AfterAllowTestTraffic: no stock" in ended.last["error"]["message"]


def test_a_canary_with_a_drill_that_exits_at_its_approval_is_finished_by_another_driver(shell: Shell) -> None:
    steps = [{"drill": True}, {"weight": 25}, {"approve": {"timeout": "5m"}}]
    set_up(shell, "7.0.0", {"kind": "canary", "canary": {"steps": steps}}, hooks={})
    left = shell.cutover("deploy", "--exit-on-pause")
    assert (left.code, left.last["phase"]) == (7, "paused"), left.err
    status = shell.cutover("status").last
    assert (status["phase"], traffic(shell.cutover("status"))) == ("paused", {"5.0.0": 75, "7.0.0": 25})
    assert any(verdict["gate"] == "drill" for verdict in status["verdicts"])
    assert shell.cutover("promote").code == 0
    resumed = shell.cutover("resume")
    assert (resumed.code, traffic(resumed)) == (0, {"7.0.0": 100}), resumed.err


def test_a_drill_leaves_the_traffic_unchanged(shell: Shell) -> None:
    ended = shell.cutover("drill")
    assert (ended.code, traffic(ended)) == (0, {"7.0.0": 100}), ended.err


def test_a_detached_deployment_is_carried_out_by_a_worker_and_a_pause_holds_it(shell: Shell) -> None:
    set_up(shell, "8.0.0", {"kind": "canary", "canary": {"steps": [{"weight": 50}, {"pause": "2s"}]}})
    submitted = shell.cutover("deploy", "--detach")
    assert (submitted.code, submitted.last["status"]) == (0, "IN_PROGRESS")
    worker = shell.start("work", "--once")
    until(worker, "intent", "baking")
    assert shell.cutover("pause").code == 0
    until(worker, "paused", "paused")
    time.sleep(3)
    assert shell.cutover("status").last["phase"] == "paused", "longer than the step's two seconds"
    assert shell.cutover("resume").code == 0
    worker.communicate(timeout=120)
    assert worker.returncode == 0
    assert traffic(shell.cutover("status")) == {"8.0.0": 100}


def test_gc_prints_what_it_would_destroy_and_then_destroys_it(shell: Shell) -> None:
    set_up(shell, "8.0.0", {"kind": "blue-green"}, retention={"mode": "cold", "keep": 0})
    surplus = [release["version"] for release in json.loads(shell.cutover("gc", "--dry-run").out)]
    assert surplus == ["7.0.0"]
    ended = shell.cutover("gc")
    assert ended.code == 0, ended.err
    existing = {r["version"] for r in shell.cutover("releases").last_list if r["state"] != "RETIRED"}
    assert existing == {"8.0.0"}


def test_the_direct_call_and_the_stack_write_the_same_stickiness(shell: Shell) -> None:
    file, yaml = shell.project / "Pulumi.local.yaml", YAML()
    document = yaml.load(file.read_text(encoding="utf-8"))
    document["config"]["cutover:load_balancer"]["stickiness"] = "60s"
    with file.open("w", encoding="utf-8") as out:
        yaml.dump(document, out)
    set_up(shell, "9.0.0", {"kind": "blue-green"})
    assert shell.cutover("deploy").code == 0
    # A rollback writes directly first, then by the stack.
    assert shell.cutover("rollback").code == 0
    again = shell.run("pulumi", "up", "-s", "local", "--yes", "--skip-preview", "--expect-no-changes")
    assert again.code == 0, again.out
    elbv2 = client(shell, "elbv2")
    balancer = elbv2.describe_load_balancers(Names=["shop-local"])["LoadBalancers"][0]["LoadBalancerArn"]
    action = elbv2.describe_listeners(LoadBalancerArn=balancer)["Listeners"][0]["DefaultActions"][0]
    assert action["ForwardConfig"]["TargetGroupStickinessConfig"] == {"Enabled": True, "DurationSeconds": 60}


def test_an_analysis_with_a_fresh_baseline_splits_the_traffic_in_three_and_destroys_the_copy(
    shell: Shell,
) -> None:
    analysis = {
        "baseline": "fresh",
        "period": "1s",
        "delay": "3s",
        "metrics": {"latency": {"preset": "latency-p50", "critical": True, "smallest_effect": 0.5}},
    }
    steps = [{"weight": 20}, {"analyse": "10s"}]
    set_up(shell, "10.0.0", {"kind": "canary", "canary": {"steps": steps}}, "slow")
    file, yaml = shell.project / "Pulumi.local.yaml", YAML()
    document = yaml.load(file.read_text(encoding="utf-8"))
    document["config"]["cutover:load_balancer"].pop("stickiness", None)
    document["config"]["cutover:gates"] |= {"analysis": analysis, "probe": None}
    with file.open("w", encoding="utf-8") as out:
        yaml.dump(document, out)
    generator = LoadGenerator(load_balancer_url(shell.variables["AWS_ENDPOINT_URL"], "shop-local") + "/", rate=60)
    generator.start()
    ended = shell.cutover("deploy")
    summary = generator.stop()
    assert ended.code == 5, ended.err
    assert "latency: mean 0.8" in ended.last["error"]["message"]
    assert summary["failed"] == 0
    shares = [sorted(s["weight"] for s in json.loads(line).get("traffic", ())) for line in ended.out.splitlines()]
    assert [20, 20, 60] in shares
    existing = [r["version"] for r in shell.cutover("releases").last_list if r["state"] != "RETIRED"]
    assert "10.0.0" not in existing
    assert len(existing) == len(set(existing)), "the copy of the baseline is gone"
