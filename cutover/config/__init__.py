"""The configuration: `Pulumi.<environment>.yaml` as validated models."""

from cutover.config.load import load_environment, parse_environment, project_file
from cutover.config.manifest import build_manifest
from cutover.config.schema import EnvironmentConfig

__all__ = ["EnvironmentConfig", "build_manifest", "load_environment", "parse_environment", "project_file"]
