"""Meta's errors as data: code, words, HTTP status; and the body in which each is told.

Shapes and codes: Meta's error reference (copies of December 2025 and September 2026). The order in which checks
are made is ours; Meta promises none.
"""

from dataclasses import dataclass

from invy.simulator.wire import encode, new_trace


@dataclass(frozen=True, slots=True)
class Fault:
    """One row of the table. `details` is what Meta says when nothing more particular is known."""

    code: int
    title: str
    http: int = 400
    details: str = ""
    subcode: int | None = None
    transient: bool = False


_ROWS = (
    Fault(0, "AuthException", 401),
    Fault(1, "An unknown error has occurred.", 500, transient=True),
    Fault(2, "Service temporarily unavailable", 503, transient=True),
    Fault(4, "Application request limit reached", 400, transient=True),
    Fault(10, "Application does not have permission for this action", 403),
    Fault(33, "Parameter value is not valid", 400, "The business phone number has been deleted."),
    Fault(100, "Invalid parameter"),
    Fault(104, "An access token is required to request this resource.", 401),
    Fault(190, "Invalid OAuth access token - Cannot parse access token", 401),
    Fault(
        200,
        "You do not have the necessary permissions required to send messages on behalf of this account",
        403,
    ),
    Fault(368, "Temporarily blocked for policies violations", 403),
    Fault(2388019, "Message template limit exceeded"),
    Fault(2388024, "Content in this language already exists"),
    Fault(2388040, "A field of the template is too long"),
    Fault(2388293, "This template has too many variables for its length"),
    Fault(2388299, "Variables can't be at the start or end of the template"),
    Fault(2635, "Unknown Graph API version"),
    Fault(2200, "Callback verification failed"),
    Fault(
        80007,
        "Business request limit reached for WhatsApp Business Account",
        400,
        "",
        2446079,
        transient=True,
    ),
    Fault(130429, "Rate limit hit", 400, "Cloud API message throughput has been reached.", 2494055),
    Fault(
        130472,
        "User's number is part of an experiment",
        400,
        "Failed to send message because this user's phone number is part of an experiment",
    ),
    Fault(131000, "Something went wrong", 500, "Message failed to send due to an unknown error."),
    Fault(131005, "Access denied", 403),
    Fault(131008, "Required parameter is missing"),
    Fault(131009, "Parameter value is not valid"),
    Fault(131016, "Service unavailable", 500, "A service is temporarily unavailable."),
    Fault(131021, "Recipient cannot be sender", 400, "Sender and recipient phone number is the same."),
    Fault(131026, "Message undeliverable", 400, "Message Undeliverable."),
    Fault(
        131030,
        "Recipient phone number not in allowed list",
        400,
        "Recipient phone number not in allowed list",
    ),
    Fault(131031, "Account has been locked", 403, "Your account has been locked."),
    Fault(
        131042,
        "Business eligibility payment issue",
        400,
        "Message failed to send because there were one or more errors related to your payment method.",
    ),
    Fault(
        131045,
        "Incorrect certificate",
        500,
        "Message failed to send due to a phone number registration error.",
    ),
    Fault(
        131047,
        "Re-engagement message",
        400,
        "Message failed to send because more than 24 hours have passed since the customer last replied to this number.",
    ),
    Fault(
        131048,
        "Spam rate limit hit",
        400,
        "Message failed to send because there are restrictions on how many messages can be sent from this phone number.",
    ),
    Fault(
        131049,
        "This message was not delivered to maintain healthy ecosystem engagement.",
        400,
        "In order to maintain a healthy ecosystem engagement, the message failed to be delivered.",
    ),
    Fault(
        131050,
        "Unable to deliver the message. This recipient has chosen to stop receiving marketing messages "
        "on WhatsApp from your business",
        400,
        "Unable to deliver the message. This recipient has chosen to stop receiving marketing messages.",
    ),
    Fault(131051, "Unsupported message type", 400, "Message type is not supported."),
    Fault(131052, "Media download error", 400, "Unable to download the media sent by the user."),
    Fault(
        131053,
        "Media upload error",
        400,
        "Downloading media from weblink failed with http code 404, status message Not Found",
    ),
    Fault(
        131056,
        "(Business Account, Consumer Account) pair rate limit hit",
        400,
        "Message failed to send because there were too many messages sent from this phone number to the same "
        "phone number in a short period of time.",
        2494071,
    ),
    Fault(131057, "Account in maintenance mode", 500, "Business Account is in maintenance mode."),
    Fault(131062, "Business-scoped User ID (BSUID) recipients are not supported for this message."),
    Fault(132000, "Number of parameters does not match the expected number of params"),
    Fault(132001, "Template name does not exist in the translation", 404),
    Fault(132005, "Translated text too long"),
    Fault(132007, "Template format character policy violated"),
    Fault(132012, "Parameter format does not match format in the created template"),
    Fault(132015, "Template is paused", 400, "Template is paused due to low quality so it cannot be sent."),
    Fault(
        132016,
        "Template is disabled",
        400,
        "Template has been paused too many times due to low quality and is now permanently disabled.",
    ),
    Fault(132018, "There's an issue with the parameters in your template"),
    Fault(
        133010,
        "Phone number not registered",
        400,
        "Phone number is not registered on the WhatsApp Business Platform.",
    ),
    Fault(
        135000,
        "Generic user error",
        400,
        "Message failed to send because of an unknown error with your request parameters.",
    ),
)
FAULTS = {row.code: row for row in _ROWS}

