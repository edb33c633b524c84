"""Finds the Pulumi engine, or installs it into a cache outside the checkout; uses the standard library only.

It tries in this order: the cache, a compatible `pulumi` on PATH, Pulumi's own installer, a build of tools/pulumi.
A finished engine is renamed into the cache in one step, so an engine in the cache is complete. An interrupted run
leaves a folder beside it, which the next run removes. A file lock lets one run install at a time; the operating system
releases it when its holder ends.

    python3 tools/setup/engine.py           find or install the engine; reports on stderr
    python3 tools/setup/engine.py --where   print the folder of the engine's programs, or exit with 1
"""

import contextlib
import ctypes
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODULES = ROOT / "tools" / "pulumi"
# The engine has the version of its Python SDK.
VERSION = re.findall(r"(?m)^pulumi==(\S+)", (ROOT / "requirements-dev.lock").read_text(encoding="utf-8"))[0]
INSTALLER = "https://get.pulumi.com/install.sh"
INSTALLER_TIMEOUT = 5.0
PROGRESS_EVERY = 15.0

ENGINE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
LANGUAGE_HOST = "github.com/pulumi/pulumi/sdk/v3/python/cmd/pulumi-language-python"
SDK = "github.com/pulumi/pulumi/sdk/v3"
# Scripts of the Python SDK. The language host needs them in its own folder.
SCRIPTS = ("python/cmd/pulumi-language-python-exec", "python/dist/pulumi-resource-pulumi-python")
PROGRAMS = ("pulumi", "pulumi-language-python", "pulumi-language-python-exec")


class SetupError(Exception):
    """This way of installing the engine failed; the message says why in one sentence."""


def main(arguments: list[str]) -> int:
    """Find or install the engine. Return the exit code: 0 if the engine is installed."""
    home = cache_home()
    programs = find(home)
    if arguments == ["--where"]:
        if programs:
            print(programs)
        return 0 if programs else 1
    if programs:
        return 0
    signal.signal(signal.SIGTERM, _stop)
    try:
        install(home)
    except SetupError as error:
        _say(str(error))
        return 1
    except KeyboardInterrupt:
        _say("interrupted; nothing was installed")
        return 130
    return 0


