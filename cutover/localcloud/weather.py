"""The weather of the local cloud: how much it lags, and how much of it fails.

`calm` has no lags, `aws` has those of AWS, and `storm` has failures as well. docs/aws-behaviour.md has the sources.
A behaviour reads the current weather through a `Sky`, so a change takes effect at once.
"""

import random
import threading
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Weather:
    """The lags in seconds of AWS, which the local cloud divides by its time scale, and probabilities from 0 to 1."""

    name: str
    metrics_lag: float = 0.0
    """Until CloudWatch has a datum of AWS's own metrics; their minutes have a time scale of their own."""
    role_lag: float = 0.0
    """Until a new role can be passed to ECS."""
    policy_lag: float = 0.0
    """Until a new policy of a role has an effect."""
    versions_vanish: bool = False
    """Whether versions of secrets without a staging label are deleted."""
    deprovisioning: float = 0.0
    """From the end of a task's containers until it is STOPPED."""
    node_lag: float = 0.0
    """Until the second node of a load balancer uses a change of its listeners; at least the half of it."""
    target_lag: float = 0.0
    """How long a deregistered target still gets requests."""
    read_lag: float = 0.0
    """Until lists of tasks, deployments and events of ECS show an effect."""
    empty_pages: bool = False
    """Whether some lists begin with an empty page that has a token."""
    throttled: float = 0.0
    """Probability that an API call is throttled."""
    unavailable: float = 0.0
    """Probability that an API call gets a 503."""
    lost_answers: float = 0.0
    """Probability that an API call takes effect and its answer is lost."""
    incomplete_metrics: float = 0.0
    """Probability that CloudWatch reads only a part of a metric's data, and says so."""
    interruptions: float = 0.0
    """Probability for each second of this machine that a service loses the capacity of one of its tasks."""
    zone_failures: float = 0.0
    """Probability for each second of this machine that a zone fails."""


CALM = Weather("calm")
AWS = Weather(
    "aws",
    role_lag=8.0,
    policy_lag=3.0,
    versions_vanish=True,
    deprovisioning=10.0,
    node_lag=5.0,
    target_lag=2.0,
    read_lag=2.0,
    metrics_lag=150.0,
    empty_pages=True,
)
STORM = replace(
    AWS,
    name="storm",
    throttled=0.03,
    unavailable=0.02,
    lost_answers=0.005,
    incomplete_metrics=0.05,
    interruptions=0.02,
    zone_failures=0.004,
)

WEATHERS: dict[str, Weather] = {weather.name: weather for weather in (CALM, AWS, STORM)}


class Sky:
    """The current weather and its random choices; thread-safe.

    Each behaviour has its own sequence of random numbers, which depends on the seed and the name of the behaviour only.
    """

    def __init__(self, weather: Weather = CALM, *, seed: int = 0, time_scale: float = 10.0) -> None:
        self._lock = threading.Lock()
        self._weather, self._seed, self._scale = weather, seed, time_scale
        self._sequences: dict[str, random.Random] = {}

    @property
    def weather(self) -> Weather:
        """The current weather."""
        return self._weather

    @property
    def seed(self) -> int:
        """The seed of the random choices."""
        return self._seed

    def change(self, name: str, seed: int) -> None:
        """Change the weather from the next call, task or request on. Raises ValueError for an unknown name."""
        if name not in WEATHERS:
            raise ValueError(f"there is no weather {name!r}; choose {', '.join(WEATHERS)}")
        with self._lock:
            self._weather, self._seed = WEATHERS[name], seed
            self._sequences.clear()

    def scaled(self, seconds: float) -> float:
        """Return seconds of AWS as seconds of this machine."""
        return seconds / self._scale

    def happens(self, behaviour: str, probability: float) -> bool:
        """Return whether something of this probability happens now."""
        return probability > 0 and self.number(behaviour) < probability

    def number(self, behaviour: str) -> float:
        """Return the next random number of a behaviour, from 0 to below 1."""
        with self._lock:
            if behaviour not in self._sequences:
                self._sequences[behaviour] = random.Random(f"{self._seed}:{behaviour}")  # noqa: S311  protects nothing
            return self._sequences[behaviour].random()
