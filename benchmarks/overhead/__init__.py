"""What recording costs an app: `make bench`, or `python -m benchmarks.overhead --help`."""