def cache_home() -> Path:
    """Return the folder in the cache for this version of the engine; its programs are in `bin`."""
    cache = os.environ.get("CUTOVER_CACHE")
    if not cache:
        cache = str(Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cutover")
    return Path(cache).absolute() / "pulumi" / f"v{VERSION}"


def find(home: Path) -> Path | None:
    """Return the folder of a compatible engine in the cache or on PATH; None if there is none."""
    if all((home / "bin" / program).is_file() for program in PROGRAMS):
        return home / "bin"
    pulumi = shutil.which("pulumi")
    if not pulumi:
        return None
    folder = Path(pulumi).parent
    if not all((folder / program).exists() or shutil.which(program) for program in PROGRAMS):
        return None
    return folder if _compatible(engine_version(Path(pulumi))) else None


def engine_version(pulumi: Path) -> tuple[int, ...]:
    """Return the version that a `pulumi` program reports; empty if the program does not run."""
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        answer = subprocess.run(
            [str(pulumi), "version"], capture_output=True, text=True, timeout=30, env=environment, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    numbers = re.match(r"v?(\d+)\.(\d+)\.(\d+)", answer.stdout.strip())
    return tuple(int(number) for number in numbers.groups()) if numbers else ()


def install(home: Path) -> None:
    """Install the engine into the cache.

    Raises:
        SetupError: neither Pulumi's installer nor the build with Go succeeded.
    """
    with _turn(home):
        if find(home):
            return
        _remove_leftovers(home)
        staging = Path(tempfile.mkdtemp(prefix=f"{home.name}.building.", dir=home.parent))
        try:
            _fill(staging)
            staging.chmod(0o755)
            # If the folder exists, it is incomplete: `find` did not accept it.
            shutil.rmtree(home, ignore_errors=True)
            staging.rename(home)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    _say(f"the engine is ready in {home / 'bin'}")


def _fill(staging: Path) -> None:
    _say(f"Pulumi {VERSION} is neither on PATH nor in the cache")
    reasons = []
    for way in (_by_installer, _by_go):
        try:
            way(staging)
            _check(staging / "bin")
        except SetupError as error:
            reasons.append(str(error))
            _say(reasons[-1])
            shutil.rmtree(staging / "bin", ignore_errors=True)
        else:
            return
    raise SetupError(
        f"the engine is not installed: put Pulumi {VERSION} or newer (below 4) on PATH, or install Go 1.25.11 or newer "
        "(for instance: sudo snap install go --classic), then run make again"
    )


def _by_installer(staging: Path) -> None:
    _say(f"trying Pulumi's installer: about a minute, unless it does not answer within {INSTALLER_TIMEOUT:.0f} s")
    script = staging / "install.sh"
    try:
        with urllib.request.urlopen(INSTALLER, timeout=INSTALLER_TIMEOUT) as answer:
            script.write_bytes(answer.read())
    except (OSError, urllib.error.URLError) as error:
        reason = getattr(error, "reason", error)
        raise SetupError(f"Pulumi's installer cannot be reached ({reason})") from error
    command = ["sh", str(script), "--no-edit-path", "--install-root", str(staging), "--version", VERSION]
    _watch(command, staging, what="downloading", expected=60)
    script.unlink()


def _by_go(staging: Path) -> None:
    if not shutil.which("go"):
        raise SetupError("go is not on PATH, so the engine cannot be built")
    _say("building the engine with Go: about 5 minutes on 2 cores, once for all checkouts of this machine")
    binaries = staging / "bin"
    binaries.mkdir()
    _go_build(staging, module="engine", package=ENGINE, expected=270)
    _go_build(staging, module="language-python", package=LANGUAGE_HOST, expected=40)
    sdk = _go_output(["list", "-mod=readonly", "-m", "-f", "{{.Dir}}", SDK], MODULES / "engine")
    for script in SCRIPTS:
        target = binaries / Path(script).name
        shutil.copyfile(Path(sdk) / script, target)
        target.chmod(0o755)


def _go_build(staging: Path, *, module: str, package: str, expected: int) -> None:
    """Build one program with Pulumi's own flags. They set its version, which the Automation API checks."""
    target = staging / "bin" / package.rsplit("/", 1)[1]
    version = f"-X {SDK}/go/common/version.Version=v{VERSION}"
    flags = ["-mod=readonly", "-buildvcs=false", "-trimpath", "-tags", "osusergo,grpcnotrace"]
    command = ["go", "build", *flags, "-ldflags", f"-w -s {version}", "-o", str(target), package]
    _watch(command, staging, what=f"building {target.name}", expected=expected, cwd=MODULES / module)


def _go_output(arguments: list[str], cwd: Path) -> str:
    command = ["go", *arguments]
    answer = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env=_go_env())
    if answer.returncode != 0:
        raise SetupError(f"`{' '.join(command)}` failed: {answer.stderr.strip()}")
    return answer.stdout.strip()


def _go_env() -> Mapping[str, str]:
    # A workspace or a vendor folder of the caller would change the result.
    return {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"}


def _watch(command: list[str], staging: Path, *, what: str, expected: int, cwd: Path | None = None) -> None:
    """Run a long command, write its output to a log, and report the time every 15 seconds; `expected` is in seconds."""
    log = staging / "log"
    started = time.monotonic()
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=_go_env(),
            preexec_fn=_die_with_parent(),  # noqa: PLW1509 - this process has one thread
        )
        try:
            while process.poll() is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=PROGRESS_EVERY)
                    break
                _say(f"  {what}: {time.monotonic() - started:.0f} s of about {expected} s")
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
    if process.returncode != 0:
        raise SetupError(f"{what} failed:\n{_tail(log)}\n{_explain(log)}".rstrip())
    _say(f"  {what}: done in {time.monotonic() - started:.0f} s")
    log.unlink()


def _die_with_parent() -> Callable[[], None] | None:
    """Return a function that makes Linux end the child when this process dies, so that no build goes on alone."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    set_parent_death_signal = 1
    return lambda: libc.prctl(set_parent_death_signal, signal.SIGTERM)


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-15:]
    return "\n".join(f"    {line}" for line in lines)


def _explain(log: Path) -> str:
    if re.search(r"requires go >= |invalid go version|unknown directive", log.read_text(errors="replace")):
        return "this Go is too old: install Go 1.25.11 or newer, or let Go download it: export GOTOOLCHAIN=auto"
    return ""


def _check(binaries: Path) -> None:
    missing = [program for program in PROGRAMS if not (binaries / program).is_file()]
    if missing:
        raise SetupError(f"the installation lacks {', '.join(missing)}")
    version = engine_version(binaries / "pulumi")
    if not _compatible(version):
        said = ".".join(map(str, version)) or "nothing"
        raise SetupError(f"the installed engine must report version {VERSION}; it reports {said}")


def _compatible(version: tuple[int, ...]) -> bool:
    """The Python SDK works with its own version of the engine, and with newer ones of the same major version."""
    oldest = tuple(int(number) for number in VERSION.split("."))
    return oldest <= version < (oldest[0] + 1,)


@contextlib.contextmanager
def _turn(home: Path) -> Iterator[None]:
    """Hold the lock of this version's cache; the operating system releases it when the holder dies."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with (home.parent / f"{home.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("another run is installing the engine; waiting for it (up to 5 minutes)")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _remove_leftovers(home: Path) -> None:
    """Remove the folders of interrupted runs: only the holder of the lock builds, so no other run uses them."""
    for leftover in home.parent.glob(f"{home.name}.building.*"):
        shutil.rmtree(leftover, ignore_errors=True)


def _stop(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _say(sentence: str) -> None:
    print(f"engine: {sentence}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
