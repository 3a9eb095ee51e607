"""Start-up checks of what the installed apps declare: each names the place and the mend."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.core.checks import CheckMessage, Error, register
from django.core.management.base import CommandError
from django.db.models.signals import post_migrate, pre_migrate
from django.utils import timezone
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from shuzhi.kernel import _registry
from shuzhi.kernel._faults import Fault, faults
from shuzhi.kernel._faults.indicators import indicators_faults
from shuzhi.kernel._faults.pages import pages_faults
from shuzhi.kernel._faults.registers import registers_faults
from shuzhi.kernel._faults.schedules import schedules_faults
from shuzhi.kernel._faults.sight import capacity_faults
from shuzhi.kernel._faults.steps import unknown_role
from shuzhi.kernel.declare import CaseType, Indicator, Manifest, Page, Register, Schedule
from shuzhi.kernel.operations.indexing import index_missing
from shuzhi.kernel.operations.upgrading import carry_moved, vanished


@register()
def manifests(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Check every declared case type, register, schedule and indicator."""
    messages: list[CheckMessage] = list(_check_together())
    seen: set[str] = set()
    for app in _registry.found():
        for declared in app.manifest.case_types:
            if declared.key in seen:
                messages.append(_error(declared, "是另一个应用已用的键", "换一个键", "shuzhi.E001"))
            seen.add(declared.key)
            if not declared.key.startswith(f"{app.manifest.key}."):
                mend = f"写成 {app.manifest.key}. 开头"
                messages.append(_error(declared, "键不合规定", mend, "shuzhi.E020"))
            messages.extend(
                _error(declared, what, mend, f"shuzhi.{code}")
                for what, mend, code in faults(declared, app.package)
            )
        messages.extend(_of_lists(app.manifest, seen))
        messages.extend(
            _error(app.manifest, what, mend, f"shuzhi.{code}")
            for what, mend, code in capacity_faults(app.manifest)
        )
    return messages


def _check_together() -> Iterator[Error]:
    """What the apps share: the apps they need, the names of roles, the prefixes of numbers."""
    installed = [app.manifest for app in _registry.found()]
    names = dict(_registry.KERNEL_ROLES)
    prefixes = {"TZ": "名册变更"} if _registry.registers() else {}
    for app in installed:
        for key in app.needs:
            if key not in {other.key for other in installed}:
                yield _error(app, f"需要的应用 {key} 没有安装", "安装它，或从 needs 去掉", "shuzhi.E039")
        yield from _of_kernel(app)
        for role in app.town_wide:
            for what, mend, code in unknown_role(role, "town_wide 的角色"):
                yield _error(app, what, mend, f"shuzhi.{code}")
        for role, name in app.roles.items():
            if names.setdefault(role, name) != name:
                yield _error(
                    app, f"角色 {role} 已叫“{names[role]}”，不能又叫“{name}”", "换一个键", "shuzhi.E041"
                )
        for declared in app.case_types:
            prefix = declared.number
            if prefix and prefixes.setdefault(prefix, declared.key) != declared.key:
                yield _error(
                    declared, f"编号前缀 {prefix} 已由 {prefixes[prefix]} 使用", "换一个前缀", "shuzhi.E033"
                )


def _of_kernel(app: Manifest) -> Iterator[Error]:
    try:
        fits = SpecifierSet(app.kernel).contains(_registry.VERSION)
    except InvalidSpecifier:
        yield _error(app, f"kernel={app.kernel!r} 不是版本范围", '写成 ">=1,<2" 这样', "shuzhi.E045")
        return
    if not app.kernel or not fits:
        says = f"要内核 {app.kernel or '（没有写明）'}，现在是 {_registry.VERSION}"
        yield _error(app, says, "换一个合适的应用版本，或改 Manifest.kernel 后重新测试", "shuzhi.E045")


def _of_lists(manifest: Manifest, seen: set[str]) -> Iterator[CheckMessage]:
    """The faults of an app's registers, schedules, indicators and pages."""
    kept: list[tuple[Register | Schedule | Indicator | Page, Iterator[Fault]]] = [
        *((register_, registers_faults(register_, manifest.key)) for register_ in manifest.registers),
        *((schedule, schedules_faults(schedule, manifest.key)) for schedule in manifest.schedules),
        *((indicator, indicators_faults(indicator)) for indicator in manifest.indicators),
        *((page, pages_faults(page, manifest.key)) for page in manifest.pages),
    ]
    for declared, found in kept:
        if declared.key in seen:
            yield _error(declared, "是另一处已用的键", "换一个键", "shuzhi.E001")
        seen.add(declared.key)
        for what, mend, code in found:
            yield _error(declared, what, mend, f"shuzhi.{code}")


def _error(
    declared: Manifest | CaseType | Register | Schedule | Indicator | Page, what: str, mend: str, code: str
) -> Error:
    return Error(f"{declared.key}：{what}", hint=mend, id=code)


# -- at every start: `serve` migrates first --------------------------------------------------------------------------


def before_migrating(**kwargs: Any) -> None:
    """Refuse a program whose manifests are wrong, or that no longer has a step in which cases stand (shuzhi.E040).

    Before anything is migrated, so that the program that was there can go on.
    """
    says = [f"{one.msg}。{one.hint}（{one.id}）" for one in manifests(None) if one.is_serious()]
    for key, step, many in vanished():
        mend = f'在 CaseType.moved 写 {{"{step}": "现有的步骤"}}，或留着这个步骤'
        says.append(f"{key}：步骤 {step} 没有了，还有 {many} 件在办。{mend}（shuzhi.E040）")
    if says:
        raise CommandError("应用的声明有误，不能启动：\n" + "\n".join(says))


def after_migrating(plan: Sequence[tuple[Any, bool]] = (), **kwargs: Any) -> None:
    """Carry open cases out of the steps that have moved, and take in what is not yet to be found; not on the way back to an older program."""
    if not any(backwards for _, backwards in plan):
        carry_moved(now=timezone.now())
        if plan:  # nothing is missing where nothing was migrated, and looking costs every start
            index_missing()


pre_migrate.connect(before_migrating, sender=apps.get_app_config("kernel"), dispatch_uid="shuzhi.checks")
post_migrate.connect(after_migrating, sender=apps.get_app_config("kernel"), dispatch_uid="shuzhi.moved")
