"""The kernel's writes. Keyword-only, one transaction each, `now` passed in, the Entry in the same transaction.

Each raises a `NotDone` (errors.py) and has then written nothing. `key` makes a write idempotent: the same key and body
give the first answer.
"""

from shuzhi.kernel._engine import Opening
from shuzhi.kernel.operations.acting import acknowledge, act, answer, approve
from shuzhi.kernel.operations.correcting import correct
from shuzhi.kernel.operations.delivering import confirm_delivery, deliver
from shuzhi.kernel.operations.documents import attach, issue_document
from shuzhi.kernel.operations.erasing import appraise, erase, lift, restrict
from shuzhi.kernel.operations.opening import open_case, open_cases
from shuzhi.kernel.operations.publishing import publish, recall_publication, withdraw_publication
from shuzhi.kernel.operations.rating import rate, reopen
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
    "answer",
    "appraise",
    "approve",
    "assist",
    "attach",
    "confirm_delivery",
    "correct",
    "deliver",
    "erase",
    "extend",
    "issue_document",
    "lift",
    "merge",
    "note",
    "open_case",
    "open_cases",
    "publish",
    "rate",
    "recall_publication",
    "reopen",
    "restrict",
    "resume",
    "send_back",
    "supervise",
    "suspend",
    "transfer",
    "undo",
    "urge",
    "withdraw",
    "withdraw_publication",
]
