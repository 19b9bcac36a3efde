"""OpenAI, one call."""

from openai import OpenAI

from genspan import mlflow

mlflow.openai.autolog()

client = OpenAI()
response = client.chat.completions.create(
    model="gpt-4.1-mini",
    messages=[
        {"role": "system", "content": "You are a chatbot."},
        {"role": "user", "content": "What is the weather like in Paris today?"},
    ],
    temperature=0.1,
    max_tokens=100,
)
print(response.choices[0].message.content)
