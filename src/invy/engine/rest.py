"""When a sender should rest because Meta's answers leave open what became of the messages.

One such answer is a case of its own. Several in a row are an outage, and every further message would only become one
more that a person has to settle. So nothing leaves for a while, then one message goes ahead, and the rest grows until
an answer is sure. The count is this process's; the rest is kept where all processes see it.
"""

from invy.domain.evidence import Phase
from invy.domain.pacing import FIRST_REST_S, longer
from invy.meta.reply import Answer

IN_A_ROW = 5


class Rest:
    """Counts the answers of one process that were not sure, since the last one that was."""

    def __init__(self) -> None:
        self._unsure = 0

    @property
    def wanted(self) -> bool:
        """Whether nothing more should leave before what has left is answered for."""
        return self._unsure >= IN_A_ROW

    @property
    def begins(self) -> bool:
        """Whether the last answer was the one too many."""
        return self._unsure == IN_A_ROW

    def heard(self, answer: Answer, rested_s: float | None) -> float | None:
        """How many seconds to rest after this answer, which came after a rest of `rested_s` if that is given."""
        if answer.phase is Phase.UNSURE:
            self._unsure += 1
            if rested_s is not None:
                return longer(rested_s)
            return FIRST_REST_S if self.wanted else None
        if answer.http_status is not None:
            self.forget()
        return None

    def forget(self) -> None:
        """Meta has answered, to this process or to another."""
        self._unsure = 0
