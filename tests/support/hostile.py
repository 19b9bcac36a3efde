"""Texts that a page must not take for its own."""

from __future__ import annotations

from typing import Any

from support.notebook_traces import BEGIN, span, trace

TEXTS = (
    "<script>window.canary = 1</script>",
    "</script><script>window.canary = 2</script>",
    "</style><style>body { display: none }</style>",
    "<!-- <script>window.canary = 3</script>",
    "--><img src=x onerror='window.canary = 4'>",
    '"><svg onload="window.canary = 5">',
    "' onmouseover='window.canary = 6' autofocus onfocus='window.canary = 7",
    "javascript:window.canary=8",
    "[click](javascript:window.canary=9)",
    '<a href="javascript:window.canary=10">click</a>',
    "data:text/html,<script>parent.canary=11</script>",
    "<iframe srcdoc='<script>parent.canary = 12</script>'></iframe>",
    "<img src='http://canary.example/pixel.png'>",
    "<link rel=stylesheet href='http://canary.example/style.css'>",
    "<template shadowrootmode=open><script>window.canary = 13</script></template>",
    "<details open ontoggle='window.canary = 14'>",
    "&lt;script&gt; &amp; &#60;b&#62; &nbsp;",
    "<![CDATA[<script>window.canary = 15</script>]]>",
    "<?php echo 1 ?><!DOCTYPE html>",
    "line\u2028separator\u2029paragraph",
    "nul\x00 bell\x07 escape\x1b[31m delete\x7f",
    "half \ud83d a pair",
    "\u202eright to left\u202c",
    "\\u003cscript\\u003e ${window.canary=16} {{constructor.constructor('window.canary=17')()}}",
    "url(javascript:window.canary=18); --gs-from:0;background:url(http://canary.example/)",
    "$\\require{html}\\href{javascript:window.canary=19}{x}$",
)


def hostile_trace(texts: tuple[str, ...] = TEXTS) -> Any:
    """A trace that holds the texts in every place where a trace may hold a text."""
    every = "\n".join(texts)
    spans = []
    for index, text in enumerate(texts):
        identity = 10 * index + 2
        call = {"id": text, "type": "function", "function": {"name": text, "arguments": {text: text}}}
        message = {"role": text, "content": text, "name": text, "tool_calls": [call], "reasoning": text}
        image = [{"type": "image_url", "image_url": {"url": text}}, {"type": text, text: text}]
        data = [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{text}"}}]
        svg = [{"type": "image_url", "image_url": {"url": f"data:image/svg+xml;base64,{text}"}}]
        spans += [
            span(
                identity,
                1,
                name=text,
                span_type=text,
                inputs={"messages": [message, *({"role": "user", "content": part} for part in (image, data, svg))]},
                outputs={"choices": [{"message": message, "finish_reason": text}]},
                error=text,
                events=[
                    {"name": text, "time_unix_nano": BEGIN, "attributes": {text: text}},
                    {
                        "name": "exception",
                        "time_unix_nano": BEGIN,
                        "attributes": {
                            "exception.type": text,
                            "exception.message": text,
                            "exception.stacktrace": text,
                        },
                    },
                ],
                **{
                    text: text,
                    "mlflow.llm.model": text,
                    "mlflow.llm.provider": text,
                    "mlflow.spanDescription": text,
                    "mlflow.chat.tools": [{"type": "function", "function": {"name": text, "description": text}}],
                    "mlflow.chat.tokenUsage": {"input_tokens": text},
                    "mlflow.llm.cost": {"total_cost": text},
                },
            ),
            span(
                identity + 1,
                identity,
                span_type="RETRIEVER",
                inputs=text,
                outputs=[{"page_content": text, "metadata": {"score": text, text: text}, "id": text}],
            ),
            span(identity + 2, identity, span_type="TOOL", inputs={text: [text]}, outputs=text),
        ]
    return trace(
        span(1, name=every, inputs=every, outputs={"output": every}, end=100),
        *spans,
        tags={"mlflow.traceName": texts[0], **{text: text for text in texts}},
        trace_metadata={text: text for text in texts},
        client_request_id=every,
    )
