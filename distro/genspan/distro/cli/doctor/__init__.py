"""`genspan doctor`: what is set up, what of it works, and the cause of what does not.

Each module looks at one thing and yields what it sees: a `Fact`, or a `Finding` of one of the causes in `causes`.
"""
