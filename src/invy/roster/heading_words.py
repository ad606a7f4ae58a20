"""The words people put above the columns of a guest list, in the languages of our users and their neighbours."""

import re
import unicodedata
from typing import Final

_ARABIC_FORMS: Final = str.maketrans({"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ة": "ه", "ى": "ي", "ـ": None})


def plain(heading: str) -> str:
    """A heading as it is compared: lower case, no marks or quotes, Arabic letters in their plain form."""
    text = unicodedata.normalize("NFKC", heading).casefold().translate(_ARABIC_FORMS)
    kept = "".join(
        mark for mark in text if unicodedata.category(mark) not in {"Mn", "Cf"} and mark not in "\"'׳״"
    )
    return " ".join(re.sub(r"[^\w]+|_", " ", kept).split())


def _words(lines: str) -> frozenset[str]:
    return frozenset(plain(word) for word in lines.replace("\n", "|").split("|") if word.strip())


FULL: Final = _words("""
name|full name|fullname|guest|guest name|guests|invitee|contact|contact name|display name|customer|customer name
שם|שם מלא|השם|שמות|אורח|אורחים|שם אורח|שם האורח|מוזמן|מוזמנים|שם מוזמן|שם המוזמן|איש קשר|שם איש קשר|לקוח
الاسم|اسم|الاسم الكامل|اسم كامل|الضيف|ضيف|اسم الضيف|المدعو|اسم المدعو|الأسماء
имя|фио|имя и фамилия|гость|nom|nom complet|invité|nombre|nombre completo|invitado
gast|name des gastes|nome|nome completo|ad soyad|isim|ስም
""")
FIRST: Final = _words("""
first name|first|firstname|given name|given|forename|שם פרטי|פרטי|הפרטי|الاسم الأول|الاسم الشخصي
prénom|prenom|vorname|primer nombre|ad
""")
LAST: Final = _words("""
last name|last|lastname|surname|family name|family|שם משפחה|שם המשפחה|משפחה|اسم العائلة|العائلة|اللقب|الكنية
фамилия|nom de famille|nachname|familienname|apellido|apellidos|cognome|sobrenome|soyad|soyadı
""")

# These mean a first name when a column for the family name stands beside them, and the other way round.
FIRST_BESIDE_LAST: Final = _words("name|שם|الاسم|اسم|имя|nombre|nome|isim")
LAST_BESIDE_FIRST: Final = _words("nom|name")

MOBILE: Final = _words("""
mobile|cell|cellphone|cellular|whatsapp|handy|movil|móvil|portable|celular|gsm
נייד|הנייד|סלולרי|סלולר|פלאפון|פלא|ווטסאפ|וואטסאפ|جوال|الجوال|موبايل|محمول|المحمول|واتساب|وتساب|моб|мобильный
""")
PHONE: Final = _words("""
phone|phones|phonenumber|telephone|tel|number|msisdn|téléphone|tél|teléfono|telefono|telefon|telefonnummer|telefone
rufnummer|טלפון|הטלפון|טל|מספר|هاتف|الهاتف|تلفون|التلفون|رقم|الرقم|телефон|тел|ስልክ
""")

# "Phone 1 - Type", "number of guests", "מספר אורחים": a phone word, but not a phone.
NOT_PHONE: Final = _words("""
type|label|country|code|fax|guests|invitees|people|seats|table|id|of|סוג|אורחים|מוזמנים|שולחן|משפחה|אנשים|זהות|תז
קומה|פקס|כמות|סידורי|ضيوف|الضيوف|المدعوين|طاولة|الطاولة|فاكس|هوية|الهوية
""")
BARE_NUMBER: Final = _words("number|מספר|رقم|الرقم")
