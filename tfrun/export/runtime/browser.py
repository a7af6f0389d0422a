"""A real browser without a window, and exported pages in it. Without tfrun: workers use it.

The page that is measured in loads `demo/runtime.js` of the exported folder, the file that the demo beside it runs with, and nothing else.
"""

import base64
import functools
import http.server
import os
import shutil
import threading
import typing

from wire import Missing

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage",
)  # fmt: skip
ALONE = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
}  # else there are no threads
PAGE = "/demo/measure"
HTML = b"""<!doctype html><link rel="icon" href="data:,"><body>
<script type="importmap">{"imports": {"@litertjs/wasm-utils": "./vendor/wasm-utils.js"}}</script>
<script src="about.js"></script><script src="runtime.js"></script>"""
SCRIPT = """
globalThis.TYPES = {uint8: Uint8Array, int32: Int32Array, float32: Float32Array, bool: Uint8Array};
globalThis.feeds = (sent) => Object.fromEntries(Object.entries(sent).map(([name, {dtype, shape, bytes}]) =>
  [name, {shape, data: new TYPES[dtype](Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0)).buffer)}]));
globalThis.packed = (floats) => {
  const bytes = new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
  let text = "";
  for (let start = 0; start < bytes.length; start += 32768) text += String.fromCharCode(...bytes.subarray(start, start + 32768));
  return btoa(text);
};
"""
OPEN = "async (variant) => { await runtime.start(); globalThis.model = await runtime.open(variant); }"
PREDICT = "async (sent) => packed(Float32Array.from(await model.predict(feeds(sent))))"
LATENCIES = """async ([sent, repeats, seconds]) => {
  const given = feeds(sent), taken = [], until = performance.now() + 1000 * seconds;
  while (taken.length < repeats && (performance.now() < until || taken.length < 5)) {
    const began = performance.now();
    await model.predict(given);
    taken.push(performance.now() - began);
  }
  return taken;
}"""


def executable():
    """Path of Chromium. Raises Missing."""
    wanted = os.environ.get("TFRUN_CHROMIUM")
    found = next(filter(None, map(shutil.which, [wanted] if wanted else NAMES)), None)
    if found is None:
        looked = f"TFRUN_CHROMIUM={wanted}" if wanted else ", ".join(NAMES)
        raise Missing(f"no browser ({looked}); install Chromium, or set TFRUN_CHROMIUM to where it is")
    return found


def launch():
    """A running browser. It ends with this process, whichever way that ends: playwright's driver watches its pipe. Raises Missing."""
    path = executable()
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise Missing(f"the Python package {error.name}; pip install 'tfrun[web]'") from error
    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else list(FLAGS)  # Chromium as root refuses to start with one
    return sync_playwright().start().chromium.launch(executable_path=path, args=flags)


def load(browser, folder, variant):
    """predict(rows) of one variant in the exported `folder`, which has the runtime in `demo/`."""
    runtime = os.path.join(folder, "demo", "runtime.js")
    if not os.path.isfile(runtime):
        raise FileNotFoundError(f"{runtime} is not there: a model is measured with the page that was exported with it")
    page = browser.new_page()
    page.goto(serve(folder) + PAGE)
    evaluate(page, f"() => {{{SCRIPT}}}")
    evaluate(page, OPEN, variant)

    def predict(rows):
        import numpy

        answer = base64.b64decode(evaluate(page, PREDICT, sent(rows)))
        return numpy.frombuffer(answer, numpy.float32).reshape(len(next(iter(rows.values()))), -1)  # its only output

    predict.latencies = lambda rows, repeats, seconds: evaluate(page, LATENCIES, [sent(rows), repeats, seconds])
    predict.peak_memory = lambda: peak_memory(browser)
    return predict


def sent(rows):
    """Arrays as JSON can hold them."""
    return {
        name: {"dtype": values.dtype.name, "shape": list(values.shape), "bytes": base64.b64encode(values.tobytes()).decode()}
        for name, values in rows.items()
    }


def evaluate(page, script, argument=None):
    """What the script gives. A failure in the page is one line: its own."""
    from playwright.sync_api import Error

    try:
        return page.evaluate(script, argument)
    except Error as error:
        lines = [line for line in error.message.splitlines() if line.strip()]
        raise RuntimeError(lines[0].removeprefix("Page.evaluate: ")) from error


def peak_memory(browser):
    """Bytes: the most that the process of the page ever held, which is the runtime's, the model's and the page's."""
    import psutil

    found = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    return max(_peak(psutil.Process(process["id"])) for process in found if process["type"] == "renderer")


def _peak(process):
    try:
        with open(f"/proc/{process.pid}/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))
    except OSError:
        return process.memory_info().rss


class Files(http.server.SimpleHTTPRequestHandler):
    """The files of a folder, and the page that is measured in."""

    extensions_map: typing.ClassVar = {
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript", ".wasm": "application/wasm", ".json": "application/json", ".bin": "application/octet-stream",
    }  # fmt: skip

    def do_GET(self):
        if self.path != PAGE:
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(HTML)))
        self.end_headers()
        self.wfile.write(HTML)

    def end_headers(self):
        for name, value in ALONE.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, *_):
        pass


def serve(folder):
    """Address of a server of the folder's files, on this machine only and as long as this process lives."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Files, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"
