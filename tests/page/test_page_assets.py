"""What the browser loads beside HTML: ours, and what is vendored just as it was published."""

from __future__ import annotations

import base64
import hashlib
import tomllib
from pathlib import Path

from page_house import PageHouse

from modelscan.api.page.assets import STATIC, address

VENDORED = tomllib.loads((STATIC / "VENDORED.toml").read_text())["package"]


def test_what_is_vendored_is_as_it_was_published() -> None:
    files = {item["path"]: item["sha512"] for package in VENDORED for item in package["file"]}
    for path, expected in files.items():
        digest = hashlib.sha512((STATIC / path).read_bytes()).digest()
        assert f"sha512-{base64.b64encode(digest).decode()}" == expected, path
    licences = {package["license_file"] for package in VENDORED}
    assert files.keys() | licences == {path.relative_to(STATIC).as_posix() for path in (STATIC / "vendor").iterdir()}
    for package in VENDORED:
        assert package["integrity"].startswith("sha512-")
        assert len((STATIC / package["license_file"]).read_text()) > 200


def test_all_of_it_is_small() -> None:
    assert sum(path.stat().st_size for path in STATIC.rglob("*") if path.is_file()) < 240_000


def test_nothing_of_ours_names_another_place() -> None:
    for path in STATIC.iterdir():
        if path.suffix in {".js", ".css"}:
            assert "http" not in path.read_text().replace("http://www.w3.org/2000/svg", ""), path.name


def test_a_file_is_kept_for_good_by_its_address(house: PageHouse) -> None:
    answer = house.client.get(address("page.css"))
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    same = house.client.get(address("page.css"), headers={"if-none-match": answer.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")


def test_a_page_of_an_older_release_gets_what_there_is(house: PageHouse) -> None:
    answer = house.client.get("/ui/static/0123456789abcdef/page.js")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")


def test_there_is_nothing_else(house: PageHouse) -> None:
    for name in ("VENDORED.toml", "%2e%2e/pages.py", "vendor", "nothing.js"):
        assert house.client.get(f"/ui/static/x/{name}").status_code == 404


def test_pages_name_only_files_that_are_there(house: PageHouse) -> None:
    modules = {path.name for path in STATIC.glob("*.js")}
    for path in STATIC.glob("*.js"):
        for line in path.read_text().splitlines():
            if line.startswith("import "):
                assert Path(line.split('"')[1]).name in modules
