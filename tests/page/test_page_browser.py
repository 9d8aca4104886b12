"""The page in Debian's Chromium, over real deployments of a fake backend: seen, used by keyboard alone, and judged."""

from __future__ import annotations

import base64
import json
import re
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import axe_playwright_python
import pytest
from browser_house import BrowserHouse
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from tests.gateway.gateway_house import until

from modelscan.storage.keys import ClientKey, change_keys, hash_of
from modelscan.storage.passes import page_tokens
from serving import serving

pytestmark = pytest.mark.slow

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
VIEWS = (
    ("/ui/", "Deployments"),
    ("/ui/find?q=qwen3", "Find a model"),
    ("/ui/models/qwen/qwen3-8b", "Weights"),
    ("/ui/plan?model=qwen/qwen3-8b&hardware=rtx-4090", "Why"),
    ("/ui/plan?model=meta/llama-3.3-70b-instruct&hardware=rtx-4090", "What would help"),
    ("/ui/deployments/tiny", "Predicted and measured"),
    ("/ui/deployments/broken", "Log"),
    ("/ui/chat", "tiny"),
    ("/ui/activity", "Connect"),
)
HIDE = """hidden => {
  Object.defineProperty(document, "hidden", { get: () => hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
FOCUSABLE = "a[href], button:not([disabled]), input:not([type=hidden]):not([disabled]), select, textarea, summary, [tabindex='0']"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("no chromium here; CI installs it")
    with sync_playwright() as started:
        found = started.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield found
        found.close()


@pytest.fixture(scope="module")
def house(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserHouse]:
    del browser  # without one there is nothing to show
    made = BrowserHouse(tmp_path_factory.mktemp("browser"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def base(house: BrowserHouse) -> Iterator[str]:
    with serving(house.app) as address:
        yield address


class Watched:
    """A page that keeps what a visitor must never see: errors, and requests to anywhere else."""

    def __init__(self, context: BrowserContext, base: str) -> None:
        self.page = context.new_page()
        self.page.set_default_timeout(30_000)
        self.base = base
        self.wrong: list[str] = []
        self._is_judged = False
        self.page.on("console", lambda said: self._said(said.type, f"{said.text} {said.location['url']}"))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", lambda request: self._requested(request.url))

    def _said(self, kind: str, text: str) -> None:
        of_axe = self._is_judged and text.startswith("Applying inline style")
        if kind in {"error", "warning"} and not of_axe:
            self.wrong.append(text)

    def _requested(self, url: str) -> None:
        if not url.startswith((self.base, "data:", "blob:")):
            self.wrong.append(f"asked {url}")

    def open(self, path: str, text: str = "") -> Page:
        self.page.goto(f"{self.base}{path}")
        if text:
            expect(self.page.get_by_text(text).first).to_be_attached()
        return self.page

    def judged(self, *rules: str) -> list[str]:
        """What axe finds, by all its rules or by some. It styles elements to measure them, which the page refuses it; it
        may not fetch stylesheets.
        """
        self._is_judged = True
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE)
        options = {"preload": False, **({"runOnly": list(rules)} if rules else {})}
        found = self.page.evaluate("options => axe.run(options)", options)
        return [
            f"{item['id']}: {node['html'][:160]} {node.get('any') and node['any'][0]['message']}"
            for item in found["violations"]
            for node in item["nodes"]
        ]


@pytest.fixture(scope="module")
def visitor(browser: Browser) -> Iterator[BrowserContext]:
    """One for all tests, who has read what the page loads once."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    yield context
    context.close()


@pytest.fixture
def watched(visitor: BrowserContext, base: str) -> Iterator[Watched]:
    made = Watched(visitor, base)
    yield made
    made.page.close()
    assert not made.wrong


@pytest.mark.parametrize(("path", "text"), VIEWS)
def test_a_view_is_whole_in_light_and_dark_by_keyboard_and_on_a_narrow_screen(
    watched: Watched, path: str, text: str
) -> None:
    page = watched.open(path, text)
    assert page.title().endswith("modelscan")
    assert page.locator("h1").count() >= 1
    assert watched.judged() == []
    assert unreached(page) == []
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    assert watched.judged("color-contrast") == []
    page.set_viewport_size({"width": 320, "height": 640})
    page.wait_for_function("document.documentElement.scrollWidth <= 320")  # charts are drawn anew


