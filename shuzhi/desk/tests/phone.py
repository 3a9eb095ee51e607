"""A telephone in a test: what is done with it, and what it holds. The fixture `phone` (conftest.py) hands one out."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from playwright.sync_api import expect

from shuzhi.kernel.testing import SOUTH, WEST, TestTown

if TYPE_CHECKING:
    from playwright.sync_api import Page

PASSWORD = "demo-2026-phone"
REPORT = "/m/report/events.event/grid_worker/"
HERE = {"longitude": WEST + 0.005, "latitude": SOUTH + 0.005}
SENT = "当前离线·1 件待上传，联网后自动上传"


def picture(kind: str = "JPEG", size: tuple[int, int] = (60, 40), colour: str = "#888", **more: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind, **more)
    return out.getvalue()


def upload(content: bytes, name: str = "a.jpg", kind: str = "image/jpeg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, kind)


def sign_in(page: Page, town: TestTown, key: str) -> None:
    page.goto("/login/?next=/m/me/")
    page.fill("[name=username]", town.member[key].user.username)
    page.fill("[name=password]", PASSWORD)
    page.click("main button")
    page.wait_for_url("**/m/me/")


def kept(page: Page, address: str) -> None:
    """Wait until the phone has kept a page."""
    page.evaluate(
        """async (address) => {
            for (let n = 0; n < 100; n += 1) {
                if (await caches.match(address)) return;
                await new Promise((go) => setTimeout(go, 100));
            }
            throw new Error("not kept: " + address);
        }""",
        address,
    )


def shoot(page: Page, content: bytes, group: str = "", name: str = "IMG_1.jpg") -> None:
    with page.expect_file_chooser() as chosen:
        page.tap(f"{group} .shot-add >> nth=0")
    before = page.locator(".shot-list li").count()
    chosen.value.set_files({"name": name, "mimeType": "image/jpeg", "buffer": content})
    expect(page.locator(".shot-list li")).to_have_count(before + 1)


def store(page: Page) -> list[dict[str, Any]]:
    """What the phone holds, whoever it belongs to, without the photographs' bytes."""
    held: list[dict[str, Any]] = page.evaluate(
        """() => new Promise((done) => {
            const open = indexedDB.open("shuzhi-phone", 1);
            open.onsuccess = () => {
                const all = open.result.transaction("items").objectStore("items").getAll();
                all.onsuccess = () => { open.result.close(); done(all.result.map((item) => ({ ...item,
                    photos: item.photos.map(({ bytes, ...photo }) => ({ ...photo, size: bytes?.byteLength ?? 0 })) }))); };
            };
        })"""
    )
    return held


def change(page: Page, **values: Any) -> None:
    """Change every item the phone holds, as time or a fault would."""
    page.evaluate(
        """(values) => new Promise((done) => {
            const open = indexedDB.open("shuzhi-phone", 1);
            open.onsuccess = () => {
                const write = open.result.transaction("items", "readwrite"), rows = write.objectStore("items");
                rows.getAll().onsuccess = (event) =>
                    event.target.result.forEach((item) => rows.put({ ...item, ...values }));
                write.oncomplete = () => { open.result.close(); done(); };
            };
        })""",
        values,
    )


def offline(page: Page, cut: bool = True) -> None:
    page.context.set_offline(cut)
