"""`python -m cutover.localcloud.provider ENGINE_ADDRESS`: the plugin process that the engine starts."""

from cutover.localcloud.provider.serving import run

run()
