"""The environment variables with which the engine finds the state of the stacks."""

from cutover.config import EnvironmentConfig
from cutover.config.state import StateStore


def engine_variables(config: EnvironmentConfig, store: StateStore) -> dict[str, str]:
    """PULUMI_BACKEND_URL, and the credentials with which the engine itself reads the bucket and the key.

    The AWS plugin does not use these credentials: it has the provider's settings.
    """
    provider = config.provider
    variables = {"PULUMI_BACKEND_URL": store.url} if store.url else {}
    if provider.profile:
        variables["AWS_PROFILE"] = provider.profile
    if provider.access_key and provider.secret_key:
        variables |= {"AWS_ACCESS_KEY_ID": provider.access_key, "AWS_SECRET_ACCESS_KEY": provider.secret_key}
    return variables