def unreached(page: Page) -> list[str]:
    """What can be used, and is not reached by Tab alone or does not show that it is."""
    page.evaluate("document.activeElement.blur()")
    wanted = page.evaluate(
        """selector => [...document.querySelectorAll(selector)].filter(
             element => element.checkVisibility({visibilityProperty: true})).length""",
        FOCUSABLE,
    )
    page.evaluate(
        """() => {
             window.reached = new Map();
             addEventListener("focusin", ({ target }) => {
               const styles = [target, target.closest("label") ?? target].map(shown => getComputedStyle(shown).outlineStyle);
               reached.set(target, styles.some(style => style !== "none"));
             });
           }"""
    )
    for _ in range(wanted + 5):
        page.keyboard.press("Tab")
    return page.evaluate(
        """selector => [...document.querySelectorAll(selector)]
             .filter(element => element.checkVisibility({visibilityProperty: true}) && !reached.get(element))
             .map(element => element.outerHTML.slice(0, 120))""",
        FOCUSABLE,
    )


def test_a_deployment_is_stopped_and_started_by_keyboard(watched: Watched, house: BrowserHouse) -> None:
    page = watched.open("/ui/", "tiny")
    card = page.locator(".deployment", has_text="tiny")
    card.get_by_role("button", name="Stop tiny").focus()
    page.keyboard.press("Enter")
    expect(card.locator(".badge")).to_have_text("stopped", timeout=60_000)  # told by the stream
    card.get_by_role("button", name="Start tiny").focus()
    page.keyboard.press("Enter")
    expect(card.locator(".badge")).to_have_text("ready", timeout=60_000)
    assert house.now("tiny")["status"] == "ready"


def test_removing_is_asked_twice(watched: Watched, house: BrowserHouse) -> None:
    house.run("deploy", str(house.weights("gone")), "--name", "gone", "--on-demand")
    page = watched.open("/ui/", "gone")
    button = page.locator(".deployment", has_text="gone").get_by_role("button", name=re.compile("Remove"))
    button.click()
    expect(button).to_have_text("Remove gone?")
    button.blur()
    expect(button).to_have_text(re.compile("^Remove"))
    button.click()
    button.click()
    expect(page.locator(".deployment", has_text="gone")).to_have_count(0, timeout=60_000)


def test_a_search_answers_as_it_is_typed(watched: Watched) -> None:
    page = watched.open("/ui/find")
    page.get_by_label("Search").press_sequentially("qwen3 coder 30b")
    expect(page.locator(".model").first).to_contain_text("qwen3-coder-30b")
    page.get_by_label("On hardware").fill("rtx-4090")
    expect(page.get_by_text("whether it fits is for rtx-4090")).to_be_visible()
    assert "hardware=rtx-4090" in page.url
    page.locator(".model", has_text="qwen3-coder-30b-a3b-instruct").get_by_role(
        "link", name=re.compile("^Plan")
    ).first.click()
    expect(page.locator("#choice")).to_be_visible()


def test_a_plan_follows_what_is_asked_and_is_deployed(watched: Watched, house: BrowserHouse) -> None:
    weights = house.weights("planned")
    page = watched.open(f"/ui/plan?model={weights}", "Deploy")
    page.get_by_label("Context").fill("64")
    expect(page.locator(".verdict .command").first).to_contain_text("--context-length 64")
    page.get_by_text("More options").click()
    page.get_by_label("Name").fill("planned")
    expect(page.locator(".verdict .command").first).to_contain_text("--name planned")
    page.get_by_role("button", name="Deploy", exact=True).click()
    expect(page.locator(".job")).to_contain_text("deploy planned")
    page.locator(".job a").click()
    expect(page.locator("h1 .badge")).to_have_text("ready", timeout=60_000)
    page.get_by_role("link", name="Clone").click()
    expect(page.locator(".verdict .command").first).to_contain_text("--context-length 64")
    house.run("remove", "planned")


def test_a_refusal_is_told_where_it_was_caused(watched: Watched, house: BrowserHouse) -> None:
    page = watched.open(f"/ui/plan?model={house.folder / 'weights' / 'tiny'}&name=tiny&context_length=32", "Deploy")
    page.get_by_role("button", name="Deploy", exact=True).click()
    expect(page.locator(".verdict .said")).to_contain_text("tiny")
    expect(page.locator(".verdict .said code").first).to_contain_text("--replace")
    watched.wrong = [text for text in watched.wrong if "409" not in text]  # the browser tells each refusal


