"""Zero-code wiring."""
