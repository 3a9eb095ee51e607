"""How long a closed case is kept (保管期限), who is asked when that is over, and content that no row names any more.

Nothing here erases what a row names: when a period is over the clerk is asked, and decides.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q

from shuzhi.kernel import _engine, _registry, files, law
from shuzhi.kernel._engine import State
from shuzhi.kernel.calendar import NEVER, SHANGHAI
from shuzhi.kernel.declare import Ask, CaseType, Retention
from shuzhi.kernel.errors import NotDone, Unlawful
from shuzhi.kernel.models import Access, Case, Entry, File, Member, Task
from shuzhi.kernel.operations.changing import need_right
from shuzhi.kernel.operations.documents import content_lock
from shuzhi.kernel.operations.writing import complete, lock

MOST = 500
KEEPER = "clerk"
STRAY = timedelta(days=1)
"""How old content must be before it is taken for left behind, and not for on its way."""

FOR_GOOD = NEVER.date()

APPROVERS = ("leader",)
"""Who agrees to erasing, lifting and appraising, where the case type names nobody."""


def statutory(retention: Retention) -> bool:
    """Whether a law or regulation fixes the period, and not the town itself (个人信息保护法第四十七条 asks for the former)."""
    return retention.law not in ("", "town") and not law.rule(retention.law).is_town_setting


def kept_until(case: Case, retention: Retention) -> date | None:
    """The first day on which it need no longer be kept; None if no period is fixed, FOR_GOOD if it does not end or has not begun.

    Counted from the day it was closed; an appraisal (鉴定) may have set a later day.
    """
    if retention.permanent:
        return FOR_GOOD
    if not retention.years:
        return None
    if case.closed_at is None:
        return FOR_GOOD
    closed = case.closed_at.astimezone(SHANGHAI).date()
    return max(_years_later(closed, retention.years), _appraised(case) or date.min)


def _years_later(day: date, years: int) -> date:
    """The day after the period's last: of 29 February, 1 March."""
    try:
        return day.replace(year=day.year + years) + timedelta(days=1)
    except ValueError:
        return date(day.year + years, 3, 1)


def last_appraisal(case: Case) -> Entry | None:
    """The appraisal of the archive that holds: none that is older than the last closing."""
    made = Entry.objects.filter(case=case, act="appraise", at__gte=case.closed_at).order_by("-seq")
    return made.first() if case.closed_at else None


def _appraised(case: Case) -> date | None:
    made = last_appraisal(case)
    until = made.data.get("until") if made else None
    return date.fromisoformat(until) if until else None


def need_keeper(state: State, by: Member) -> None:
    """The clerk; of a sealed case one who is named for it, which was looked at when it was locked."""
    need_right(state.case.sight == Case.Sight.SEALED or by.has_role(KEEPER), "镇管理员")


def not_yet_destroyed(says: str) -> Unlawful:
    """The refusal that an archive is kept or appraised first."""
    articles = "档案法第二十一条、档案法实施条例第二十四条"
    return Unlawful(says, articles, f"{says}（{articles}）")


def today_of(state: State) -> date:
    return state.now.astimezone(SHANGHAI).date()


def ask_about_expired(*, now: datetime) -> int:
    """Open a task for the clerk on every case whose period is over; how many were opened."""
    today = now.astimezone(SHANGHAI).date()
    asked = 0
    for declared in _registry.case_types().values():
        if declared.retention.years:
            for case in _candidates(declared, today)[: MOST - asked]:
                try:
                    with transaction.atomic():
                        asked += _ask(case.pk, today, now)
                except NotDone:
                    continue  # reopened meanwhile
    return asked


def _candidates(declared: CaseType, today: date) -> list[Case]:
    """Closed long enough ago, and not asked about, or kept on for a time that is over too."""
    years = declared.retention.years
    before = datetime(today.year - years, today.month, min(today.day, 28), tzinfo=SHANGHAI) + timedelta(
        days=3
    )
    asked = Task.objects.filter(case=OuterRef("pk"), act="expire")
    closed = Case.objects.filter(type=declared.key, closed_at__lt=before).order_by("closed_at")
    fresh = list(closed.exclude(Exists(asked))[:MOST])
    kept_on = Entry.objects.filter(
        case=OuterRef("pk"), act="appraise", data__until__lte=today.isoformat(), at__gte=F("case__closed_at")
    )
    settled = asked.filter(Q(done_at=None) | Q(answer="erased"))
    return fresh + list(closed.filter(Exists(kept_on), Exists(asked)).exclude(Exists(settled))[:MOST])


def _ask(case_id: int, today: date, now: datetime) -> bool:
    state = lock(case_id, by=None, now=now, restricted=True)
    until = kept_until(state.case, state.type.retention)
    begins = datetime(until.year, until.month, until.day, tzinfo=SHANGHAI) if until else NEVER
    if until is None or until > today:
        return False
    if any(
        task.act == "expire" and (task.done_at is None or task.opened_at >= begins) for task in state.tasks
    ):
        return False
    _engine.ask(state, Ask(role=KEEPER), kind=Task.Kind.SIDE, act="expire")
    hand_to_named(state)
    complete(state, "expire", data={"kept_until": until.isoformat(), "law": state.type.retention.law})
    return True


def hand_to_named(state: State) -> None:
    """Of a restricted case, what was just asked goes to those who may see it, not to everybody with the role."""
    if not state.case.restricted:
        return
    seeing = Access.objects.filter(case_id=state.case.pk, until=None, member__isnull=False)
    named = list(Member.objects.filter(pk__in=seeing.values("member_id")).order_by("pk"))
    for task in state.opened:
        holder = next((one for one in named if one.has_role(task.role) and one != state.by), None)
        if holder and task.done_at is None:
            state.rows.change(task, member_id=holder.pk)


def sweep(*, now: datetime) -> int:
    """Delete content that no living row names: erased, or of an upload that was refused; how many files."""
    gone = 0
    for sha256 in list(files.untouched_since(now - STRAY)):
        gone += discard(sha256)
    return gone


def discard(sha256: str) -> bool:
    """Delete content unless a living row names it; whoever is writing such a row is waited for."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [content_lock(sha256)])
        if File.objects.filter(sha256=sha256, erased_at=None).exists():
            return False
        return files.remove(sha256)
