"""The demo's model: chooses among the tools it is offered, and answers out of what it was told.

Rules in place of weights, so that an agent runs without a key, quickly and the same way every time.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from genspan.distro.demo.arguments import NotFound, Schema, fill
from genspan.distro.demo.words import sentences, stems, words

_ENOUGH = 2
"""The relevance that makes a tool worth calling: a word of its name, or two of its description."""

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the app offers. `parameters` is a JSON schema."""

    name: str
    description: str = ""
    parameters: Schema = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model's wish that the app call a tool."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of the conversation; `called` names the tools that an assistant's message asks for."""

    role: Role
    text: str
    called: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prompt:
    """All that the model is given."""

    turns: Sequence[Turn]
    tools: Sequence[Tool] = ()
    tool_choice: str = "auto"
    """`auto`, `none`, `required`, or the name of the tool that must be called."""
    parallel_tool_calls: bool = True
    schema: Schema | None = None
    """What the answer has to look like, where it must be JSON; `{}` is any object."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Text, or the tools to call first."""

    text: str | None
    calls: tuple[ToolCall, ...] = ()


def reply(prompt: Prompt) -> Reply:
    """The model's answer.

    Tools come first: every one that has to do with the question, whose required arguments the question or an earlier
    result holds, and that was not called since the question was asked. When there is none left, the answer is put
    together from the results; with no results, from the conversation.
    """
    question, since = _question(prompt.turns)
    results = [turn.text for turn in since if turn.role == "tool"]
    calls = _calls(prompt, question, results, called={name for turn in since for name in turn.called})
    if calls:
        return Reply(None, calls)
    text = _from_results(question, results) if results else _from_conversation(question, prompt.turns)
    if prompt.schema is not None:
        return Reply(json.dumps(fill(prompt.schema, f"{question}\n{text}", text, invent=True) or {"answer": text}))
    return Reply(text)


def _question(turns: Sequence[Turn]) -> tuple[str, Sequence[Turn]]:
    """The last thing the user said, and what happened since."""
    for index in range(len(turns) - 1, -1, -1):
        if turns[index].role == "user":
            return turns[index].text, turns[index + 1 :]
    return (turns[-1].text if turns else ""), ()


def _calls(prompt: Prompt, question: str, results: Sequence[str], called: set[str]) -> tuple[ToolCall, ...]:
    known = "\n".join([question, *results])
    ranked = sorted(prompt.tools, key=lambda tool: _relevance(tool, question), reverse=True)
    if prompt.tool_choice == "none":
        return ()
    if prompt.tool_choice != "auto":
        demanded = [tool for tool in ranked if prompt.tool_choice in ("required", tool.name)][:1]
        return () if called else tuple(_call(tool, question, known, invent=True) for tool in demanded)
    calls = []
    for tool in ranked:
        if tool.name not in called and _relevance(tool, question) >= _ENOUGH:
            with suppress(NotFound):
                calls.append(_call(tool, question, known))
    return tuple(calls if prompt.parallel_tool_calls else calls[:1])


def _call(tool: Tool, question: str, known: str, *, invent: bool = False) -> ToolCall:
    """The question's values come before those of earlier results, and those before invented ones."""
    try:
        return ToolCall(tool.name, fill(tool.parameters, question, question))
    except NotFound:
        return ToolCall(tool.name, fill(tool.parameters, known, question, invent=invent))


def _relevance(tool: Tool, question: str) -> int:
    """How many words the question shares with the tool; one of its name counts twice."""
    asked = stems(question)
    parameters = " ".join(
        f"{name} {part.get('description', '')} {part.get('enum', '')}"
        for name, part in tool.parameters.get("properties", {}).items()
    )
    return 2 * len(asked & stems(tool.name)) + len(asked & stems(f"{tool.description} {parameters}"))


def _from_results(question: str, results: Sequence[str]) -> str:
    """What the tools said: short results whole, long ones by the sentences that have to do with the question."""
    return " ".join(
        result if len(result) < 200 else _relevant(question, result) or result[:200] for result in map(_prose, results)
    )


def _prose(result: str) -> str:
    """A JSON result as a sentence; any other as it is."""
    try:
        value = json.loads(result)
    except ValueError:
        return result.strip()
    items = value if isinstance(value, list) else [value]
    told = [
        ", ".join(f"{key.replace('_', ' ')}: {part}" for key, part in item.items())
        if isinstance(item, dict)
        else str(item)
        for item in items
    ]
    return "; ".join(told) + "."


def _from_conversation(question: str, turns: Sequence[Turn]) -> str:
    """A short question is answered from what was said before it; a long text is summed up."""
    if len(sentences(question)) > 2:
        return _summary(question)
    earlier = "\n".join(turn.text for turn in turns if turn.text != question)
    return _relevant(question, earlier) or _unknown(question)


def _unknown(question: str) -> str:
    topic = ", ".join([word for word in words(question) if stems(word)][:5])
    return f"I was told nothing that answers this{f' (about {topic})' if topic else ''}."


def _relevant(question: str, text: str, most: int = 3) -> str:
    """The sentences that share most with the question, rare words weighing more, in their own order."""
    said = sentences(text)
    common = Counter(stem for sentence in said for stem in stems(sentence))
    asked = stems(question)
    return _best(said, [sum(1 / common[stem] for stem in stems(sentence) & asked) for sentence in said], most)


def _summary(text: str, most: int = 2) -> str:
    """The sentences that share most with all the others."""
    said = sentences(text)
    common = Counter(stem for sentence in said for stem in stems(sentence))
    return _best(said, [sum(common[stem] - 1 for stem in stems(sentence)) for sentence in said], most) or said[0]


def _best(said: Sequence[str], scores: Sequence[float], most: int) -> str:
    """The highest scores in reading order, without those that reach less than half of the best."""
    ranked = sorted(range(len(said)), key=lambda index: scores[index], reverse=True)[:most]
    least = max(scores, default=0) / 2
    return " ".join(said[index] for index in sorted(ranked) if scores[index] > least)
