"""OpenAI, the Responses API."""

from openai import OpenAI

from genspan import mlflow

mlflow.openai.autolog()

client = OpenAI()
response = client.responses.create(
    model="gpt-4.1-mini", instructions="You are a chatbot.", input="What is the capital of France?"
)
print(response.output_text)
