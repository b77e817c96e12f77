"""Opens the pages of a coordinator in Chromium as a person would, and prints what can be seen and done there.

Takes the address of the coordinator. Prints `opened` when a run's page is, and goes on once that run has ended.
"""

import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "report/tests/support"))

from browser import Browser, Missing, barriers, opened  # noqa: E402

PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}


def say(*words):
    print(*words, flush=True)


def texts(browser, selector):
    return browser.evaluate(
        f"[...document.querySelectorAll('{selector}')].filter(it => it.checkVisibility()).map(it => it.textContent.trim())"
    )


def wait(browser, condition):
    browser.evaluate(
        f"new Promise(done => {{ const look = () => ({condition}) ? done() : setTimeout(look, 20); look(); }})"
    )


def leave(browser, key, **text):
    """Presses a key that leads to another page."""
    browser.events = []
    code = {"Enter": 13}.get(key, 0)
    browser.call("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, **text)
    browser.wait_for("Page.loadEventFired")
    browser.settle()
    say(f"{key}:", browser.evaluate("location.pathname"))


def look(browser, site):
    opened(browser, f"{site}/runs/1")
    say("cells:", texts(browser, ".suite td"))
    # Whoever filters while cells come sees them as they are.
    browser.evaluate("document.querySelector('.chip [value=waiting]').click()")
    wait(browser, "document.querySelector('output').value")
    say("without what waits:", browser.evaluate("document.querySelector('output').value"))
    say("opened")
    wait(browser, "document.querySelector('#state').textContent === 'ended'")
    wait(browser, "document.querySelector('output').value.startsWith('3 of 3')")
    say("cells:", texts(browser, ".suite td"))
    say("counts:", texts(browser, ".chip"))
    say("progress:", texts(browser, "#done"), browser.evaluate("document.querySelector('#progress').value"))
    say("news:", texts(browser, "#news"))
    say("said:", browser.evaluate("document.querySelector('#said').textContent"))
    browser.shot("run-filled-in")
    filtering(browser)
    browser.key("n")
    say("n:", browser.evaluate("document.activeElement.textContent"))
    leave(browser, "Enter", text="\r")
    say("marked:", texts(browser, "mark"), texts(browser, ".said"))
    say("as text:", texts(browser, ".entry code"))
    browser.shot("cell")
    leave(browser, "k", text="k")

    light = None
    for path in ["/", "/runs/1", "/runs/1/cells/0/1", "/workers", "/suites", "/suites/shop", "/login", "/none"]:
        for scheme in ["light", "dark"]:
            opened(browser, f"{site}{path}")
            browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            browser.call("Emulation.setDeviceMetricsOverride", **PHONE)
            browser.settle()
            color = browser.evaluate("getComputedStyle(document.body).backgroundColor")
            wide = browser.evaluate("document.documentElement.scrollWidth > 390")
            same = scheme == "dark" and color == light
            light = color if scheme == "light" else light
            if wide or same:
                say(path, scheme, "is wider than a phone" if wide else "is as light as by day")
            browser.shot(f"phone-{path.strip('/').replace('/', '-')}-{scheme}")
            for barrier in barriers(browser):
                say(path, scheme, barrier)
            complain(browser, site, path)
    opened(browser, f"{site}/runs/1/report.html")
    say("report:", texts(browser, "h1"), "filtered:", browser.evaluate(
        "document.querySelector('[value=pass]').click(), new Promise(done => setTimeout(() =>"
        " done(document.querySelector('output').value), 200))"
    ))
    complain(browser, site, "report.html")


def filtering(browser):
    """What is seen of the matrix when somebody asks for less."""
    wait(browser, "document.querySelector('output').value.startsWith('3 of 3')")
    browser.key("/")
    browser.call("Input.insertText", text="title 1")
    wait(browser, "document.querySelector('output').value.startsWith('1 of 3')")
    say("found:", texts(browser, ".suite tbody th b"))
    browser.key("Escape")
    wait(browser, "document.querySelector('output').value.startsWith('3 of 3')")
    browser.evaluate("document.querySelector('.chip [value=pass]').click()")
    wait(browser, "document.querySelector('output').value.startsWith('1 of 3')")
    say("without what passes:", texts(browser, ".suite tbody td"))
    browser.key("Escape")


def complain(browser, site, path):
    """What a page has asked of others, and what the console says."""
    requests = [it["params"]["request"]["url"] for it in browser.events if it.get("method") == "Network.requestWillBeSent"]
    foreign = [url for url in requests if not url.startswith(site)]
    kinds = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
    said = [it["params"] for it in browser.events if it.get("method") in kinds]
    # That a page is not there is said in the console, too.
    said = [it for it in said if path != "/none" or "404" not in str(it)]
    if foreign or said:
        say(path, "has asked others:", foreign, "console:", said)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        try:
            browser = Browser(f"{directory}/profile")
        except Missing:
            sys.exit(3)
        try:
            look(browser, sys.argv[1])
        finally:
            browser.end()
