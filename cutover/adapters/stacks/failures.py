"""Interpret a failed Pulumi command: which resource failed, why, and whether another attempt may succeed."""

import re

from cutover.domain.errors import CutoverError, PreflightFailed, StepFailed, TransientFailure

_TRANSIENT = re.compile(
    r"Throttl|RequestLimitExceeded|TooManyRequests|Rate exceeded|ServiceUnavailable|InternalFailure|InternalError|"
    r"i/o timeout|connection reset|connection refused|Could not connect to the endpoint|"
    # The plugin was killed.
    r"error reading from server|transport is closing|exited prematurely|code = Unavailable",
    re.IGNORECASE,
)
# A new role is not known everywhere for seconds, up to a minute (docs/aws-behaviour.md, 3).
_NEW_ROLE = re.compile(r"iam:PassRole|Role is not valid|verify that the ECS service role", re.IGNORECASE)
# The answer to CreateService was lost and the plugin asked again. The next attempt deletes the service and creates it.
_LEFT_BEHIND = re.compile(r"Creation of service was not idempotent|service that is still Draining", re.IGNORECASE)
# What the engine's backend and its keys report: gocloud's error, and AWS's in it.
_STORE = re.compile(
    r"(blob|secrets) \(code=\w+\)|operation error (S3|KMS)|unable to open bucket|no such bucket", re.IGNORECASE
)
_OF_RESOURCE = re.compile(r"[a-z][\w-]*(?::[\w/]+){1,2} \S+: ")
_RESOURCE = re.compile(r"^\s{2}([a-z][\w-]*(?::[\w/]+){1,2}) \((.+)\):$")
_NO_BACKEND = "PULUMI_ACCESS_TOKEN must be set for login"
_NOT_REASONS = ("update failed", "preview failed", "resource creation failed", "resource has been", "destroy failed")


def translate(stack: str, output: str) -> CutoverError:
    """The error to raise for a failed command, from its output."""
    if _NO_BACKEND in output:
        message = "Pulumi has no backend: PULUMI_BACKEND_URL is not set, and there is no login"
        return PreflightFailed("BACKEND_MISSING", message, "pulumi login")
    reason = reason_of(output)
    if _STORE.search(reason) and not _OF_RESOURCE.match(reason):
        return _of_store(stack, reason)
    if _NEW_ROLE.search(reason):
        message = f"{stack}: ECS cannot use the release's roles yet, or the deployer may not pass them: {reason}"
        return TransientFailure("ROLE_NOT_USABLE", message, f"pulumi stack -s {stack}")
    if _LEFT_BEHIND.search(reason):
        message = f"{stack}: a service of an earlier attempt is in the way: {reason}"
        return TransientFailure("SERVICE_LEFT_BEHIND", message, "cutover resume")
    kind = TransientFailure if _TRANSIENT.search(reason) else StepFailed
    return kind("PULUMI_FAILED", f"{stack}: {reason}", f"pulumi stack -s {stack}")


def _of_store(stack: str, reason: str) -> CutoverError:
    """The error for a store of the state that is denied or down."""
    message = f"Pulumi cannot use the state of the stack {stack}: {reason}"
    if _TRANSIENT.search(reason):
        return TransientFailure("STATE_UNREACHABLE", message, "cutover doctor")
    return PreflightFailed("STATE_DENIED", message, "cutover doctor")


def reason_of(output: str) -> str:
    """The first error in the output and its resource, in one line."""
    resource = ""
    for line in output.splitlines():
        if heading := _RESOURCE.match(line):
            resource = f"{heading.group(1)} {heading.group(2)}: "
        text = line.strip()
        if text.startswith("error:") and not text.removeprefix("error:").strip().startswith(_NOT_REASONS):
            return resource + text.removeprefix("error:").strip()
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "Pulumi failed without any output"
