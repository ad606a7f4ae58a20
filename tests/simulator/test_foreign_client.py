"""A client that is not ours drives the simulator: pywa sends a template, receives and verifies the signed webhooks.

The recipe in docs/simulator.md is this file in short.
"""

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from pywa import errors, handlers
from pywa.client import WhatsApp
from pywa.types import templates as pywa_templates
from pywa.types.message_status import MessageStatusType

from invy.testing import CloudApi

pytestmark = pytest.mark.filterwarnings("ignore")  # pywa's own warnings are not ours to fix

# The annotations of pywa's template parameters do not hold for its own examples.
templates: Any = pywa_templates
VERIFY_TOKEN = "what pywa was told"


class ToTheSimulator(httpx.HTTPTransport):
    """Sends what is meant for graph.facebook.com to the simulator instead."""

    def __init__(self, base_url: str) -> None:
        super().__init__()
        self._base = httpx.URL(base_url)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(
            scheme=self._base.scheme, host=self._base.host, port=self._base.port
        )
        request.headers["Host"] = f"{self._base.host}:{self._base.port}"
        return super().handle_request(request)


class Bot:
    """A small application built on pywa, with its own web server."""

    def __init__(self, api: CloudApi) -> None:
        self.app = FastAPI()
        self.statuses: list[Any] = []
        self.buttons: list[Any] = []
        self.texts: list[Any] = []
        self.whatsapp = WhatsApp(
            phone_id=api.phone_number_id,
            waba_id=api.business_account_id,
            token=api.access_token,
            app_id=api.app_id,
            app_secret=api.app_secret,
            server=self.app,
            webhook_endpoint="/webhook",
            verify_token=VERIFY_TOKEN,
            session=httpx.Client(transport=ToTheSimulator(api.base_url)),
        )
        self.whatsapp.add_handlers(
            handlers.MessageStatusHandler(lambda _, status: self.statuses.append(status)),
            handlers.CallbackButtonHandler(lambda _, button: self.buttons.append(button)),
            handlers.MessageHandler(lambda _, message: self.texts.append(message)),
        )


@pytest.fixture
def bot(cloud_api: CloudApi) -> Iterator[Bot]:
    bot = Bot(cloud_api)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        server = uvicorn.Server(uvicorn.Config(bot.app, log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        cloud_api.set_callback(
            f"http://127.0.0.1:{listener.getsockname()[1]}/webhook", verify_token=VERIFY_TOKEN
        )
        yield bot
        server.should_exit = True
        thread.join()


def _eventually(found: list[Any], count: int) -> list[Any]:
    """pywa hands updates to its handlers in the background, after it has answered."""
    deadline = time.monotonic() + 5
    while len(found) < count and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


def _invite(bot: Bot, to: str) -> str:
    sent = bot.whatsapp.send_template(
        to=to,
        name="hina_invitation",
        language=templates.TemplateLanguage.HEBREW,
        params=[
            templates.HeaderImage.params(image="https://example.org/invitation.jpg"),
            templates.BodyText.params("איילה"),
            templates.URLButton.params(url_variable="token-1", index=0),
        ],
        tracker="guest:17",
    )
    return str(sent.id)


def test_pywa_sends_a_template_and_hears_what_became_of_it(cloud_api: CloudApi, bot: Bot) -> None:
    wamid = _invite(bot, "+447700900150")
    cloud_api.settle()
    statuses = _eventually(bot.statuses, 3)
    assert {each.id for each in statuses} == {wamid}
    assert {each.status for each in statuses} == {
        MessageStatusType.SENT,
        MessageStatusType.DELIVERED,
        MessageStatusType.READ,
    }
    assert {each.tracker for each in statuses} == {"guest:17"}
    assert cloud_api.message(wamid)["final_status"] == "read"
    assert [each["attempts"][0]["http"] for each in cloud_api.webhooks()] == [200, 200, 200]


def test_pywa_refuses_what_is_signed_wrongly(cloud_api: CloudApi, bot: Bot) -> None:
    _invite(bot, "+447700900181")
    cloud_api.settle()
    forged = next(each for each in cloud_api.webhooks() if each["forged"])
    assert forged["attempts"][0]["http"] in {401, 403}
    assert [each.status for each in _eventually(bot.statuses, 1)] == [MessageStatusType.SENT]


def test_pywa_understands_the_simulators_refusals(bot: Bot) -> None:
    with pytest.raises(errors.WhatsAppError) as refused:
        bot.whatsapp.send_template(
            to="+447700900150", name="no_such_template", language=templates.TemplateLanguage.HEBREW, params=[]
        )
    assert refused.value.code == 132001
    with pytest.raises(errors.WhatsAppError) as refused:
        _invite(bot, "+447700900190")
    assert refused.value.code == 130429


def test_pywa_hears_a_guest_press_a_button_and_write(cloud_api: CloudApi, bot: Bot) -> None:
    bot.whatsapp.send_template(
        to="+447700900166",
        name="rsvp_reminder",
        language=templates.TemplateLanguage.ENGLISH_US,
        params=[
            templates.BodyText.params(guest_name="Noa", event_date="1 June"),
            templates.QuickReplyButton.params(callback_data="yes:17", index=0),
        ],
    )
    cloud_api.settle()
    assert [each.data for each in _eventually(bot.buttons, 1)] == ["yes:17"]
    cloud_api.guest("+447700900166", "write", text="See you there")
    cloud_api.settle()
    assert [each.text for each in _eventually(bot.texts, 1)] == ["See you there"]
    answer = bot.whatsapp.send_message("+447700900166", "We are looking forward to it")
    cloud_api.settle()
    assert cloud_api.message(str(answer.id))["final_status"] == "read"


def test_pywa_lists_templates_and_uploads_media(bot: Bot) -> None:
    assert {each.name for each in bot.whatsapp.get_templates()} == {"hina_invitation", "rsvp_reminder"}
    media = bot.whatsapp.upload_media(b"\xff\xd8\xff picture", mime_type="image/jpeg", filename="i.jpg")
    assert media.id
    assert bot.whatsapp.get_media_bytes(media.id)
    number = bot.whatsapp.get_business_phone_number()
    assert number.display_phone_number == "12025550100"
