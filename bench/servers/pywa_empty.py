"""pywa with a handler that does nothing: signature checked, updates parsed, nothing stored."""

from fastapi import FastAPI
from pywa_async import WhatsApp, types

from bench.bodies import PATH, SECRET
from bench.servers.serving import serve

app = FastAPI()
client = WhatsApp(
    phone_id="106540000000001",
    token="x",
    server=app,
    webhook_endpoint=PATH,
    verify_token="v",
    app_secret=SECRET,
    skip_duplicate_updates=False,  # the load repeats its bodies, and what is skipped costs a third
)


@client.on_message_status
async def handle(_client: WhatsApp, _status: types.MessageStatus) -> None:
    return


if __name__ == "__main__":
    serve(app)