def test_a_question_of_the_command_is_answered_on_the_page(watched: Watched, house: BrowserHouse) -> None:
    weights = house.weights("coded")
    config = json.loads((weights / "config.json").read_text())
    (weights / "config.json").write_text(json.dumps({**config, "auto_map": {"AutoModelForCausalLM": "own.Model"}}))
    (weights / "own.py").write_text("class Model: ...\n")
    page = watched.open(f"/ui/plan?model={weights}&trust_remote_code=true", "Deploy")
    page.get_by_role("button", name="Deploy", exact=True).click()
    said = page.locator(".verdict .said")
    expect(said).to_contain_text("may run code")
    expect(said).to_contain_text("own.py")  # what would run, with its hash
    assert house.known() == {"tiny", "broken", "loading"}
    assert watched.judged() == []
    page.get_by_role("button", name="Yes, and deploy").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".job")).to_contain_text("deploy coded")
    page.locator(".job a").click()
    expect(page.locator("h1 .badge")).to_have_text("ready", timeout=60_000)
    house.run("remove", "coded")
    watched.wrong = [text for text in watched.wrong if "409" not in text]


def test_the_first_cause_is_in_view_and_the_log_can_be_sifted(watched: Watched) -> None:
    page = watched.open("/ui/deployments/broken", "Why it failed")
    expect(page.locator(".log .cause")).to_be_in_viewport()
    expect(page.locator(".log .cause")).to_contain_text("first cause")
    expect(page.locator(".log .cause")).to_contain_text("does not want to")
    page.get_by_role("searchbox").fill("Traceback")
    expect(page.locator(".log li:not(.more):visible")).to_have_count(1)
    expect(page.get_by_role("status").filter(has_text="1 line")).to_be_visible()


def test_a_log_is_told_as_it_grows_until_nobody_looks(watched: Watched, house: BrowserHouse) -> None:
    page = watched.open("/ui/deployments/tiny", "Log")
    log = house.log_of("tiny")
    page.get_by_role("searchbox").fill("number")
    log("this is number one")
    expect(page.get_by_text("this is number one")).to_be_visible()
    log("ERROR: nobody asked for this")
    log("this is number two")
    expect(page.get_by_text("this is number two")).to_be_visible()
    expect(page.get_by_text("nobody asked")).to_be_hidden()
    page.get_by_role("searchbox").fill("")
    expect(page.locator(".log li.bad").last).to_contain_text("nobody asked")
    page.wait_for_function(
        "(log => log.scrollTop + log.clientHeight > log.scrollHeight - 2)(document.querySelector('.log'))"
    )
    followers = house.app.state.followers
    assert followers.count == 1
    page.evaluate(HIDE, True)
    until(lambda: followers.count == 0, what="its thread to be free")
    log("this was written while nobody looked")
    page.evaluate(HIDE, False)
    expect(page.get_by_text("while nobody looked")).to_have_count(1)
    expect(page.get_by_text("this is number two")).to_have_count(1)  # nothing is told twice
    page.goto("about:blank")
    until(lambda: followers.count == 0, what="its thread to be free")


def test_a_model_that_comes_and_goes_is_offered_while_it_answers(watched: Watched, house: BrowserHouse) -> None:
    page = watched.open("/ui/chat?model=tiny", "Send")
    models = page.get_by_role("combobox")
    house.run("deploy", str(house.weights("late")), "--name", "late")
    expect(models.locator("option[value=late]")).to_have_count(1)
    models.select_option("late")
    house.run("remove", "late")
    page.get_by_role("button", name="Compare").click()
    expect(models).to_have_count(2)
    expect(models.last.locator("option[value=late]")).to_have_count(0)
    expect(models.first).to_have_value("late")  # what is chosen stays


def test_models_answer_side_by_side_and_can_be_stopped(watched: Watched) -> None:
    page = watched.open("/ui/chat?model=tiny", "Send")
    page.get_by_label("Message").fill("Hello")
    page.keyboard.press("Enter")
    answers = page.locator(".answer .text")
    expect(answers.first).to_have_text("onetwothree")
    expect(page.locator(".took").first).to_contain_text("tokens/s")
    page.get_by_text("Parameters").click()
    page.get_by_label("System prompt").fill("Be kind")
    page.get_by_label("Message").fill("Speak for ever")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_focused()
    expect(answers.last).to_contain_text("word word")
    page.keyboard.press("Escape")
    expect(page.get_by_text("Stopped").last).to_be_visible()
    expect(page.get_by_label("Message")).to_be_focused()


