"""LangChain and OpenAI's SDK in one trace."""

from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_openai import ChatOpenAI
from openai import OpenAI

from genspan import mlflow
from genspan.mlflow.entities import SpanType

mlflow.openai.autolog()
mlflow.langchain.autolog()


@mlflow.trace(span_type=SpanType.CHAIN)
def multi_provider_workflow(query: str) -> str:
    analysis = (
        OpenAI()
        .chat.completions.create(
            model="gpt-4.1-mini", messages=[{"role": "user", "content": f"Analyze the query: {query}"}]
        )
        .choices[0]
        .message.content
    )
    prompt = ChatPromptTemplate.from_template("Analysis: {analysis}\nWrite an answer to: {query}")
    chain = prompt | ChatOpenAI(model="gpt-4.1-mini") | StrOutputParser()
    return chain.invoke({"analysis": analysis, "query": query})


print(multi_provider_workflow("Explain quantum computing"))
