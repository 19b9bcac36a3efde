"""A loopback model server for the demo and for tests: OpenAI's API, no key, no network.

`python -m genspan.distro.demo.server` starts it. What answers is a small rule-based model (`model`), which knows
nothing of the app that asks: it reads the messages and the tools it is given, as any model does.
"""
