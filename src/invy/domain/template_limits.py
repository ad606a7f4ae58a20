"""What Meta allows in a template and in the values that fill it. Lengths count Unicode code points.

Each figure has its source. "Components page" is Meta's *Template components* (updated 2025-11-21), "overview page" is
Meta's *Templates* (updated 2025-12-05). Figures marked *ours* stand where Meta publishes none: they stop a mistake
(a whole file pasted into one cell) before it costs a send, and are wide enough for any honest value.
"""

from typing import Final

# Overview page: lowercase letters, digits and underscores, at most 512.
NAME: Final = 512

# Components page: a text header has at most 60 characters and one variable.
HEADER_TEXT: Final = 60

# Components page: the body of a template has at most 1024 characters. The reference of the messages endpoint gives
# the same bound for the text sent, or 32768 when the template has nothing but a body. Over it: error 132005.
BODY_TEXT: Final = 1024
BODY_TEXT_ALONE: Final = 32768

# Components page.
FOOTER_TEXT: Final = 60
BUTTONS: Final = 10
URL_BUTTONS: Final = 2
PHONE_BUTTONS: Final = 1
COPY_CODE_BUTTONS: Final = 1
BUTTON_LABEL: Final = 25
BUTTON_URL: Final = 2000
BUTTON_PHONE: Final = 20

# 20 since December 2025; the components page of November 2025 still says 15.
COPY_CODE: Final = 20

# Meta's pages name no bound for the payload of a template's quick reply; clients of the API cut it at 128, and a
# shorter payload is never refused.
QUICK_REPLY_PAYLOAD: Final = 128

# Error 132018: "more than 4 consecutive spaces".
CONSECUTIVE_SPACES: Final = 4

# Meta's changelog of February 2024 raised it from 256; the OpenAPI file of November 2025 says 512 too.
OPAQUE_CALLBACK_DATA: Final = 512

LINK: Final = 2048  # ours
MEDIA_ID: Final = 32  # ours; ids seen have 15 to 17 digits
FILENAME: Final = 240  # ours; longer names do not fit common file systems
LOCATION_TEXT: Final = 1024  # ours
FLOW_TOKEN: Final = 256  # ours
FLOW_DATA: Final = 1024  # ours, for each value
