"""The environment as it is recorded: where its stack is, and the stack's outputs."""

from cutover.domain.frozen import Frozen


class EnvironmentOutputs(Frozen):
    """The outputs of the environment stack."""

    vpc_id: str
    subnet_ids: tuple[str, ...]
    load_balancer_arn: str
    load_balancer_name: str
    load_balancer_dns_name: str
    load_balancer_security_group_id: str
    listener_arn: str
    listener_port: int
    listener_protocol: str


class StackIdentity(Frozen):
    """Where the stacks of an environment are. It is recorded once, because all its stacks are found by it."""

    project: str
    """Pulumi project of the environment's stack and of the stacks of its releases."""
    stack: str
    """Name of the environment's stack. A release's stack has the recorded name of the release."""
    account_id: str
    region: str
    backend: str
    """URL of Pulumi's backend, without credentials and query."""


class EnvironmentRecord(Frozen):
    """The ledger's entry of the environment. The way back reads the outputs here, and so needs no state of Pulumi."""

    identity: StackIdentity
    outputs: EnvironmentOutputs
