"""The picture of "A report" in look-inside.md: the memory explorer at one time step.

s4ntm report runs/copy
python docs/figures/report.py runs/copy/report.html docs/figures/report.png

Needs Debian's packages chromium and chromium-driver.
"""

import base64
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
from browser import chromium

STEP, SLOT = 27, 8
GO = """
for (const [name, value] of [['time', arguments[0]], ['slot', arguments[1]]]) {
  const field = document.getElementById(name);
  field.value = value;
  field.dispatchEvent(new Event('input'));
}
document.getElementById('explorer').scrollIntoView();
"""


def main(report, output):
    with tempfile.TemporaryDirectory() as profile, chromium(profile) as browser:
        browser.resize(1100, 1200)
        browser.prefer("light")
        browser.open(Path(report))
        while not browser.run("return document.documentElement.dataset.ready === 'true'"):
            time.sleep(0.1)
        browser.run(GO, STEP, SLOT)
        Path(output).write_bytes(base64.b64decode(browser.send("GET", "/screenshot")))


if __name__ == "__main__":
    main(*sys.argv[1:])
