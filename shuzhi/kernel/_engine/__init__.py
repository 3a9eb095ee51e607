"""Moves a case: enters steps, asks, settles, runs clocks, ends. Rows in, rows out; who may act is decided in operations.

A `State` holds everything an act needs of one locked case. Nothing is read after it is loaded except what a predicate
asks for and a child that is called off, and nothing is written before the caller writes the rows.
"""

from shuzhi.kernel._engine.clocks import carry_on, extend, go_back, meet, stand, tick, tick_task
from shuzhi.kernel._engine.finishing import finish, notify
from shuzhi.kernel._engine.keeping import (
    about,
    concern,
    keepers_for,
    name_holder,
    named,
    strictest,
    unconcerned,
)
from shuzhi.kernel._engine.moving import (
    ask,
    call_off,
    close,
    control_step,
    do,
    end,
    enter,
    go,
    grant,
    settle,
    withdraw_sight,
)
from shuzhi.kernel._engine.opening import CONSENT, Opening, build, count_up, numbers
from shuzhi.kernel._engine.state import UNDO, State, load, lock, plain

__all__ = [
    "CONSENT",
    "UNDO",
    "Opening",
    "State",
    "about",
    "ask",
    "build",
    "call_off",
    "carry_on",
    "close",
    "concern",
    "control_step",
    "count_up",
    "do",
    "end",
    "enter",
    "extend",
    "finish",
    "go",
    "go_back",
    "grant",
    "keepers_for",
    "load",
    "lock",
    "meet",
    "name_holder",
    "named",
    "notify",
    "numbers",
    "plain",
    "settle",
    "stand",
    "strictest",
    "tick",
    "tick_task",
    "unconcerned",
    "withdraw_sight",
]
