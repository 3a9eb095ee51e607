"""What a phone sends, whether by a plain form or from its queue: checked by the app's own form, taken once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, BinaryIO, cast

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.dateparse import parse_datetime

from shuzhi.desk.forms import UNIVERSAL, At
from shuzhi.kernel import files, operations
from shuzhi.kernel.errors import Refused
from shuzhi.kernel.models import Case, File, Member
from shuzhi.kernel.operations.offered import Offer, offered, state_of
from shuzhi.kernel.operations.writing import SLACK, Done
from shuzhi.kernel.operations.writing import UNIVERSAL as NAMES
from shuzhi.kernel.queries.apps import action_of, case_type, file_of, intakes_for, named
from shuzhi.kernel.queries.casefile import tasks_of
from shuzhi.kernel.queries.town import Town

OLDEST = timedelta(hours=72)
"""How long before its upload a thing may have happened; older is a wrong clock, or a person must say it again."""

PHOTO_LIMIT = 20 * 1024 * 1024
MOST_PHOTOS = 9
WORK, ANY = ("处置前", "处置后"), ("现场照片",)
LABELS = (*WORK, *ANY)
"""What a photograph shows; the words of its entry."""

ON_PHONE = ("acknowledge", "answer", "note", "send_back", "urge", "withdraw")
"""The acts every case has that are taken on a phone; the others belong on a desk."""


class WrongClock(Refused):
    """What was sent says it happened at a time that cannot be."""


def scene_time(text: str, now: datetime, *, since: datetime | None = None) -> datetime | None:
    """When it happened, by the phone's clock set right by the phone. None if nothing was said.

    since: what it cannot have been before, such as the report. Raises WrongClock.
    """
    if not text:
        return None
    try:
        at = parse_datetime(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise WrongClock("现场时间没有传对，请按现在的时间提交")
    if at > now + SLACK:
        raise WrongClock("现场时间晚于现在，请校正手机时间，再按现在的时间提交")
    if at < now - OLDEST:
        raise WrongClock("现场时间在 72 小时以前，请核对手机时间；要提交这件，请按现在的时间提交")
    if since and at < since - SLACK:
        raise WrongClock("现场时间早于上报时间，请校正手机时间，再按现在的时间提交")
    return min(at, now)


# -- a report --------------------------------------------------------------------------------------------------------


def way_of(member: Member, type: str, role: str) -> Any:
    """The form of a way in that the member's roles open, or None."""
    ways = intakes_for(member) if member.town else []
    return next((form for declared, key, form in ways if (declared.key, key) == (type, role)), None)


def report(
    *, type: str, form: Any, by: Member, happened_at: datetime | None, now: datetime, key: str
) -> Done:
    """Open a case with a valid form. Raises NotDone."""
    assert by.town is not None
    opening = form.opening(by)
    opening.at = opening.at or happened_at
    return operations.open_case(type=type, town=by.town, by=by, opening=opening, now=now, key=key)


# -- an act ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """An act as a phone asks for it. `form(data)` makes its form; `offers` is empty where it is not to be taken now."""

    key: str
    name: str
    intro: str
    offers: list[Offer]
    labels: tuple[str, ...]
    form: Callable[[Any], forms.Form]
    take: Callable[..., Done]


def asked(by: Member, case: Case, place: Town, key: str, *, now: datetime) -> Asked | None:
    """An act by its key: one of the procedure's, or one of those every case has. None if there is none for a phone."""
    declared = action_of(case_type(case.type), key)
    if declared is None and key not in ON_PHONE:
        return None
    tasks, file = tasks_of(case), file_of(case)
    state = state_of(place, case, by, now=now, tasks=tasks, file=file)
    offers = [offer for offer in offered(state) if offer.key == key]
    if declared is None:
        kind = UNIVERSAL[key]
        at = At(case, place, tasks, (), offers, file=file)

        def take_universal(form: Any, *, happened_at: datetime | None, seen: int | None, key: str) -> Done:
            more = {"at": happened_at} if kind is UNIVERSAL["acknowledge"] else {}
            operation: Callable[..., Done] = getattr(operations, name_of[kind])
            return operation(case_id=case.pk, by=by, now=now, key=key, **form.arguments(), **more)

        name_of = {form: name for name, form in UNIVERSAL.items()}
        labels = ANY if key in ("note", "answer") else ()
        return Asked(
            key, NAMES[key], kind.intro, offers, labels, lambda data: kind(data, at=at), take_universal
        )
    path, action = declared.form, declared

    def form_of(data: Any) -> forms.Form:
        return named(state.type, path)(data, town=place, state=state) if path else forms.Form(data)

    def take(form: Any, *, happened_at: datetime | None, seen: int | None, key: str) -> Done:
        return operations.act(
            case_id=case.pk,
            action=action.key,
            by=by,
            now=now,
            data=form.data_for_act() if path else {},
            text=str(form.cleaned_data.get("text", "")),
            seen=seen,
            at=happened_at,
            key=key,
        )

    working = any(offer.task and offer.task.unit_id for offer in offers)
    return Asked(key, declared.name, "", offers, WORK if working else ANY, form_of, take)


# -- photographs -----------------------------------------------------------------------------------------------------


def check_photos(photos: Iterable[UploadedFile[Any]]) -> None:
    """Refuse what is no photograph before anything is written. Raises Refused."""
    listed = list(photos)
    if len(listed) > MOST_PHOTOS:
        raise Refused(f"一次最多 {MOST_PHOTOS} 张照片，请减去 {len(listed) - MOST_PHOTOS} 张")
    for photo in listed:
        if not photo.size:
            raise Refused("照片是空的，请重拍或另选一张")
        if photo.size > PHOTO_LIMIT:
            raise Refused(f"照片超过 {PHOTO_LIMIT // 1024 // 1024} MB，请调低像素后重拍")
        files.need_picture(cast(BinaryIO, photo.file))


def keep_photo(
    *,
    case: Case,
    by: Member,
    photo: UploadedFile[Any],
    label: str,
    happened_at: datetime | None,
    now: datetime,
) -> tuple[str, bool]:
    """Keep a photograph with a case, once a member and content: its sha256, and whether it was there already."""
    digest = hashlib.sha256()
    for part in photo.chunks():
        digest.update(part)
    sha256 = digest.hexdigest()
    if File.objects.filter(case=case, sha256=sha256, kept_by=by, erased_at=None).exists():
        return sha256, True
    # The name is the content's: a photograph sent again under another name is the same one.
    done = operations.attach(
        case_id=case.pk,
        by=by,
        now=now,
        content=photo.chunks(),
        name=f"{label}-{sha256[:8]}",
        text=label,
        key=f"{by.pk}:{case.pk}:{sha256[:40]}",
        at=happened_at,
    )
    return sha256, done.again


def keep_photos(
    *, case: Case, by: Member, photos: Iterable[tuple[str, UploadedFile[Any]]], now: datetime
) -> None:
    """Keep the photographs of a plain form, each with what it shows."""
    for label, photo in photos:
        keep_photo(case=case, by=by, photo=photo, label=label, happened_at=None, now=now)
