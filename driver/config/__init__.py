"""`Pulumi.<environment>.yaml` as validated models: the one file that a person edits."""

from driver.config.load import load_environment, parse_environment, project_file
from driver.config.manifest import form_manifest
from driver.config.schema import EnvironmentConfig

__all__ = ["EnvironmentConfig", "form_manifest", "load_environment", "parse_environment", "project_file"]
