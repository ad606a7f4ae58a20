"""Looking at the picture of a message as Meta would, because 131053 says that it could not be used and not why."""

from typing import Final, Protocol

from invy.diagnose.health import Picture
from invy.diagnose.link import link_of, shown
from invy.domain.ids import MessageId
from invy.meta.catalogue import Text
from invy.meta.picture import Content, Fetched, Look, content

_KB: Final = 1000
_SEEN: Final = {
    Look.NOT_A_LINK: Text(en="it is not a link", he="זה לא קישור"),
    Look.NOT_HTTPS: Text(en="it is not https", he="הכתובת אינה https"),
    Look.METAS_EXAMPLE: Text(
        en="it is Meta's own sample of the template, which its fetcher gets 403 for",
        he="זו תמונת הדוגמה של התבנית אצל מטא, שגם מטא עצמה מקבלת עליה 403",
    ),
    Look.NO_SUCH_HOST: Text(en="there is no host of that name", he="אין שרת בשם הזה"),
    Look.PRIVATE: Text(
        en="the address can be reached from inside our network only",
        he="הכתובת נגישה רק מתוך הרשת שלנו",
    ),
    Look.CERTIFICATE: Text(en="the server's certificate is not valid", he="תעודת האבטחה של השרת אינה תקפה"),
    Look.UNREACHABLE: Text(en="the server cannot be reached", he="השרת לא זמין"),
    Look.TIMEOUT: Text(en="the server did not answer in time", he="השרת לא ענה בזמן"),
    Look.TOO_MANY_REDIRECTS: Text(
        en="it leads from link to link without an end", he="הקישור מפנה מקישור לקישור בלי סוף"
    ),
    Look.TOO_LARGE: Text(en="it is larger than 5 MB", he="התמונה גדולה מ־5MB"),
}


class Payloads(Protocol):
    async def payload(self, message_id: MessageId) -> bytes: ...


class Images(Protocol):
    async def fetch(self, url: str) -> Fetched: ...


class PictureEyes:
    """Fetches the link in a message's header. A picture sent by Meta's media id cannot be looked at."""

    def __init__(self, payloads: Payloads, images: Images) -> None:
        self._payloads = payloads
        self._images = images

    async def look(self, message_id: MessageId) -> Picture | None:
        url = link_of(await self._payloads.payload(message_id))
        return None if url is None else judged(url, await self._images.fetch(url))


def judged(url: str, fetched: Fetched) -> Picture:
    """What was seen, in a few words, and whether WhatsApp would take it."""
    named = shown(url)
    if fetched.look is Look.HTTP_ERROR:
        return Picture(named, fine=False, seen=_same(f"HTTP {fetched.status}"))
    if fetched.look is not Look.FETCHED:
        return Picture(named, fine=False, seen=_SEEN[fetched.look])
    found = content(fetched.start)
    size = f"{max(1, fetched.size // _KB):,} kB"
    if found.kind is None:
        unknown = Text(en=f"no picture that we know, {size}", he=f"לא תמונה מסוג מוכר, {size}")
        return Picture(named, fine=False, seen=unknown)
    if found.usable:
        return Picture(named, fine=True, seen=_same(f"{found.kind}, {size}"))
    return Picture(named, fine=False, seen=_unfit(found, size))


def _unfit(found: Content, size: str) -> Text:
    kind, english, hebrew = found.kind, "", ""
    if kind in ("image/jpeg", "image/png"):
        english = f" with {found.bits} bits a colour and {found.channels} channels"
        hebrew = f", {found.bits} סיביות לצבע ו־{found.channels} ערוצים"
    return Text(
        en=f"{kind}{english}, {size}: WhatsApp takes 8-bit JPEG or PNG",
        he=f"{kind}{hebrew}, {size}: וואטסאפ מקבל רק JPEG או PNG של 8 סיביות לצבע",
    )


def _same(words: str) -> Text:
    return Text(en=words, he=words)
