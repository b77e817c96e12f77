"""Opens a page in Chromium as a person would, and prints what can be seen and done there.

Speaks to the browser over a pipe, in its own protocol: no driver, no port, no package. Screenshots are left in the directory that
MRT_TEST_SCREENSHOTS names, where it is set.
"""

import base64
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
KEYS = {"Escape": 27, "Enter": 13}


class Missing(ModuleNotFoundError):
    name = "chromium"


class Browser:
    def __init__(self, profile):
        given = os.environ.get("MRT_TEST_CHROMIUM")
        program = given or next(filter(None, map(shutil.which, NAMES)), None)
        if not program:
            raise Missing()
        theirs_in, self.ours_out = os.pipe()
        self.ours_in, theirs_out = os.pipe()

        def as_3_and_4():
            # Neither may be in the way of the other.
            high_in, high_out = os.dup(theirs_in), os.dup(theirs_out)
            os.dup2(high_in, 3)
            os.dup2(high_out, 4)

        self.process = subprocess.Popen(
            [
                program,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--remote-debugging-pipe",
                "--window-size=1280,1000",
                f"--user-data-dir={profile}",
            ],
            preexec_fn=as_3_and_4,
            pass_fds=(3, 4),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self.buffer, self.last, self.session, self.events = b"", 0, None, []

    def receive(self):
        while b"\0" not in self.buffer:
            read = os.read(self.ours_in, 1 << 20)
            if not read:
                raise SystemExit("the browser has ended")
            self.buffer += read
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **params):
        self.last += 1
        message = {"id": self.last, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.ours_out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.last:
                assert "error" not in answer, (method, answer)
                return answer["result"]
            self.events.append(answer)
            if answer.get("method") == "Page.javascriptDialogOpening":
                raise SystemExit(f"the page has opened a dialog: {answer}")

    def wait_for(self, event):
        while not any(seen.get("method") == event for seen in self.events):
            self.events.append(self.receive())

    def end(self):
        self.process.kill()
        self.process.wait()

    def evaluate(self, script):
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, (script, result)
        return result["result"].get("value")

    def settle(self):
        """Until what was asked for has been drawn."""
        self.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def key(self, key):
        code = KEYS.get(key, 0)
        text = {} if len(key) > 1 and key != "Enter" else {"text": "\r" if key == "Enter" else key}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)
        self.settle()

    def shot(self, name):
        directory = os.environ.get("MRT_TEST_SCREENSHOTS")
        if directory:
            image = self.call("Page.captureScreenshot", captureBeyondViewport=False)["data"]
            pathlib.Path(directory, f"{name}.png").write_bytes(base64.b64decode(image))


# What somebody does something with, or is led by.
NAMED = {"link", "button", "checkbox", "combobox", "searchbox", "textbox", "progressbar", "meter", "region", "navigation", "form", "image"}


# Text of less than 4.5 : 1 against what is behind it: https://www.w3.org/TR/WCAG22/#contrast-minimum
FAINT = """
(() => {
  const parts = (color) => color.match(/[0-9.]+/g).map(Number);
  const light = (color) => {
    const [r, g, b] = parts(color).map((it) => (it /= 255) <= 0.04045 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (it) => {
    for (; it; it = it.parentElement) {
      const color = getComputedStyle(it).backgroundColor;
      if (parts(color)[3] !== 0) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const faint = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const it = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !it.checkVisibility() || it.matches("script, style, option")) continue;
    const [a, b] = [light(getComputedStyle(it).color), light(behind(it))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.push(`${it.localName}.${it.className} "${texts.currentNode.data.trim()}" has ${ratio.toFixed(2)} : 1`);
  }
  return faint;
})()
"""


def barriers(browser):
    """What stands in the way of somebody who hears the page, or sees little of it: by the browser's own accessibility tree."""
    nodes = [it for it in browser.call("Accessibility.getFullAXTree")["nodes"] if not it["ignored"]]
    role = lambda it: it["role"]["value"]
    name = lambda it: it.get("name", {}).get("value", "").strip()
    found = [f"a {role(it)} without a name" for it in nodes if role(it) in NAMED and not name(it)]
    levels = [
        property["value"]["value"]
        for it in nodes
        if role(it) == "heading"
        for property in it.get("properties", [])
        if property["name"] == "level"
    ]
    if levels.count(1) != 1:
        found.append(f"{levels.count(1)} headings of the first level")
    found += [f"a heading of level {here} below one of level {above}" for above, here in zip(levels, levels[1:]) if here > above + 1]
    mains = sum(role(it) == "main" for it in nodes)
    if mains != 1:
        found.append(f"{mains} main parts")
    return sorted(set(found + browser.evaluate(FAINT)))


