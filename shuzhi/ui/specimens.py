"""Invented values for the style guide; nothing here is shown outside debug mode."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.urls import reverse
from django.utils import timezone

from shuzhi.ui import clocktext
from shuzhi.ui.status import STATUS, steps_bar

PAGES = {
    "parts": "组件",
    "work": "工作台",
    "list": "列表",
    "detail": "详情",
    "form": "表单",
    "mobile": "手机",
    "portal": "门户",
}


class Specimen(forms.Form):
    words = forms.CharField(
        label="反映内容",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="写清：在哪里、什么情况、影响谁。不要写身份证号。",
    )
    phone = forms.RegexField(
        r"^1\d{10}$", label="手机号", required=False, error_messages={"invalid": "手机号应为 11 位数字"}
    )
    unit = forms.ChoiceField(
        label="主办", choices=[("", "请选择"), ("a", "镇市政维护站"), ("b", "综合行政执法队")]
    )
    urgency = forms.ChoiceField(
        label="紧急程度", choices=[("0", "一般"), ("1", "较急"), ("2", "紧急")], widget=forms.RadioSelect
    )
    support = forms.MultipleChoiceField(
        label="协办",
        choices=[("a", "供电所"), ("b", "派出所"), ("c", "司法所")],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    day = forms.DateField(label="办结日期", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    photo = forms.FileField(label="现场照片", required=False, help_text="每张不超过 10 MB")
    agreed = forms.BooleanField(label="已向反映人说明处理方式")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["words"].error_messages["required"] = "请填写反映内容"
        self.fields["unit"].error_messages["required"] = "请选择主办单位"
        self.fields["urgency"].error_messages["required"] = "请选择紧急程度"
        self.fields["agreed"].error_messages["required"] = "请确认已向反映人说明"


def address(page: str) -> str:
    return reverse("ui:styleguide-page", args=[page])


def chrome(page: str) -> dict[str, Any]:
    here = [{"label": label, "href": address(key), "current": key == page} for key, label in PAGES.items()]
    common: dict[str, Any] = {
        "town_name": "云屿镇",
        "demo": True,
        "home": address("parts"),
        "logout": address("parts"),
        "user_label": "陈某甲",
    }
    if page == "portal":
        return common | {
            "town_name": "云屿镇人民政府",
            "platform_name": "便民门户",
            "user_label": "",
            "login": address("form"),
            "tools": [{"label": "无障碍", "href": address("parts")}],
            "nav": [
                {"label": label, "href": address("portal"), "current": label == "首页"}
                for label in ("首页", "政务公开", "办事服务", "互动交流")
            ],
            "footer": [
                {"label": label, "href": address("portal")}
                for label in ("网站地图", "无障碍说明", "隐私说明")
            ],
            "sponsor": "云屿镇人民政府",
        }
    names = ("待办", "上报", "记录", "我的")
    icons = ("clipboard-list", "camera", "history", "user")
    drawn = ("layout-list", "layout-dashboard", "list-check", "file-text", "edit", "phone", "home")
    return common | {
        "platform_name": "智治平台",
        "unit_label": "指挥中心",
        "search": address("list"),
        "tools": [
            {"label": "来电登记", "href": address("form"), "icon": "phone"},
            {"label": "通知", "href": address("parts"), "icon": "bell", "count": 5},
        ],
        "nav": [
            {"label": label, "href": address("parts"), "current": label == "治理平台"}
            for label in ("治理平台", "数字驾驶舱", "应用超市")
        ],
        "rail": [
            {**item, "icon": name, "count": 12 if name == "layout-dashboard" else 0}
            for item, name in zip(here, drawn, strict=True)
        ],
        "tabs": [
            {
                "label": label,
                "href": address("mobile"),
                "icon": name,
                "current": label == "上报",
                "count": 3 if label == "待办" else 0,
            }
            for label, name in zip(names, icons, strict=True)
        ],
    }


TITLES = (
    ("桥头村老街路灯杆倾斜，电线外露", "桥头村第3网格·网格员", 4, "紧急", "bad"),
    ("农贸市场门口占道经营，堵消防通道", "农贸市场专属网格·12345 热线", 9, "较急", "warn"),
    ("上塘村养殖尾水直排入溪", "上塘村第2网格·居民", 118, "", ""),
    ("后山村林地边焚烧秸秆", "后山村第1网格·巡查", -6, "紧急", "bad"),
    ("下塘村两户宅基地边界争执", "下塘村第4网格·网格员", 260, "督办", "sup"),
    ("工业园区夜间机器噪声", "工业园区专属网格·居民", 1310, "", ""),
    ("石柱村自来水压不足", "石柱村第2网格·12345 热线", 2900, "", ""),
    ("老街路灯不亮 3 盏", "桥头村第3网格·居民", 3100, "", ""),
    ("前山村违规搭建彩钢棚", "前山村第3网格·巡查", 4000, "", ""),
    ("中心小学门口放学拥堵", "中心小学专属网格·居民", 5000, "", ""),
    ("龙湾村独居老人需上门", "龙湾村第1网格·网格员", 6000, "", ""),
)


def tasks(now: datetime) -> list[dict[str, Any]]:
    rows = []
    for at, (title, place, minutes, mark, tone) in enumerate(TITLES):
        due, started = now + timedelta(minutes=minutes, seconds=30), now - timedelta(minutes=60)
        state, text = clocktext.light(due, started, now, stopped=at == 10)
        rows.append(
            {
                "href": address("work"), "title": title, "tail": f"{147 - at:04}", "place": place, "due": due, "started": started,
                "state": state, "text": text, "clock_title": clocktext.due_title(due, now, working=True), "mark": mark, "mark_tone": tone,
                "unread": at < 3, "current": at == 0,
            }
        )  # fmt: skip
    return rows


def context(page: str) -> dict[str, Any]:
    now = timezone.now()
    hour = timedelta(hours=1)
    refused = Specimen({"phone": "1380013"})
    refused.is_valid()
    return {
        "chrome": chrome(page),
        "pages": PAGES,
        "page": page,
        "demo": True,
        "keys": list(STATUS),
        "steps": steps_bar(3),
        "steps_done": steps_bar(6),
        "tasks": tasks(now),
        "blank": Specimen(auto_id="blank_%s"),
        "form": refused,
        "submit": "派单",
        "cancel": address("parts"),
        "back": address("parts"),
        "clocks": [
            (now + 18 * hour, now - hour, False),
            (now + timedelta(minutes=38), now - 3 * hour, False),
            (now - 6 * hour, now - 30 * hour, False),
            (now + hour, now, True),
            (datetime(9000, 1, 1, tzinfo=now.tzinfo), now, False),
        ],
        "soon": now + timedelta(minutes=4, seconds=10),
        "entries": [
            {"title": "反馈", "who": "市政维护站 张某乙", "at": now, "scene_at": now - timedelta(minutes=11), "text": "灯杆已扶正，接线盒换新。\n现场围挡已撤。",
             "files": [{"name": "处置前.jpg", "href": "#f"}, {"name": "处置后.jpg", "href": "#f"}]},
            {"title": "催办", "who": "系统", "at": now - hour, "system": True},
            {"title": "退回", "who": "综合行政执法队 李某丙", "at": now - 2 * hour, "text": "不属本队职责，建议派市政维护站。", "tone": "bad"},
            {"title": "派单", "who": "指挥中心 陈某甲", "at": now - 3 * hour, "text": "时限 24 小时"},
            {"title": "上报", "who": "网格员 王某丁", "at": now - timedelta(days=400)},
        ],
        "facts": [
            ("网格", "桥头村第3网格·网格长 王某戊"),
            ("位置", "老街 27 号门前"),
            ("分类", "市政设施 / 公共照明 / 灯杆损坏"),
            {"label": "上报人", "value": "李某己（网格员）", "hint": "138****2046"},
            ("描述", "灯杆底座锈蚀，向路面倾斜约 15 度，接线盒盖脱落，路过学生较多。"),
            ("协办", ""),
        ],
        "kpis": [
            {"label": "今日上报", "value": "147", "unit": "件", "base": "较昨日同时段", "delta": "+12", "delta_tone": "warn", "href": "#k"},
            {"label": "超期在办", "value": "3", "unit": "件", "base": "已督办 2", "tone": "bad", "href": "#k"},
            {"label": "按时办结率", "value": "96.4", "unit": "%", "base": "本月·目标 95%", "href": "#k"},
            {"label": "平均办结时长", "value": "9.2", "unit": "小时", "base": "较上月", "delta": "−1.1", "delta_tone": "ok"},
        ],
        "pager": {"first": "#p", "prev": "#p", "next": "#p", "text": "第 51–100 条，共 1,204 条"},
        "rows": [(row, key) for row, key in zip(tasks(now)[:6], ("awaiting_dispatch", "awaiting_ack", "handling", "handling", "closed", "declined"), strict=True)],
    }  # fmt: skip
