"""Zero-code wiring: what `opentelemetry-instrument` finds and runs when genspan is installed, and the command line."""
