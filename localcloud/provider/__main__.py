"""`python -m localcloud.provider ENGINE_ADDRESS`: the plugin process that the engine starts."""

from localcloud.provider.serving import run

run()
