"""OpenAI, a streamed answer."""

from openai import OpenAI

from genspan import mlflow

mlflow.openai.autolog()

client = OpenAI()
stream = client.chat.completions.create(
    model="gpt-4.1-mini",
    messages=[{"role": "user", "content": "How fast would a glass of water freeze on Titan?"}],
    stream=True,
    stream_options={"include_usage": True},
)
for chunk in stream:
    print((chunk.choices[0].delta.content if chunk.choices else "") or "", end="")
print()
