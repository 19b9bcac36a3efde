"""What listens: `core` wraps, times, guards and ends; one package per library says what to record."""
