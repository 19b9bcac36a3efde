"""`python -m genspan.distro.cli` is `genspan`."""

from genspan.distro.cli import main

main()
