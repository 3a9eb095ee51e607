"""What a town says of itself: its names, its portal, quiet hours; the rules it sets; the terms it shortens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shuzhi.kernel import law
from shuzhi.kernel.errors import Refused
from shuzhi.kernel.models import Member, Unit
from shuzhi.kernel.operations.town_record import Kind, Wrote, administer
from shuzhi.kernel.operations.writing import Done
from shuzhi.kernel.queries import lawful, notices

LABELS = {
    "platform_name": "平台名称",
    "subtitle": "副标题",
    "slogans": "标语",
    "portal_name": "门户名称",
    "sponsor": "主办单位",
    "phone": "联系电话",
    "address": "办公地址",
    "site_code": "网站标识码",
    "icp": "ICP 备案号",
    "police": "公安备案号",
    "show_worker": "写出网格员姓名",
    "privacy_contact": "个人信息保护联系人",
    "privacy_on": "隐私说明的更新日期",
    "tianditu_key": "天地图密钥",
    "quiet": "通知静默时段",
}
SECRET = ("tianditu_key",)


def change_platform(*, values: Mapping[str, Any], by: Member, now: datetime, key: str = "") -> Done:
    """Names, portal texts, map key and quiet hours; an empty value takes the default back. Keys are those of LABELS."""

    def work(home: Unit) -> Wrote:
        change: dict[str, tuple[Any, Any]] = {}
        for name, value in values.items():
            was = home.settings.get(name)
            if value in ("", [], None, False):
                home.settings.pop(name, None)
            else:
                home.settings[name] = value
            if (was or None) != (value or None):
                shown = (
                    ("已设" if was else "", "已改" if value else "")
                    if name in SECRET
                    else (said(was), said(value))
                )
                change[LABELS[name]] = shown
        home.save(update_fields=["settings"])
        return Wrote(home.name, change, nothing=not change)

    return administer(Kind.PLATFORM, "修改平台设置", by=by, now=now, key=key, sent=dict(values), work=work)


def word_notice(*, kind: str, title: str, body: str, by: Member, now: datetime, key: str = "") -> Done:
    """What a kind of notice says in the town; as shipped or empty takes the shipped words back.

    Raises Refused for a kind there is not, or a blank that no case fills.
    """
    if kind not in notices.KINDS:
        raise Refused("没有这种通知")
    shipped = notices.KINDS[kind]
    own = {
        name: said_so.strip()
        for name, said_so in (("title", title), ("body", body))
        if said_so.strip() not in ("", getattr(shipped, name))
    }
    if wrong := next(filter(None, map(notices.fault, own.values())), ""):
        raise Refused(wrong)

    def work(home: Unit) -> Wrote:
        before = notices.texts(home, kind)
        held = {**home.settings.get("notices", {}), kind: own}
        home.settings["notices"] = {name: texts for name, texts in held.items() if texts}
        home.save(update_fields=["settings"])
        after = notices.texts(home, kind)
        change = {
            label: (was, now_is)
            for label, was, now_is in zip(("标题", "内容"), before, after, strict=True)
            if was != now_is
        }
        return Wrote(shipped.name, change, nothing=not change)

    sent = {"notice": kind, "title": title, "body": body}
    return administer(Kind.PLATFORM, "修改通知文字", by=by, now=now, key=key, sent=sent, work=work)


def set_rule(*, rule_id: str, chosen: Mapping[str, Any], by: Member, now: datetime, key: str = "") -> Done:
    """What holds in the town for a rule the catalogue leaves to it: whether it applies, and its terms.

    chosen: only what differs from the default; empty takes the default back. Raises Refused where the rule is law here,
    or the choice would shorten time given to a party, the public or a reviewer.
    """

    def work(home: Unit) -> Wrote:
        rule = _rule(rule_id)
        if not rule.default:
            raise Refused(f"{rule.id} 是法律规定，镇里不能改")
        try:
            after = rule.settled(chosen)
        except ValueError as wrong:
            raise Refused(str(wrong)) from None
        held = dict(home.settings.get("rules", {}))
        before = rule.settled(held.get(rule_id, {}))
        held.pop(rule_id, None)
        if chosen:
            held[rule_id] = dict(chosen)
        home.settings["rules"] = held
        home.save(update_fields=["settings"])
        named = {"applies": "适用", **{term.key: term.name for term in rule.versions[-1].terms.values()}}
        change = {
            named.get(name, name): (said(before[name]), said(value))
            for name, value in after.items()
            if before[name] != value
        }
        return Wrote(f"{rule.id} {rule.title}", change, nothing=not change)

    sent = {"rule": rule_id, "chosen": dict(chosen)}
    return administer(Kind.RULES, "设定规则", by=by, now=now, key=key, sent=sent, work=work)


def tighten_clock(
    *, type_key: str, clock_key: str, amount: int | None, by: Member, now: datetime, key: str = ""
) -> Done:
    """Shorten a time limit of the town's own offices; None takes the declared length back. Clocks that run go on as begun.

    Raises Unlawful or Refused for what is not the authority's own to shorten.
    """

    def work(home: Unit) -> Wrote:
        found = next(
            (one for one in lawful.clocks() if (one.type.key, one.clock.key) == (type_key, clock_key)), None
        )
        if found is None:
            raise Refused("没有这项时限，请刷新页面")
        if found.fixed:
            raise Refused(f"“{found.clock.name}”{found.fixed}")
        if amount is not None and not 1 <= amount < found.clock.amount:
            raise Refused(f"只能缩短：请填 1 到 {found.clock.amount - 1} 之间的数，恢复原时限请留空")
        held, name = dict(home.settings.get("clocks", {})), f"{type_key}:{clock_key}"
        was = held.pop(name, None)
        if amount is not None:
            held[name] = amount
        home.settings["clocks"] = held
        home.save(update_fields=["settings"])
        change = {"时限": (was or found.clock.amount, amount or found.clock.amount)}
        return Wrote(f"{found.type.name}·{found.clock.name}", change, nothing=was == amount)

    sent = {"type": type_key, "clock": clock_key, "amount": amount}
    return administer(Kind.RULES, "缩短时限", by=by, now=now, key=key, sent=sent, work=work)


def said(value: Any) -> str:
    """A setting in words."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, Mapping):
        return "–".join(str(part) for part in value.values())
    if isinstance(value, (list, tuple)):
        return "、".join(str(part) for part in value)
    return "" if value is None else str(value)


def _rule(key: str) -> law.Rule:
    try:
        return law.rule(key)
    except KeyError:
        raise Refused("没有这条规则，请刷新页面") from None
