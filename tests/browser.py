"""A headless Chromium, driven by the W3C WebDriver protocol over HTTP; needs no package.

`chromium` and `chromedriver` are Debian's packages chromium and chromium-driver.
"""

import base64
import contextlib
import json
import re
import shutil
import subprocess
import urllib.error
import urllib.request

PROGRAMS = [shutil.which("chromium"), shutil.which("chromedriver")]
KEYS = {"left": "\ue012", "right": "\ue014", "space": " ", "tab": "\ue004"}


@contextlib.contextmanager
def chromium(profile):
    """A `Browser` for a while.

    Args:
        profile: a folder for what it stores.
    """
    driver = subprocess.Popen(
        [PROGRAMS[1], "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        line = next(line for line in driver.stdout if "started successfully" in line)
        port = re.search(r"on port (\d+)", line)[1]
        browser = Browser(f"http://127.0.0.1:{port}/session", profile)
        yield browser
        browser.send("DELETE")
    finally:
        driver.terminate()
        driver.wait()
        driver.stdout.close()


class Browser:
    """One page; `profile` is a folder for what the browser stores."""

    def __init__(self, address, profile):
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        options = {"args": [*flags, f"--user-data-dir={profile}"], "binary": PROGRAMS[0]}
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        self.address = address
        made = self.send("POST", "", {"capabilities": {"alwaysMatch": wanted}})
        self.address += f"/{made['sessionId']}"

    def send(self, method, path="", body=None):
        """A command of the protocol; returns its value."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, method=method)
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(json.load(error)["value"]["message"]) from error

    def open(self, path):
        """A file from disk."""
        self.send("POST", "/url", {"url": path.resolve().as_uri()})

    def run(self, script, *arguments):
        """The value that a JavaScript function's body returns, a promise's when it is there."""
        return self.send("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def errors(self):
        """What the console showed since it was last asked."""
        return [entry["message"] for entry in self.send("POST", "/se/log", {"type": "browser"})]

    def chrome(self, command, **parameters):
        """A command of the DevTools."""
        self.send("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def resize(self, width, height=900):
        """The page is this large, as on a phone."""
        self.chrome(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip

    def prefer(self, scheme):
        """The user prefers `light` or `dark`."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.chrome("Emulation.setEmulatedMedia", features=[feature])

    def press(self, *keys):
        """Keys, by name or letter, one after the other."""
        letters = [KEYS.get(key, key) for key in keys]
        strokes = [{"type": kind, "value": k} for k in letters for kind in ("keyDown", "keyUp")]
        self.act({"type": "key", "id": "keyboard", "actions": strokes})

    def point(self, selector, across=0.5, down=0.5, index=0, click=False):
        """Move the mouse to a place in an element, in shares of its size; and click there."""
        x, y = self.run(
            "const all = document.querySelectorAll(arguments[0]), one = all[arguments[3]];"
            "one.scrollIntoView({block: 'center'});"
            "const box = one.getBoundingClientRect();"
            "return [box.x + arguments[1] * box.width, box.y + arguments[2] * box.height];",
            selector, across, down, index,
        )  # fmt: skip
        moves = [{"type": "pointerMove", "x": round(x), "y": round(y)}]
        if click:
            moves += [{"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp")]
        self.act({"type": "pointer", "id": "mouse", "actions": moves})

    def act(self, *actions):
        self.send("POST", "/actions", {"actions": list(actions)})

    def screenshot(self, path):
        """The whole page, not only what is in sight."""
        height = self.run("return document.documentElement.scrollHeight")
        width = self.run("return window.innerWidth")
        self.resize(width, height)
        path.write_bytes(base64.b64decode(self.send("GET", "/screenshot")))
        self.resize(width)
