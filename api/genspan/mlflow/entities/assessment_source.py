"""Who judges."""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass
from typing import Any, Final

from genspan.mlflow.exceptions import MlflowException


class AssessmentSourceType:
    """Kinds of judges."""

    SOURCE_TYPE_UNSPECIFIED: Final = "SOURCE_TYPE_UNSPECIFIED"
    LLM_JUDGE: Final = "LLM_JUDGE"
    AI_JUDGE: Final = "AI_JUDGE"
    """What LLM_JUDGE was called."""
    HUMAN: Final = "HUMAN"
    CODE: Final = "CODE"
    _SOURCE_TYPES: Final = (SOURCE_TYPE_UNSPECIFIED, LLM_JUDGE, HUMAN, CODE)

    def __init__(self, source_type: str) -> None:
        self._source_type = standardized(source_type)

    def __str__(self) -> str:
        return self._source_type


def standardized(source_type: str) -> str:
    """A kind of judge, from its name in whatever case. Raises MlflowException where there is no such kind."""
    kind = source_type.upper()
    if kind == AssessmentSourceType.AI_JUDGE:
        warnings.warn("AI_JUDGE is deprecated. Use LLM_JUDGE instead.", FutureWarning, stacklevel=2)
        kind = AssessmentSourceType.LLM_JUDGE
    if kind not in AssessmentSourceType._SOURCE_TYPES:
        raise MlflowException.invalid_parameter_value(
            f"Invalid assessment source type: {kind}. Valid source types: {list(AssessmentSourceType._SOURCE_TYPES)}"
        )
    return kind


@dataclass
class AssessmentSource:
    """A judge: what kind (`AssessmentSourceType`, or its name), and which."""

    source_type: str
    source_id: str | None = "default"
    """A user, a model, a script."""

    def __post_init__(self) -> None:
        self.source_type = standardized(self.source_type)

    def to_dictionary(self) -> dict[str, Any]:
        """The fields."""
        return asdict(self)

    @classmethod
    def from_dictionary(cls, source_dict: dict[str, Any]) -> AssessmentSource:
        """From the fields."""
        return cls(**source_dict)
