"""Runs the provider: the engine starts `python -m cutover.localcloud.provider ENGINE_ADDRESS` as its plugin."""

from cutover.localcloud.provider.serving import run

run()
