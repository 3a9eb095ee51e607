"""What a town says of itself on its portal: settings of the town, each with what holds where it has said nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from shuzhi.kernel.models.units import Level
from shuzhi.kernel.queries.town import Town

SLOGANS: Final = ("办事依法", "遇事找法", "解决问题用法", "化解矛盾靠法")
HOTLINE: Final = "12345"
NOTICE_ON: Final = date(2026, 11, 24)
"""The day of the wording of templates/portal/privacy.html; a town that changes what it does sets its own (privacy_on)."""


@dataclass(frozen=True, slots=True)
class Site:
    """Keys of the town's settings of the same names.

    phone: for whom the page does not serve. site_code: 网站标识码; icp, police: 备案号. show_worker: a grid page names its
    worker, else only the village office. privacy_contact: whom to ask about personal data. privacy_on: since when.
    """

    portal_name: str
    sponsor: str
    phone: str
    address: str
    slogans: tuple[str, ...]
    site_code: str
    icp: str
    police: str
    show_worker: bool
    privacy_contact: str
    privacy_on: date


def site(place: Town) -> Site:
    said = place.unit.settings
    phone = str(said.get("phone") or _centre_phone(place) or HOTLINE)
    return Site(
        portal_name=str(said.get("portal_name") or "便民门户"),
        sponsor=str(said.get("sponsor") or f"{place.unit.name}人民政府"),
        phone=phone,
        address=str(said.get("address") or ""),
        slogans=_words(said.get("slogans", SLOGANS)),
        site_code=str(said.get("site_code") or ""),
        icp=str(said.get("icp") or ""),
        police=str(said.get("police") or ""),
        show_worker=said.get("show_worker") is True,
        privacy_contact=str(said.get("privacy_contact") or ""),
        privacy_on=max(NOTICE_ON, _day(said.get("privacy_on"))),
    )


def _centre_phone(place: Town) -> str:
    """Of the command centre: the first unit of that level that has one."""
    centres = [unit for unit in place.units.values() if unit.level == Level.CENTER]
    centres.sort(key=lambda unit: (unit.sort, unit.code))
    return next((phone_of(unit) for unit in centres if phone_of(unit)), "")


def phone_of(unit: Any) -> str:
    return str(unit.settings.get("phone") or "")


def _words(said: Any) -> tuple[str, ...]:
    return tuple(str(one) for one in said) if isinstance(said, list | tuple) else ()


def _day(said: Any) -> date:
    try:
        return date.fromisoformat(said)
    except (TypeError, ValueError):
        return date.min
