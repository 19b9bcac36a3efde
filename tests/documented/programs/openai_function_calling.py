"""OpenAI, function calling: a tool and an agent of the app's own around the model's calls."""

import json

from openai import OpenAI

from genspan import mlflow
from genspan.mlflow.entities import SpanType

mlflow.openai.autolog()

client = OpenAI()

tools = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "Get the weather of a city",
            "parameters": {"type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"]},
        },
    }
]


@mlflow.trace(span_type=SpanType.TOOL)
def get_weather(location: str) -> str:
    return f"It is sunny in {location}."


_tool_functions = {"get_weather": get_weather}


@mlflow.trace(span_type=SpanType.AGENT)
def run_tool_agent(question: str) -> str:
    messages = [{"role": "user", "content": question}]
    response = client.chat.completions.create(model="gpt-4.1-mini", messages=messages, tools=tools)
    ai_msg = response.choices[0].message
    messages.append(ai_msg)
    for tool_call in ai_msg.tool_calls or ():
        function = _tool_functions[tool_call.function.name]
        result = function(**json.loads(tool_call.function.arguments))
        messages.append({"role": "tool", "tool_call_id": tool_call.id, "content": result})
    return client.chat.completions.create(model="gpt-4.1-mini", messages=messages).choices[0].message.content


print(run_tool_agent("What is the weather like in Paris today?"))
