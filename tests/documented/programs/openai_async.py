"""OpenAI, the async client."""

import asyncio

from openai import AsyncOpenAI

from genspan import mlflow

mlflow.openai.autolog()


async def main() -> None:
    client = AsyncOpenAI()
    response = await client.chat.completions.create(
        model="gpt-4.1-mini",
        messages=[{"role": "user", "content": "How fast would a glass of water freeze on Titan?"}],
    )
    print(response.choices[0].message.content)


asyncio.run(main())
