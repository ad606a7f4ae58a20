"""The ceiling: uvicorn reads the body and answers 200. Stores nothing, checks nothing.

With `empty` it answers without a body, as Invy does: uvicorn writes head and body apart, so that is one write instead of two.
"""

import sys
from typing import Any

from bench.servers.serving import serve

ANSWER = b"" if "empty" in sys.argv else b"ok"
HEADERS = [(b"content-length", str(len(ANSWER)).encode())]


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    more = True
    while more:
        more = (await receive()).get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": ANSWER})


if __name__ == "__main__":
    serve(app)
