"""Whether a replay says what was recorded, by this program or by one that asked fewer rules."""

from __future__ import annotations

import msgspec

from assay.model.messages import Message, OrderApproved, OrderDenied, encode_message


def agrees(answer: Message, recorded: Message) -> bool:
    """Say whether an answer is the recorded one, but for rules that nobody asked then."""
    if encode_message(answer) == encode_message(recorded):
        return True
    if not isinstance(answer, OrderApproved | OrderDenied) or type(answer) is not type(recorded):
        return False
    assert isinstance(recorded, OrderApproved | OrderDenied)
    asked = {check.rule for check in recorded.checks}
    older = msgspec.structs.replace(
        answer, checks=tuple(each for each in answer.checks if each.rule in asked)
    )
    if isinstance(older, OrderApproved) and isinstance(recorded, OrderApproved):
        older = msgspec.structs.replace(older, rules=recorded.rules)
    return encode_message(older) == encode_message(recorded)
