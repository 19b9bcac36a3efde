"""Databricks' foundation models, through the OpenAI client."""

import os

from openai import OpenAI

from genspan import mlflow

mlflow.openai.autolog()

client = OpenAI(api_key="a token", base_url=f"{os.environ['WORKSPACE']}/serving-endpoints")
response = client.chat.completions.create(
    model="databricks-llama-4-maverick",
    messages=[
        {"role": "system", "content": "You are a helpful assistant."},
        {"role": "user", "content": "What are the key features of MLflow Tracing?"},
    ],
    max_tokens=150,
    temperature=0.7,
)
print(response.choices[0].message.content)
