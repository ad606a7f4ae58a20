"""Who is who: what bodies say about a guest's user ids and numbers, and whom an item without a name is about."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from invy.domain.heard import Heard
from invy.domain.notice import Notice
from invy.meta.webhook import read
from tests.meta.webhook_bodies import HEARD_AT, JSON, at, body

DANA, RON = "447700900123", "447700900124"
STATUS = {"id": "wamid.A", "status": "delivered", "timestamp": "1790000000"}


def heard(*values: dict[str, Any], field: str = "messages") -> Heard:
    found = read(body(*values, field=field), HEARD_AT)
    assert found.unparsed is None
    return found


def contact(wa_id: object = None, user_id: object = None) -> dict[str, Any]:
    given = {"profile": {"name": "Dana"}, "wa_id": wa_id, "user_id": user_id}
    return {name: value for name, value in given.items() if value is not None}


def changed(**system: Any) -> dict[str, Any]:
    sender = {"from": system.pop("sender")} if "sender" in system else {}
    told = {"body": "Dana has a new id", "type": "user_changed_user_id", **system}
    return {"id": "wamid.S", "timestamp": "1790000500", "type": "system", **sender, "system": told}


def preference(word: str = "stop", **who: str) -> dict[str, Any]:
    return {"category": "marketing_messages", "value": word, "timestamp": 1790000000, **who}


def test_contacts_beside_statuses_tell_which_id_belongs_to_which_number() -> None:
    contacts = [contact(RON, "GB.1002"), contact(DANA, "GB.1001"), contact(DANA, "GB.1001")]
    found = heard({"statuses": [STATUS], "contacts": contacts}, {"statuses": [STATUS]})
    assert found.pairs == (("GB.1001", DANA), ("GB.1002", RON))
    assert len(found.receipts) == 2


def test_contacts_beside_what_guests_write_tell_it_too() -> None:
    message = {"id": "wamid.I", "type": "text", "timestamp": "1790000000", "from_user_id": "GB.1001"}
    found = heard({"messages": [message], "contacts": [contact(DANA, "GB.1001")]})
    assert found.pairs == (("GB.1001", DANA),)
    assert found.inbound[0].sender is None  # what a message does not say of itself stays unsaid


def test_a_contact_that_names_only_one_of_the_two_or_no_number_makes_no_pair() -> None:
    odd: list[Any] = [contact(DANA), contact(None, "GB.1001"), contact("a group", "GB.1001"), None, 5, [], {}]
    for contacts in ([each] for each in odd):
        found = heard({"statuses": [STATUS], "contacts": contacts})
        assert found.pairs == ()
        assert len(found.receipts) == 1
    assert heard({"statuses": [STATUS], "contacts": {"wa_id": DANA, "user_id": "GB.1001"}}).pairs == ()


@given(JSON)
def test_whatever_stands_in_the_contacts_the_statuses_are_read(contacts: Any) -> None:
    found = heard({"statuses": [STATUS], "contacts": contacts})
    assert [receipt.wamid for receipt in found.receipts] == ["wamid.A"]
    assert found.unreadable == ()


@given(st.lists(st.sampled_from([contact(DANA, "GB.1"), contact(RON, "GB.2"), contact(RON)]), max_size=4))
def test_the_order_and_repetition_of_contacts_tell_nothing(contacts: list[Any]) -> None:
    found = heard({"statuses": [STATUS], "contacts": contacts})
    again = heard({"statuses": [STATUS], "contacts": [*reversed(contacts), *contacts]})
    assert found.pairs == again.pairs == tuple(sorted(set(found.pairs)))


def test_a_preference_that_names_nobody_is_about_the_only_contact() -> None:
    found = heard(
        {"user_preferences": [preference()], "contacts": [contact(DANA, "GB.1001")]}, field="user_preferences"
    )
    [stop] = found.preferences
    assert (stop.phone, stop.user_id, stop.stopped) == (DANA, "GB.1001", True)
    hidden = heard(
        {"user_preferences": [preference()], "contacts": [contact(None, "GB.1001")]}, field="user_preferences"
    )
    assert [(each.phone, each.user_id) for each in hidden.preferences] == [(None, "GB.1001")]


def test_a_preference_that_names_nobody_beside_several_contacts_or_none_is_nobodys() -> None:
    several: list[list[Any]] = [[], [contact(DANA), contact(RON)], [None], [{}]]
    for contacts in several:
        found = heard({"user_preferences": [preference()], "contacts": contacts}, field="user_preferences")
        assert found.preferences == ()
        assert [each.where for each in found.unreadable] == ["entry[0].changes[0].value.user_preferences[0]"]


def test_a_preference_that_names_somebody_is_not_put_on_the_contact() -> None:
    own = [preference(wa_id=RON), preference(user_id="GB.1002"), preference(wa_id="9" * 3000)]
    found = heard({"user_preferences": own, "contacts": [contact(DANA, "GB.1001")]}, field="user_preferences")
    assert [(each.phone, each.user_id) for each in found.preferences] == [(RON, None), (None, "GB.1002")]
    assert len(found.unreadable) == 1
    assert found.pairs == (("GB.1001", DANA),)


def test_a_guest_who_gets_another_user_id_is_a_notice_with_the_old_and_the_new_one() -> None:
    found = heard({"messages": [changed(previous_user_id="GB.1001", user_id="GB.2002")]})
    [notice] = found.notices
    assert (notice.field, notice.word) == ("messages", "user_changed_user_id")
    assert (notice.subject, notice.reason, notice.at) == ("GB.1001", "GB.2002", at(1790000500))
    assert b"wamid.S" in notice.raw  # two guests may change in one second
    assert (found.inbound, found.pairs, found.unreadable) == ((), (), ())


def test_both_ids_of_such_a_guest_belong_to_the_number_beside_them() -> None:
    both = (("GB.1001", DANA), ("GB.2002", DANA))
    ids = {"previous_user_id": "GB.1001", "user_id": "GB.2002"}
    assert heard({"messages": [changed(**ids, sender=DANA)]}).pairs == both
    assert heard({"messages": [changed(**ids, wa_id=DANA)]}).pairs == both
    assert heard({"messages": [changed(**ids, wa_id=DANA, sender=RON)]}).pairs == both


def test_before_august_2026_only_the_new_id_was_named() -> None:
    found = heard({"messages": [changed(user_id="GB.2002", sender=DANA)]})
    assert found.pairs == (("GB.2002", DANA),)
    assert [(each.subject, each.reason) for each in found.notices] == [(None, "GB.2002")]


def test_a_guest_who_moves_to_another_number_may_be_named_with_the_id_there() -> None:
    system = {"type": "user_changed_number", "wa_id": RON, "user_id": "GB.2002"}
    moved = {"id": "wamid.S", "timestamp": "1790000500", "type": "system", "from": DANA, "system": system}
    found = heard({"messages": [moved]})
    assert found.pairs == (("GB.2002", RON),)
    assert [(each.old, each.new) for each in found.number_changes] == [(DANA, RON)]


@given(JSON)
def test_whatever_stands_in_a_system_message_nothing_raises(system: Any) -> None:
    message = {"id": "wamid.S", "timestamp": "1790000500", "type": "system", "from": DANA, "system": system}
    assert heard({"messages": [message]}).unreadable == ()
    odd = changed(sender=DANA, user_id=system, previous_user_id=system)
    [notice] = heard({"messages": [odd]}).notices
    assert isinstance(notice, Notice)
