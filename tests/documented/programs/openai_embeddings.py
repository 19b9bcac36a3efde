"""OpenAI, embeddings."""

from openai import OpenAI

from genspan import mlflow

mlflow.openai.autolog()

client = OpenAI()
response = client.embeddings.create(model="text-embedding-3-small", input=["Paris", "London"])
print(len(response.data))
