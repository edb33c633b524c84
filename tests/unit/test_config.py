"""A file with errors is refused, and each error is reported with its path in the file."""

import pytest

from cutover.config import load_environment, parse_environment
from cutover.config.fields import origin
from cutover.domain.errors import InvalidInput
from support.files import GOOD, refusal


def with_release(**fields: str) -> str:
    body = ", ".join(f"{key}: {value}" for key, value in ({"version": "v1", "image": '"shop:v1"'} | fields).items())
    return GOOD.replace('{version: v1, image: "shop:v1"}', "{" + body + "}")


def test_a_good_file_is_accepted_with_its_defaults() -> None:
    config = parse_environment(GOOD, "prod", "Pulumi.prod.yaml")
    assert (config.environment, config.strategy.bake, config.retention.mode) == ("prod", 600.0, "hot")


def test_all_errors_are_reported_at_once() -> None:
    message = refusal(with_release(cpu="256", memory="700", port="0") + "  cutover:wrong: 1\n  other:key: 1\n")
    assert [part in message for part in ("memory 700", "wrong: unknown key", "other:key: unknown key")] == [True] * 3


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"image": '"shop:latest"'}, "latest"),
        ({"image": '"shop"'}, "release.image"),
        ({"image": '"shop@sha256:abc"'}, "release.image"),
        ({"image": '"../shop:v1"'}, "release.image"),
        ({"version": '"v 1"'}, "release.version"),
        ({"version": '"../v1"'}, "release.version"),
        ({"version": "1.0"}, "release.version"),
        ({"cpu": '"256"'}, "release.cpu"),
        ({"cpu": "true"}, "release.cpu"),
        ({"cpu": "300"}, "cpu 300"),
        ({"desired_count": "0"}, "release.desired_count"),
        ({"user": '"0:0"'}, "root"),
        ({"user": '"root"'}, "release.user"),
        ({"environment": "{DB_PASSWORD: x}"}, "environment: DB_PASSWORD"),
        ({"environment": "{DEBUG: false}"}, "release.environment.DEBUG"),
        ({"secrets": "{DB: hunter2}"}, "release.secrets.DB"),
        ({"health_check": "{path: health}"}, "release.health_check.path"),
        ({"health_check": "{interval: 5s, timeout: 5s}"}, "timeout must be shorter"),
        ({"health_check": "{interval: 10}"}, "release.health_check.interval"),
        ({"log_retention_days": "31"}, "log_retention_days 31"),
        ({"unknown": "1"}, "release.unknown: unknown key"),
    ],
)
def test_an_error_in_the_release_is_reported_with_its_path(fields: dict[str, str], path: str) -> None:
    assert path in refusal(with_release(**fields))


@pytest.mark.parametrize("bake", ["600", '"10"', '"-1s"', '"1 week"', "true", '"49h"'])
def test_a_duration_without_a_unit_or_out_of_range_is_refused(bake: str) -> None:
    assert "strategy.bake" in refusal(GOOD + f"  cutover:strategy: {{bake: {bake}}}\n")


def test_a_duplicate_key_is_refused_with_its_line() -> None:
    message = refusal(GOOD + "  cutover:application: other\n")
    assert "line 13" in message
    assert "cutover:application" in message


def test_a_load_balancer_without_a_certificate_needs_plain_http() -> None:
    assert "load_balancer" in refusal(GOOD.replace('{plain_http: {reason: "a test that leaves nothing"}}', "{}"))


def test_a_name_too_long_for_a_load_balancer_is_refused_and_not_shortened() -> None:
    with pytest.raises(InvalidInput, match="longer than"):
        parse_environment(
            GOOD.replace("application: shop", "application: a-long-name"), "an-environment-of-length", "f"
        )


@pytest.mark.parametrize("text", ["", "config: 3", "a: [", "- 1"])
def test_a_file_that_is_not_a_configuration_is_refused(text: str) -> None:
    assert "Pulumi.prod.yaml" in refusal(text)


