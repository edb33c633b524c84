"""What the facts read: the records of cutover, and AWS by direct calls."""

from collections.abc import Callable
from functools import cached_property

from cutover.adapters.session import Session
from cutover.composition import load_balancer_url, open_ledger
from cutover.domain import Release
from cutover.ports import EnvironmentOutputs
from tools.acceptance.project import Project


class Different(Exception):
    """AWS or cutover behaves in another way than the fact says."""


class NotObserved(Exception):
    """The fact cannot be seen here."""


class World:
    """One moment of the account. Everything is read at its first use."""

    def __init__(self, project: Project) -> None:
        self.project, self.config = project, project.config
        self.session = Session(project.config.provider)
        self.ledger = open_ledger(project.config)

    @cached_property
    def environment(self) -> EnvironmentOutputs:
        """The recorded outputs of the environment stack. To open the stacks would take the signals of this process."""
        record = self.ledger.environment()
        assert record is not None
        return record.outputs

    @cached_property
    def serving(self) -> Release:
        """The release with the most traffic."""
        weights = [weight for weight in self.ledger.allocation().weights if weight.weight]
        name = max(weights, key=lambda weight: weight.weight).release
        release = self.ledger.release(name)
        assert release is not None
        return release

    @cached_property
    def newest(self) -> Release:
        """The release that was deployed last, if its stack exists; else the serving one."""
        standing = self.ledger.standing()
        return standing[0] if standing else self.serving

    @cached_property
    def url(self) -> str:
        """The URL of the load balancer."""
        if self.config.provider.endpoint:
            return load_balancer_url(self.config.provider.endpoint, self.environment.load_balancer_name)
        if self.config.load_balancer.internal:
            raise NotObserved("the load balancer is internal")
        scheme = self.environment.listener_protocol.lower()
        return f"{scheme}://{self.environment.load_balancer_dns_name}:{self.environment.listener_port}"


def expect(condition: object, observed: str) -> str:
    """`observed` if the condition holds, else `Different`."""
    if not condition:
        raise Different(observed)
    return observed


Observe = Callable[[World], str]