class _Artist(BaseHTTPRequestHandler):
    """Hears one sentence in whatever is sent, and draws one pixel."""

    def log_message(self, *_: object) -> None: ...

    def do_GET(self) -> None:
        self._answer({"data": []})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        heard = "transcriptions" in self.path
        self._answer({"text": "hello there"} if heard else {"data": [{"b64_json": PIXEL}]})

    def _answer(self, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def artist(house: BrowserHouse) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Artist)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}/v1"
    house.run("model", "add", "ears", "--type", "speech", "--upstream", address)
    house.run("model", "add", "brush", "--type", "image", "--upstream", address)
    yield
    house.run("model", "remove", "ears")
    house.run("model", "remove", "brush")
    server.shutdown()
    server.server_close()


@pytest.mark.usefixtures("artist")
def test_models_hear_see_and_draw(watched: Watched) -> None:
    page = watched.open("/ui/chat?model=ears", "Send")
    page.set_input_files("[name=audio]", {"name": "speech.wav", "mimeType": "audio/wav", "buffer": b"RIFF"})
    expect(page.locator("[data-attached]")).to_contain_text("speech.wav")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".answer .text")).to_have_text("hello there")
    page = watched.open("/ui/chat?model=brush", "Send")
    page.get_by_label("Message").fill("A red kite")
    page.keyboard.press("Enter")
    expect(page.get_by_role("img", name="A red kite")).to_be_visible()
    page = watched.open("/ui/chat?model=tiny", "Send")
    pixel = {"name": "dot.png", "mimeType": "image/png", "buffer": base64.b64decode(PIXEL)}
    page.set_input_files("[name=image]", pixel)
    page.get_by_label("Message").fill("What is this?")
    page.keyboard.press("Enter")
    expect(page.get_by_role("img", name="The image that was sent")).to_be_visible()
    expect(page.locator(".answer .text")).to_have_text("onetwothree")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator(".lane")).to_have_count(2)
    page.get_by_role("button", name="Remove this model").last.click()
    expect(page.locator(".lane")).to_have_count(1)


def test_what_was_asked_is_seen_in_the_activity(watched: Watched) -> None:
    page = watched.open("/ui/chat?model=tiny", "Send")
    page.get_by_label("Message").fill("Hello")
    page.keyboard.press("Enter")
    expect(page.locator(".took").first).to_be_visible()
    page.get_by_role("link", name="Activity").click()
    expect(page.get_by_role("group", name="Last requests")).to_contain_text("tiny")
    expect(page.locator("[data-chart=minutes] canvas")).to_be_visible()
    expect(page.get_by_text("modelscan connect llm --model tiny")).to_be_visible()


def test_with_keys_the_page_is_opened_by_a_link_and_asks_with_its_own(
    watched: Watched, base: str, house: BrowserHouse
) -> None:
    paths = house.context.settings.paths
    laptop = ClientKey(name="laptop", hash=hash_of("sk-ms-laptop"), created_at="2026-11-30T00:00:00Z")
    change_keys(paths.keys_file, lambda _: (laptop,))
    try:
        page = watched.open("/ui/chat")
        expect(page).to_have_url(re.compile("/ui/sign-in$"))
        assert watched.judged() == []
        page.get_by_label("Or sign in with a key").fill("wrong")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("This key is not known here")
        watched.wrong = [text for text in watched.wrong if "401" not in text]
        token = page_tokens(paths, house.context.clock).issue()
        watched.open(f"/ui/#token={token}")  # as `modelscan ui` prints it
        expect(page).to_have_url(f"{base}/ui/")
        assert page.evaluate("document.cookie") == ""
        page = watched.open("/ui/chat?model=tiny", "Send")
        page.wait_for_timeout(600)  # the gateway reads its keys four times a second
        page.get_by_label("Message").fill("Hello")
        page.keyboard.press("Enter")
        expect(page.locator(".answer .text").first).to_have_text("onetwothree")
        page.get_by_role("button", name="Sign out").click()
        expect(page).to_have_url(re.compile("/ui/sign-in$"))
    finally:
        change_keys(paths.keys_file, lambda _: ())
