"""The server's embeddings, asked for by the real OpenAI client."""

import math
from typing import Any

import pytest
from openai import AsyncOpenAI, BadRequestError, OpenAI


def near(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def embedded(client: OpenAI, given: Any, **options: Any) -> list[list[float]]:
    done = client.embeddings.create(model="text-embedding-3-small", input=given, **options)
    return [item.embedding for item in done.data]


def test_texts_that_share_words_are_near(client: OpenAI) -> None:
    question, answer, other = embedded(client, ["returning a parcel", "Parcels can be returned.", "We roast coffee."])
    assert near(question, answer) > 0.9
    assert abs(near(question, other)) < 0.1


def test_vectors_are_unit_and_the_same_every_time(client: OpenAI) -> None:
    (one,), (again,) = embedded(client, "some words, some more"), embedded(client, ["some words, some more"])
    assert one == again
    assert len(one) == 1536
    assert math.isclose(near(one, one), 1, rel_tol=1e-5)


def test_encodings_agree(client: OpenAI) -> None:
    # The client asks for base64 by itself, and decodes it.
    (packed,), (plain,) = embedded(client, "words"), embedded(client, "words", encoding_format="float")
    assert packed == pytest.approx(plain)


@pytest.mark.parametrize("given", ["", "  \n", "!?"])
def test_text_without_words_has_a_direction_too(client: OpenAI, given: str) -> None:
    (vector,) = embedded(client, given)
    assert math.isclose(near(vector, vector), 1, rel_tol=1e-5)


def test_dimensions_and_models(client: OpenAI) -> None:
    assert len(embedded(client, "words", dimensions=64)[0]) == 64
    large = client.embeddings.create(model="text-embedding-3-large", input="words")
    assert len(large.data[0].embedding) == 3072
    assert large.model == "text-embedding-3-large"
    assert large.usage.prompt_tokens == large.usage.total_tokens == 1


def test_token_ids(client: OpenAI) -> None:
    one, same, other = embedded(client, [[1, 2, 3], [3, 2, 1], [7, 8]])
    assert near(one, same) > 0.99 > near(one, other)
    assert embedded(client, [1, 2, 3]) == [one]


async def test_async(async_client: AsyncOpenAI) -> None:
    done = await async_client.embeddings.create(model="m", input=["one", "two"])
    assert [item.index for item in done.data] == [0, 1]


@pytest.mark.parametrize("change", [{"input": []}, {"input": 3}, {"dimensions": 0}, {"encoding_format": "hex"}])
def test_refusals(client: OpenAI, change: dict[str, Any]) -> None:
    with pytest.raises(BadRequestError) as refused:
        client.embeddings.create(**({"model": "m", "input": "words"} | change))
    assert refused.value.param == next(iter(change))
