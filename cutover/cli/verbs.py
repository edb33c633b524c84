"""The options of all verbs. Each verb has its own file, which is imported when the verb runs.

This file imports only typer and the verbs of `state`, so that `cutover --help` is fast.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from cutover.cli.state.verbs import register as register_state

_ID = Annotated[str | None, typer.Argument(help="Execution ID; default: the newest.", show_default=False)]
_Reason = Annotated[str, typer.Option(help="Reason, for the journal.")]
_Port = Annotated[int, typer.Option(min=1, max=65535, help="Port of the local cloud's endpoint.")]
_Limit = Annotated[int, typer.Option(min=1, max=1000, help="Maximum number, newest first.")]


def register(app: typer.Typer) -> None:
    """Add every verb, in the order in which a new user needs them."""
    verbs: tuple[Callable[..., int], ...] = (doctor, bootstrap, preview, deploy, status, promote, pause, resume, abort)
    verbs += (rollback, retry, drill, work, gc, releases, history, show, logs)
    for verb in verbs:
        app.command()(verb)
    app.command()(destroy)
    gate = typer.Typer(help="Test gates on recorded measurements.", no_args_is_help=True)
    gate.command("test")(gate_test)
    app.add_typer(gate, name="gate")
    hook = typer.Typer(help="Record the results of hooks.", no_args_is_help=True)
    hook.command("answer")(hook_answer)
    app.add_typer(hook, name="hook")
    register_state(app)
    release = typer.Typer(help="Write the stack file of a release.", no_args_is_help=True)
    release.command()(render)
    app.add_typer(release, name="release")
    local = typer.Typer(help="Run a local cloud that stands in for AWS.", no_args_is_help=True)
    for verb in (up, down, demo):
        local.command()(verb)
    local.command("status")(local_status)
    local.command("env")(local_env)
    local.command("fault")(local_fault)
    local.command("weather")(local_weather)
    image = typer.Typer(help="Build images for the local cloud.", no_args_is_help=True)
    image.command("build")(image_build)
    local.add_typer(image, name="image")
    app.add_typer(local, name="local")


def doctor(context: typer.Context) -> int:
    """Check what a deployment needs; print a fix for each failure."""
    from cutover.cli import doctor as verb

    return verb.run(context.obj)


def bootstrap(
    context: typer.Context,
    *,
    platform: Annotated[
        bool, typer.Option("--platform", help="Only what environments share: state store, tables, repositories.")
    ] = False,
) -> int:
    """Create records, registry and load balancer."""
    from cutover.cli import bootstrap as verb

    return verb.run_platform(context.obj) if platform else verb.run(context.obj)


def preview(context: typer.Context) -> int:
    """Show what a deploy would do; writes nothing."""
    from cutover.cli import preview as verb

    return verb.run(context.obj)


def deploy(
    context: typer.Context,
    *,
    detach: Annotated[
        bool, typer.Option("--detach", help="Record the deployment for `cutover work`, and return.")
    ] = False,
    supersede: Annotated[bool, typer.Option("--supersede", help="Abort the execution in progress first.")] = False,
    exit_on_pause: Annotated[
        bool, typer.Option("--exit-on-pause", help="Exit with code 7 when the plan waits for a person.")
    ] = False,
) -> int:
    """Deploy the release that Pulumi.ENV.yaml describes."""
    from cutover.cli import deploy as verb

    if detach and (supersede or exit_on_pause):
        raise typer.BadParameter("--detach cannot be combined with --supersede or --exit-on-pause")
    if detach:
        return verb.detach(context.obj)
    if supersede:
        return verb.supersede(context.obj, leave_when_paused=exit_on_pause)
    return verb.run(context.obj, leave_when_paused=exit_on_pause)


def promote(
    context: typer.Context,
    full: Annotated[bool, typer.Option("--full", help="Skip every wait until the candidate has all traffic.")] = False,
    reason: _Reason = "",
) -> int:
    """End the wait of the current step."""
    from cutover.cli import promote as verb

    return verb.full(context.obj, reason) if full else verb.run(context.obj, reason)


def pause(context: typer.Context, reason: _Reason = "") -> int:
    """Pause the execution in progress."""
    from cutover.cli import pause as verb

    return verb.run(context.obj, reason)


def retry(context: typer.Context, execution: _ID = None) -> int:
    """Deploy a release again after its deployment was rolled back."""
    from cutover.cli import retry as verb

    return verb.run(context.obj, execution)


def drill(context: typer.Context) -> int:
    """Test a rollback with 1 % of the traffic."""
    from cutover.cli import drill as verb

    return verb.run(context.obj)


def work(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Carry out the execution that waits now, then exit.")] = False,
) -> int:
    """Carry out deployments that `deploy --detach` recorded."""
    from cutover.cli import work as verb

    return verb.once(context.obj) if once else verb.run(context.obj)


def gc(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be destroyed.")] = False,
) -> int:
    """Destroy the releases that retention does not keep."""
    from cutover.cli import gc as verb

    return verb.dry_run(context.obj) if dry_run else verb.run(context.obj)


def gate_test(context: typer.Context, execution: Annotated[str, typer.Option(help="ID of the execution.")]) -> int:
    """Judge the recorded measurements of an execution by the gates in Pulumi.ENV.yaml."""
    from cutover.cli import gate_test as verb

    return verb.run(context.obj, execution)


def hook_answer(
    context: typer.Context,
    callback_id: Annotated[str, typer.Argument(help="LifecycleEventHookExecutionId of the hook's event.")],
    status: Annotated[str, typer.Argument(help="Succeeded or Failed.")],
    message: Annotated[str, typer.Option(help="Reason of a failure.")] = "",
) -> int:
    """Record the result of a hook that answers later."""
    from cutover.cli import hook_answer as verb

    return verb.run(context.obj, callback_id, status, message)


def status(
    context: typer.Context,
    watch: Annotated[bool, typer.Option("--watch", help="Show every change until it ends.")] = False,
) -> int:
    """Show the newest execution and the traffic."""
    from cutover.cli import status as verb

    return verb.watch(context.obj) if watch else verb.run(context.obj)


def rollback(
    context: typer.Context,
    to: Annotated[
        str | None, typer.Option(help="Release, version or digest; default: the last release that succeeded.")
    ] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Print the plan; change nothing.")] = False,
) -> int:
    """Move all traffic back to a release that succeeded."""
    from cutover.cli import rollback as verb

    return verb.preview(context.obj, to) if preview else verb.run(context.obj, to)


def abort(
    context: typer.Context,
    reason: _Reason = "",
    take_over: Annotated[
        str | None,
        typer.Option(metavar="REASON", help="Take the lease at once, without waiting for a driver that may be alive."),
    ] = None,
) -> int:
    """Roll back the execution in progress."""
    from cutover.cli import abort as verb

    return verb.run(context.obj, reason) if take_over is None else verb.take_over(context.obj, take_over)


def resume(
    context: typer.Context,
    execution: _ID = None,
    reason: _Reason = "",
    *,
    accept_live: Annotated[
        bool, typer.Option("--accept-live", help="Record the weights that the load balancer has, and continue.")
    ] = False,
    restore: Annotated[
        bool, typer.Option("--restore", help="Write the recorded weights to the load balancer again, and continue.")
    ] = False,
) -> int:
    """Continue a paused execution, or one whose driver has stopped."""
    from cutover.cli import resume as verb

    if accept_live and restore:
        raise typer.BadParameter("--accept-live and --restore exclude each other")
    if accept_live:
        return verb.accept_live(context.obj, reason)
    if restore:
        return verb.restore(context.obj, reason)
    return verb.run(context.obj, execution, reason)


def destroy(
    context: typer.Context,
    *,
    confirm: Annotated[
        str, typer.Option(help="APPLICATION-ENVIRONMENT. Without it, only print what would go and what is kept.")
    ] = "",
    platform: Annotated[
        bool, typer.Option("--platform", help="Also destroy what all environments of the account and region share.")
    ] = False,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            help="`logs`, or with --platform `records` or `images`, stay. Can be repeated.", show_default=False
        ),
    ] = None,
) -> int:
    """Take the application away from this environment."""
    from cutover.cli import destroy as verb

    if unknown := set(keep or ()) - {"records", "images", "logs"}:
        raise typer.BadParameter(f"--keep {min(unknown)}: it is `records`, `images` or `logs`")
    if set(keep or ()) - {"logs"} and not platform:
        raise typer.BadParameter("--keep records and images are for --platform: without it they stay")
    return verb.run(context.obj, confirm, platform=platform, keep=tuple(keep or ()))


def releases(context: typer.Context, limit: _Limit = 20) -> int:
    """List the releases, newest first."""
    from cutover.cli import releases as verb

    return verb.run(context.obj, limit)


def history(
    context: typer.Context,
    limit: _Limit = 20,
    weights: Annotated[bool, typer.Option("--weights", help="List every write of weights instead.")] = False,
) -> int:
    """List the executions, newest first."""
    from cutover.cli import history as verb

    return verb.weights(context.obj, limit) if weights else verb.run(context.obj, limit)


def show(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="ID of an execution; name, version or digest of a release.")],
) -> int:
    """Show one execution or one release in detail."""
    from cutover.cli import show as verb

    return verb.run(context.obj, name)


def logs(
    context: typer.Context,
    release: Annotated[str, typer.Argument(help="Name, version or digest of a release, also of a retired one.")],
    follow: Annotated[bool, typer.Option("--follow", help="Go on with what the containers write.")] = False,
    since: Annotated[str | None, typer.Option(help="Only the last 30s, 10m or 1h; default: everything.")] = None,
) -> int:
    """Show what the containers of a release have written."""
    from cutover.cli import logs as verb

    return verb.follow(context.obj, release, since) if follow else verb.run(context.obj, release, since)


def render(context: typer.Context) -> int:
    """Write the Pulumi.RELEASE.yaml of the release that Pulumi.ENV.yaml describes."""
    from cutover.cli import release_render as verb

    return verb.run(context.obj)


def up(context: typer.Context, port: _Port = 4566) -> int:
    """Start the local cloud."""
    from cutover.cli.local import up as verb

    return verb.run(context.obj, port)


def down(context: typer.Context) -> int:
    """Stop the local cloud and delete everything in it."""
    from cutover.cli.local import down as verb

    return verb.run(context.obj)


def demo(
    context: typer.Context,
    port: _Port = 4566,
    quick: Annotated[
        bool, typer.Option("--quick", help="Only the first two of six versions, at 30 requests per second.")
    ] = False,
) -> int:
    """Restart the local cloud empty, and deploy six versions of a shop under load."""
    from cutover.cli.local import demo as verb

    return verb.run(context.obj, port, quick=quick)


def local_status(context: typer.Context) -> int:
    """Show whether the local cloud is running, and where."""
    from cutover.cli.local import status as verb

    return verb.run(context.obj)


def local_env(context: typer.Context) -> int:
    """Print the variables that point a shell at the local cloud."""
    from cutover.cli.local import env as verb

    return verb.run(context.obj)


def local_fault(
    context: typer.Context,
    kind: Annotated[
        str,
        typer.Argument(
            help="throttle, unavailable, delay, stale, lost-answer, transaction-conflict, failed-events, "
            "expired-token, task-crash, spot-interruption, rebalancing, zone-failure, flapping-health; none ends all "
            "faults except a zone's, which ends after 30 seconds."
        ),
    ],
    *,
    service: Annotated[
        str, typer.Option(help="AWS service, name of an ECS service, zone, or ARN of a target group.")
    ] = "",
    action: Annotated[str, typer.Option(help="API action; default: any.")] = "",
    times: Annotated[int, typer.Option(min=1, max=1000, help="Number of calls or tasks.")] = 1,
    delay: Annotated[float, typer.Option(min=0, max=600, help="Seconds, for the kind `delay`.")] = 0.0,
) -> int:
    """Inject a fault into the local cloud."""
    from cutover.cli.local import fault as verb

    return verb.run(context.obj, kind, service=service, action=action, times=times, delay=delay)


def local_weather(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="calm: no lags. aws: the lags and limits of AWS. storm: failures too.")],
    *,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the random choices.")] = 0,
) -> int:
    """Change how much the local cloud lags and fails."""
    from cutover.cli.local import weather as verb

    return verb.run(context.obj, name, seed=seed)


def image_build(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder with a Dockerfile.")],
    tag: Annotated[str, typer.Option(help="NAME:VERSION in the local registry.")],
    build_arg: Annotated[list[str] | None, typer.Option(help="NAME=VALUE of an ARG of the Dockerfile.")] = None,
) -> int:
    """Build an image and push it to the local registry."""
    from cutover.cli.local import image_build as verb

    return verb.run(context.obj, folder, tag, build_arg or [])