# Graph-wide codes are told without the "(#code)" in front and without `error_data`.
_GRAPH_WIDE = frozenset({0, 1, 2, 4, 10, 104, 190, 200, 80007})

HREF = "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/"


class Refusal(Exception):
    """The request is not accepted: Meta's code, with the words for this case."""

    def __init__(
        self,
        code: int,
        details: str = "",
        *,
        message: str = "",
        subcode: int | None = None,
        http: int | None = None,
        kind: str = "OAuthException",
        as_code: int | None = None,
        user_title: str = "",
    ) -> None:
        """`as_code` is the code told when the fault is known by its subcode only, as with template creation."""
        fault = FAULTS[code]
        self.code = code if as_code is None else as_code
        self.user_title = user_title or (fault.title if as_code is not None else "")
        self.details = details or fault.details
        self.subcode = fault.subcode if subcode is None else subcode
        self.http = fault.http if http is None else http
        self.kind = kind
        self.transient = fault.transient
        self.message = message or (fault.title if code in _GRAPH_WIDE else f"(#{code}) {fault.title}")
        super().__init__(self.message)

    def body(self, trace: str | None = None) -> bytes:
        """The JSON Meta answers with."""
        error: dict[str, object] = {"message": self.message, "type": self.kind, "code": self.code}
        if self.details and self.code not in _GRAPH_WIDE:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        if self.transient:
            error["is_transient"] = True
        if self.user_title:
            error["error_user_title"] = self.user_title
            error["error_user_msg"] = self.details or self.user_title
        error["fbtrace_id"] = trace or new_trace()
        return encode({"error": error})


def no_such_object(object_id: str, method: str) -> Refusal:
    """Wrong id, or a token without access to it: Meta does not tell which."""
    return Refusal(
        100,
        message=f"Unsupported {method.lower()} request. Object with ID '{object_id}' does not exist, cannot be loaded "
        "due to missing permissions, or does not support this operation. Please read the Graph API documentation "
        "at https://developers.facebook.com/docs/graph-api",
        subcode=33,
        kind="GraphMethodException",
    )


def status_error(code: int, details: str = "") -> dict[str, object]:
    """The error object inside a `failed` status webhook."""
    fault = FAULTS[code]
    return {
        "code": code,
        "title": fault.title,
        "message": fault.title,
        "error_data": {"details": details or fault.details or fault.title},
        "href": HREF,
    }
