"""What hypothesis tries where an answer or an argument should be."""

from __future__ import annotations

from hypothesis import strategies as st

from support.conventions import is_sentinel

# Hypothesis also tries words of the source code. A server that answers one of ours is recorded, and rightly so.
WORDS = st.text(max_size=8).filter(lambda text: not is_sentinel("", text))
