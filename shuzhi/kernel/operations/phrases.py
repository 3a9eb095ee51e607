"""常用语: the town's standard texts, offered beside the box for words of an act."""

from __future__ import annotations

import re
from datetime import datetime

from shuzhi.kernel.errors import Refused
from shuzhi.kernel.models import Member, Phrase, Unit
from shuzhi.kernel.operations.town_record import Kind, Wrote, administer
from shuzhi.kernel.operations.writing import Done

PLACE = re.compile(r"\{([^{}]*)\}")


def save_phrase(
    *, title: str, text: str, act: str, by: Member, now: datetime, phrase_id: int | None = None, key: str = ""
) -> Done:
    """Add a standard text, or change one. Raises Refused for a place in braces that is none of Phrase.PLACES."""

    def work(home: Unit) -> Wrote:
        if not title.strip() or not text.strip():
            raise Refused("请填写名称和内容")
        if wrong := sorted(set(PLACE.findall(text)) - set(Phrase.PLACES)):
            known = "、".join(f"{{{place}}}" for place in Phrase.PLACES)
            raise Refused(f"没有 {{{wrong[0]}}} 这个位置，可用的有 {known}")
        phrase = _phrase(home, phrase_id) if phrase_id else Phrase(town=home)
        was = (phrase.title, phrase.text)
        phrase.title, phrase.text, phrase.act = title.strip(), text.strip(), act
        phrase.save()
        changed = {"名称": (was[0], phrase.title), "内容": (was[1], phrase.text)}
        return Wrote(phrase.title, changed, row=phrase.pk, act="修改常用语" if phrase_id else "添加常用语")

    sent = {"title": title, "text": text, "for": act, "phrase": phrase_id}
    return administer(Kind.PHRASES, "常用语", by=by, now=now, key=key, sent=sent, work=work)


def drop_phrase(*, phrase_id: int, by: Member, now: datetime, key: str = "") -> Done:
    def work(home: Unit) -> Wrote:
        phrase = _phrase(home, phrase_id)
        phrase.delete()
        return Wrote(phrase.title, {"内容": (phrase.text, "")})

    return administer(
        Kind.PHRASES, "删除常用语", by=by, now=now, key=key, sent={"phrase": phrase_id}, work=work
    )


def _phrase(home: Unit, key: int) -> Phrase:
    phrase = Phrase.objects.filter(pk=key, town=home).first()
    if phrase is None:
        raise Refused("没有这条常用语，请刷新页面")
    return phrase
