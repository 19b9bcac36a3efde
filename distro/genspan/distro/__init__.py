"""Zero-code wiring: what `opentelemetry-instrument` finds and runs when genspan is installed."""

from genspan.distro.configurator import GenspanConfigurator
from genspan.distro.distro import GenspanDistro

__all__ = ["GenspanConfigurator", "GenspanDistro"]
