"""Pulumi components for immutable releases on ECS behind an Application Load Balancer.

Every component takes plain typed arguments and works in any Pulumi program:

    from cutover.components import ContainerArgs, Release, ReleaseArgs, WeightedListener, WeightedListenerArgs

`docs/components.md` describes them. A module is imported when one of its names is first used, because each module
imports a large part of `pulumi_aws`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cutover.components.cluster import Cluster
    from cutover.components.deployer_roles import DeployerRole, DeployerRoleArgs
    from cutover.components.environment import Environment, EnvironmentArgs
    from cutover.components.log_group import LogGroup, LogGroupArgs
    from cutover.components.platform import Platform, PlatformArgs
    from cutover.components.release import Release, ReleaseArgs
    from cutover.components.repositories import Repositories, RepositoriesArgs
    from cutover.components.roles import Roles, RolesArgs
    from cutover.components.service import Service, ServiceArgs
    from cutover.components.service_security_group import ServiceSecurityGroup, ServiceSecurityGroupArgs
    from cutover.components.target_group import HealthCheckArgs, TargetGroup, TargetGroupArgs
    from cutover.components.task_definition import ContainerArgs, TaskDefinition, TaskDefinitionArgs
    from cutover.components.test_traffic_rule import TestTrafficRule, TestTrafficRuleArgs
    from cutover.components.weighted_listener import WeightedListener, WeightedListenerArgs

_MODULES = {
    "Cluster": "cluster",
    "ContainerArgs": "task_definition",
    "DeployerRole": "deployer_roles",
    "DeployerRoleArgs": "deployer_roles",
    "Environment": "environment",
    "EnvironmentArgs": "environment",
    "HealthCheckArgs": "target_group",
    "LogGroup": "log_group",
    "LogGroupArgs": "log_group",
    "Platform": "platform",
    "PlatformArgs": "platform",
    "Release": "release",
    "ReleaseArgs": "release",
    "Repositories": "repositories",
    "RepositoriesArgs": "repositories",
    "Roles": "roles",
    "RolesArgs": "roles",
    "Service": "service",
    "ServiceArgs": "service",
    "ServiceSecurityGroup": "service_security_group",
    "ServiceSecurityGroupArgs": "service_security_group",
    "TargetGroup": "target_group",
    "TargetGroupArgs": "target_group",
    "TaskDefinition": "task_definition",
    "TaskDefinitionArgs": "task_definition",
    "TestTrafficRule": "test_traffic_rule",
    "TestTrafficRuleArgs": "test_traffic_rule",
    "WeightedListener": "weighted_listener",
    "WeightedListenerArgs": "weighted_listener",
}

__all__ = [
    "Cluster",
    "ContainerArgs",
    "DeployerRole",
    "DeployerRoleArgs",
    "Environment",
    "EnvironmentArgs",
    "HealthCheckArgs",
    "LogGroup",
    "LogGroupArgs",
    "Platform",
    "PlatformArgs",
    "Release",
    "ReleaseArgs",
    "Repositories",
    "RepositoriesArgs",
    "Roles",
    "RolesArgs",
    "Service",
    "ServiceArgs",
    "ServiceSecurityGroup",
    "ServiceSecurityGroupArgs",
    "TargetGroup",
    "TargetGroupArgs",
    "TaskDefinition",
    "TaskDefinitionArgs",
    "TestTrafficRule",
    "TestTrafficRuleArgs",
    "WeightedListener",
    "WeightedListenerArgs",
]


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