@pytest.mark.parametrize("name", ["../prod", "a/b", "", ".hidden"])
def test_an_environment_that_leaves_the_folder_is_refused(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(InvalidInput):
        load_environment(tmp_path_factory.mktemp("project"), name)


def test_a_placeholder_is_refused_with_its_path() -> None:
    assert "records.artifact_bucket: is still the placeholder" in refusal(GOOD.replace("shop-artifacts", "CHANGE-ME"))


FRESH = "  cutover:gates: {analysis: {baseline: fresh, metrics: {errors: {preset: error-rate}}}}\n"


def canary(*steps: str) -> str:
    return "  cutover:strategy: {kind: canary, canary: {steps: [" + ", ".join(steps) + "]}}\n"


def test_a_fresh_baseline_needs_as_much_traffic_as_the_candidate() -> None:
    message = refusal(GOOD + FRESH + canary("{weight: 60}", "{analyse: 10m}"))
    assert "step 1: analyse at weight 60 % leaves less than 60 % for the fresh baseline" in message


@pytest.mark.parametrize(
    ("gates", "steps"),
    [
        (FRESH, canary("{weight: 50}", "{analyse: 10m}", "{weight: 90}")),
        (FRESH.replace("fresh", "running"), canary("{weight: 60}", "{analyse: 10m}")),
    ],
)
def test_an_analysis_with_enough_traffic_for_its_baseline_is_accepted(gates: str, steps: str) -> None:
    assert parse_environment(GOOD + gates + steps, "prod", "Pulumi.prod.yaml").strategy.kind == "canary"


def test_drift_stops_the_driver_and_half_of_the_capacity_takes_all_traffic_unless_the_file_says_otherwise() -> None:
    config = parse_environment(GOOD, "prod", "Pulumi.prod.yaml")
    assert (config.on_drift, config.gates.health.min_healthy, config.gates.patience) == ("stop", 50, 120.0)


@pytest.mark.parametrize("value", ["0", "101", "true", "50.5", '"50"'])
def test_a_share_of_the_capacity_is_a_whole_number_of_percent(value: str) -> None:
    assert "gates.health.min_healthy" in refusal(GOOD + f"  cutover:gates: {{health: {{min_healthy: {value}}}}}\n")


CANARY = "S3CRET-CANARY"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (f'  cutover:hooks: {{smoke: {{webhook: {{url: "hooks/{CANARY}", secret_variable: KEY}}}}}}\n', "webhook.url"),
        (f'  cutover:notifications: [{{webhook: "hooks/{CANARY}"}}]\n', "notifications.0.webhook"),
        (
            f'  cutover:notifications: [{{webhook: "https://hooks:{CANARY}/"}}]\n',
            "webhook: is not a URL",
        ),
        (f'  cutover:notifications: [{{webhook: "https://[hooks/{CANARY}"}}]\n', "webhook: is not a URL"),
        (f'  cutover:notifications: [{{webhook: "https:///{CANARY}"}}]\n', "webhook: is not a URL"),
        (f'  cutover:hooks: {{smoke: "https://hooks/{CANARY}"}}\n', "hooks.smoke"),
        (f'  cutover:notifications: ["https://hooks/{CANARY}"]\n', "notifications.0"),
        (f'  cutover:hooks: {{smoke: {{webhook: "https://hooks/{CANARY}"}}}}\n', "hooks.smoke.webhook"),
        (
            "  cutover:gates: {metrics: {m: {preset: prometheus, at_most: 1, prometheus: {query: q, address: "
            f'"m/{CANARY}"}}}}}}}}\n',
            "prometheus.address",
        ),
        (f'  cutover:hooks: {{s: {{url: "https://{CANARY}", url: "https://h/{CANARY}"}}}}\n', 'duplicate key "url"'),
        (f'  cutover:hooks: {{smoke: {{url: "https://hooks/{CANARY}\n', "line 14, column 1"),
        (f"  cutover:hooks: https://hooks/{CANARY}: x: y\n", "line 13"),
        (f"  cutover:tags: [https://hooks/{CANARY}\n", "is not valid YAML"),
    ],
)
def test_a_message_about_the_file_never_shows_a_url_with_a_secret(text: str, path: str) -> None:
    message = refusal(GOOD + text)
    assert path in message
    assert CANARY not in message


def test_a_value_that_is_not_an_arn_of_a_secret_is_not_shown() -> None:
    assert CANARY not in refusal(with_release(secrets=f"{{DB: {CANARY}}}", environment=f"{{DEBUG: [{CANARY}]}}"))


@pytest.mark.parametrize("value", [".nan", ".inf", "-.inf"])
def test_a_limit_is_a_finite_number(value: str) -> None:
    assert "at_most" in refusal(GOOD + f"  cutover:gates: {{metrics: {{m: {{preset: cpu, at_most: {value}}}}}}}\n")


def test_the_configuration_as_text_has_no_url_with_a_secret() -> None:
    text = GOOD + (
        f'  cutover:hooks: {{smoke: {{webhook: {{url: "https://h/{CANARY}", secret_variable: KEY}}}}}}\n'
        f'  cutover:notifications: [{{webhook: "https://hooks/{CANARY}"}}]\n'
    )
    config = parse_environment(text, "prod", "Pulumi.prod.yaml")
    shown = repr((config, config.hooks["smoke"].action, config.notifications[0].receiver))
    assert "secret_variable" in shown
    assert CANARY not in shown


@pytest.mark.parametrize(
    "url",
    ["https://h\\n", "ftp://h/", "http://h:0/", "http://h:80ab/", "http:///x", "https://h /x", "http://[::1/", "h"],
)
def test_a_url_needs_http_a_host_and_a_port_that_is_a_number(url: str) -> None:
    assert "notifications.0.webhook: is not a URL" in refusal(
        GOOD + f'  cutover:notifications: [{{webhook: "{url}"}}]\n'
    )


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:password@hooks.example:8443/a?b#c", "https://hooks.example:8443"),
        ("http://[::1]:80/a", "http://[::1]:80"),
        ("https://hooks.example?token", "https://hooks.example"),
        ("https://user@name:word@hooks.example", "https://hooks.example"),
    ],
)
def test_the_origin_of_a_url_has_no_user_password_path_or_query(url: str, shown: str) -> None:
    assert origin(url) == shown


def test_a_version_of_a_parameter_is_refused() -> None:
    message = refusal(with_release(secrets="{FLAG: 'arn:aws:ssm:eu-west-1:123456789012:parameter/shop/flag:7'}"))
    assert "FLAG ends with :7; ECS accepts no version of a parameter" in message


def test_writable_directories_leave_half_of_the_memory() -> None:
    message = refusal(with_release(writable_paths="[/tmp, /cache]", writable_mib="200"))
    assert "2 directories of 200 MiB are more than half of the memory (512 MiB)" in message