def look(text):
    """Reads a list of pages. All are gone through but the last, of which only what the console says is of interest."""
    *pages, last = json.loads(text)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        browser = Browser(f"{directory}/profile")
        try:
            for at, page in enumerate([*pages, last]):
                file = pathlib.Path(directory, f"{at}.html")
                file.write_bytes(page.encode())
                opened(browser, file.as_uri())
                if at < len(pages):
                    go_through(browser)
                told(browser, file.as_uri())
        finally:
            browser.end()


def opened(browser, address):
    browser.session, browser.events = None, []
    target = browser.call("Target.createTarget", url="about:blank")["targetId"]
    browser.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    for part in ["Page", "Runtime", "Log", "Network"]:
        browser.call(f"{part}.enable")
    browser.call("Page.navigate", url=address)
    browser.wait_for("Page.loadEventFired")
    browser.settle()


def told(browser, address):
    requests = [it["params"]["request"]["url"] for it in browser.events if it.get("method") == "Network.requestWillBeSent"]
    print("requests beside the page:", [url for url in requests if url != address])
    kinds = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
    print("console:", [it["params"] for it in browser.events if it.get("method") in kinds])


def go_through(browser):
    name = browser.evaluate("document.querySelector('h1').textContent").replace(" ", "-")[:40]

    count = lambda: browser.evaluate("document.querySelector('output').value")
    visible = lambda selector: browser.evaluate(
        f"[...document.querySelectorAll('{selector}')].filter(it => it.checkVisibility()).length"
    )
    click = lambda selector: (browser.evaluate(f"document.querySelector('{selector}').click()"), browser.settle())
    focused = lambda: browser.evaluate("document.activeElement.closest('.entry')?.querySelector('b').textContent ?? ''")

    print("title:", browser.evaluate("document.title"))
    print("elements of values:", browser.evaluate("document.querySelectorAll('script, img, iframe, body style').length"))
    print("open findings:", visible(".entry .body"))
    browser.shot(f"{name}-light")

    # Filters.
    for verdict in ["pass", "warn", "skip", "blocked", "error"]:
        if browser.evaluate(f"Boolean(document.querySelector('[value={verdict}]'))"):
            click(f"[value={verdict}]")
    print("only fail:", count())
    browser.key("Escape")
    print("after Escape:", count())
    for field in ["suite", "target"]:
        if browser.evaluate(f"Boolean(document.querySelector('[name={field}]'))"):
            browser.evaluate(
                f"document.querySelector('[name={field}]').selectedIndex = 2;"
                f"document.querySelector('[name={field}]').dispatchEvent(new Event('input', {{bubbles: true}}))"
            )
            browser.settle()
            print(f"second {field}:", count())
            browser.key("Escape")
    if browser.evaluate("Boolean(document.querySelector('[name=new]'))"):
        click("[name=new]")
        print("only new:", count())
        browser.key("Escape")

    # Keys.
    browser.key("/")
    browser.call("Input.insertText", text="create orders")
    browser.settle()
    folds = lambda: browser.evaluate("document.querySelectorAll('.fold[open]').length")
    print("text in a fold:", count(), "open folds:", folds())
    browser.key("Escape")
    print("open folds after Escape:", folds())
    browser.key("/")
    browser.call("Input.insertText", text="customers.email")
    browser.settle()
    print("text of a finding:", count())
    browser.key("Escape")
    browser.key("j")
    first = focused()
    browser.key("j")
    second = focused()
    browser.key("k")
    print("j, j, k:", first, second, focused())
    before = visible(".entry .body")
    browser.key("Enter")
    print("Enter:", visible(".entry .body") - before)
    browser.key("e")
    print("e:", visible(".entry:not([open])"), "closed")

    # Whoever hears the page, a dark screen, and a narrow one.
    print("barriers by day:", barriers(browser))
    background = "getComputedStyle(document.body).backgroundColor"
    light = browser.evaluate(background)
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    browser.settle()
    print("dark:", light != browser.evaluate(background))
    browser.evaluate("scrollTo(0, 0)")
    browser.shot(f"{name}-dark")
    browser.call("Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=2, mobile=True)
    browser.settle()
    print("barriers by night:", barriers(browser))
    print("wider than a phone:", browser.evaluate("document.documentElement.scrollWidth > 390"))
    browser.shot(f"{name}-phone")
    browser.evaluate("document.querySelector('#matrix').scrollIntoView()")
    browser.settle()
    browser.shot(f"{name}-phone-matrix")
