"""Phone numbers as WhatsApp knows them, which is not always as they were dialled. Digits only, no library.

Mexican, Argentine and older Brazilian accounts carry one digit more or less than the number on paper, so the
`wa_id` Meta answers with differs from the `input`. A client that joins by number must survive that.
"""

from types import MappingProxyType

_REGIONS = MappingProxyType(
    {
        "1": "US",
        "27": "ZA",
        "31": "NL",
        "33": "FR",
        "34": "ES",
        "39": "IT",
        "44": "GB",
        "49": "DE",
        "52": "MX",
        "54": "AR",
        "55": "BR",
        "61": "AU",
        "91": "IN",
        "962": "JO",
        "972": "IL",
        "380": "UA",
    }
)
_MEXICO, _ARGENTINA, _BRAZIL = "52", "54", "55"
_BRAZIL_OLD_FORM_FROM = 31


def region_of(digits: str) -> str:
    """Two letters for a business-scoped user id; `ZZ` for a country not in the small table."""
    for length in (3, 2, 1):
        region = _REGIONS.get(digits[:length])
        if region:
            return region
    return "ZZ"


def wa_id_of(digits: str) -> str:
    """The account behind a dialled number."""
    if digits.startswith(_MEXICO) and len(digits) == len("525512345678"):
        return "521" + digits[2:]
    if digits.startswith(_ARGENTINA) and len(digits) == len("541112345678") and digits[2] != "9":
        return "549" + digits[2:]
    if (
        digits.startswith(_BRAZIL)
        and len(digits) == len("5531912345678")
        and digits[4] == "9"
        and int(digits[2:4]) >= _BRAZIL_OLD_FORM_FROM
    ):
        return digits[:4] + digits[5:]
    return digits
