"""Times and durations as protobuf's JSON has them: `2026-11-20T13:10:00.123Z`, `1.5s`."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")
_DURATION: Final = re.compile(r"(-?)(\d+)(?:\.(\d{1,9}))?s")


def written(milliseconds: int) -> str:
    """A time, from milliseconds since the epoch."""
    text = (_EPOCH + timedelta(milliseconds=milliseconds)).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00").removesuffix(".000") + "Z"


def read(text: str) -> int:
    """Milliseconds since the epoch, without the fraction of one. Raises ValueError where that is no time."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a time such as 2026-11-20T13:10:00.123Z")
    seconds, fraction, zone = found.groups()
    moment = datetime.fromisoformat(seconds + ("+00:00" if zone == "Z" else zone))
    return (moment - _EPOCH) // timedelta(milliseconds=1) + _thousandths(fraction)


def read_duration(text: str) -> int:
    """Milliseconds, without the fraction of one. Raises ValueError where that is no duration."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a duration such as 1.5s")
    sign, seconds, fraction = found.groups()
    milliseconds = int(seconds) * 1000 + _thousandths(fraction)
    return -milliseconds if sign else milliseconds


def _thousandths(digits: str | None) -> int:
    return int(f"{digits or '':0<3}"[:3])
