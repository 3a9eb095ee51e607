"""The kernel's writes. Keyword-only, one transaction each, `now` passed in, the Entry in the same transaction.

Each raises a `NotDone` (errors.py) and has then written nothing. `key` makes a write idempotent: the same key and body
give the first answer.
"""

from shuzhi.kernel._engine import Opening
from shuzhi.kernel.operations.absence import end_leave, hand_over, take_leave
from shuzhi.kernel.operations.acting import acknowledge, act, answer, approve
from shuzhi.kernel.operations.appraising import appraise
from shuzhi.kernel.operations.correcting import correct
from shuzhi.kernel.operations.delivering import confirm_delivery, deliver
from shuzhi.kernel.operations.documents import attach, issue_document
from shuzhi.kernel.operations.erasing import erase
from shuzhi.kernel.operations.identities import (
    find_by_phone,
    look_into,
    narrow_sight,
    open_identity,
    recuse,
    reveal_contact,
    take_over,
)
from shuzhi.kernel.operations.opening import open_case, open_cases
from shuzhi.kernel.operations.parties import add_party, record_consent, withdraw_consent
from shuzhi.kernel.operations.publishing import publish, recall_publication, withdraw_publication
from shuzhi.kernel.operations.rating import rate, reopen
from shuzhi.kernel.operations.reporting import fix_contact, follow, supplement, unfollow
from shuzhi.kernel.operations.restricting import lift, restrict
from shuzhi.kernel.operations.taking_back import merge, undo, withdraw
from shuzhi.kernel.operations.universal import (
    assist,
    extend,
    note,
    resume,
    send_back,
    supervise,
    suspend,
    transfer,
    urge,
)

__all__ = [
    "Opening",
    "acknowledge",
    "act",
    "add_party",
    "answer",
    "appraise",
    "approve",
    "assist",
    "attach",
    "confirm_delivery",
    "correct",
    "deliver",
    "end_leave",
    "erase",
    "extend",
    "find_by_phone",
    "fix_contact",
    "follow",
    "hand_over",
    "issue_document",
    "lift",
    "look_into",
    "merge",
    "narrow_sight",
    "note",
    "open_case",
    "open_cases",
    "open_identity",
    "publish",
    "rate",
    "recall_publication",
    "record_consent",
    "recuse",
    "reopen",
    "restrict",
    "resume",
    "reveal_contact",
    "send_back",
    "supervise",
    "supplement",
    "suspend",
    "take_leave",
    "take_over",
    "transfer",
    "undo",
    "unfollow",
    "urge",
    "withdraw",
    "withdraw_consent",
    "withdraw_publication",
]
