# SPDX-License-Identifier: MIT
"""A server on the loopback with an index and its pages, which can keep a page back; what both downloads are tried by."""
import http.server
import os
import pathlib
import signal
import threading

from support import PATIENCE, PROGRAM, end_by, expect, finish, run, start, wait_for

PLACES = 8                              # transfers at a time
NAME = os.path.basename(PROGRAM)
os.environ["no_proxy"] = "*"            # nothing between the programs and the server
# What libcurl says of 500 bytes that are missing: 7.88, and 8.14.
TORN = ("transfer closed with 500 bytes remaining to read", "end of response with 500 bytes missing")


class Server:
    """Serves a table of pages, each one's bytes by its name; "index" names them, one a line, unless it is in the table.

    A page in `kept` is sent up to its middle, then waits for release(); one in `mute` waits before its first byte; one in
    `torn` ends in its middle.  `asked` lists what was asked for, `waiting` how many wait now.
    """

    def __init__(self, pages, kept=(), mute=(), torn=()):
        self.pages = {"index": "".join(f"{name}\n" for name in pages).encode(), **pages}
        self.kept, self.mute, self.torn = set(kept), set(mute), set(torn)
        self.asked, self.waiting = [], 0
        self._lock, self._released = threading.Lock(), threading.Event()
        self._server = _Http(("127.0.0.1", 0), self._make_handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.release()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def url(self, name="index"):
        return f"http://127.0.0.1:{self._server.server_port}/folder/{name}"

    def release(self):
        self._released.set()

    def wait_for_waiting(self, count):
        wait_for(lambda: self.waiting == count, f"{count} transfers that wait")

    def _keep(self):
        with self._lock:
            self.waiting += 1
        self._released.wait(3 * PATIENCE)
        with self._lock:
            self.waiting -= 1

    def _serve(self, request):
        folder, _, name = request.path.rpartition("/")
        with self._lock:
            self.asked.append(name)
        if folder != "/folder" or name not in self.pages:
            request.send_error(404)
            return
        body = self.pages[name]
        middle = len(body) // 2
        if name in self.mute:
            self._keep()
        request.send_response(200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body[:middle])
        request.wfile.flush()
        if name in self.kept:
            self._keep()
        if name in self.torn:
            request.close_connection = True
        else:
            request.wfile.write(body[middle:])

    def _make_handler(self):
        serve = self._serve

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                try:
                    serve(self)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            def log_message(self, *_):
                pass

        return Handler


class _Http(http.server.ThreadingHTTPServer):
    request_queue_size = 64
    daemon_threads = True

    def handle_error(self, *_):
        pass


def make_pages(count):
    """Pages of all sizes, an empty one among them."""
    return {f"page{number}": os.urandom(number * 9973 % 200000) for number in range(count)}


def check_came(pages):
    """These are in the current folder, whole, and nothing else is."""
    assert sorted(os.listdir(".")) == sorted(pages), os.listdir(".")
    for name, body in pages.items():
        assert pathlib.Path(name).read_bytes() == body, name


def report(whole, failed=0, stopped=0, never_started=0):
    return f"{NAME}: pages: {whole} whole, {failed} failed, {stopped} stopped, {never_started} never started\n"


def failure(name, words):
    return f"{NAME}: {name}: {words}\n"


def stop(process, seconds):
    """One SIGINT, and dead by it in time."""
    result = expect(end_by(process, signal.SIGINT), -signal.SIGINT, "")
    assert result.seconds < seconds, result
    return result


def try_all_that_is_there():
    with Server(make_pages(100)) as server:
        expect(run(server.url()), 0, "", report(101))
        check_came(server.pages)
        assert sorted(server.asked) == sorted(server.pages), "not each once"


def try_so_many_at_a_time():
    pages = make_pages(50)
    with Server(pages, mute=pages) as server:
        process = start(server.url())
        server.wait_for_waiting(PLACES)
        assert len(server.asked) == 1 + PLACES, server.asked
        server.release()
        expect(finish(process), 0, "", report(51))
        check_came(server.pages)


def try_sigint(seconds, **how):
    """In the middle of a run: 20 pages are there, so many wait as may, the rest must not begin."""
    pages = make_pages(100)
    there = dict(list(pages.items())[:20])
    kept = [name for name in pages if name not in there]
    with Server(pages, **{kind: kept for kind in how}) as server:
        process = start(server.url())
        server.wait_for_waiting(PLACES)
        wait_for(lambda: all(map(os.path.exists, there)), "the pages that are sent")
        expect(stop(process, seconds), err=report(21, 0, PLACES, 80 - PLACES))
        check_came({"index": server.pages["index"], **there})
        assert len(server.asked) == 21 + PLACES, server.asked


def try_sigint_in_the_index(seconds):
    with Server(make_pages(10), mute=["index"]) as server:
        process = start(server.url())
        server.wait_for_waiting(1)
        expect(stop(process, seconds), err=report(0, 0, 1, 0))
        check_came({})


def try_pages_that_do_not_come():
    """Missing, torn, outside the folder: each is named, leaves nothing, and the others come."""
    pages = make_pages(10)
    pages["index"] = b"page1\nmissing\npage2\n../outside\ntorn\npage3\n"
    pages["torn"] = bytes(1000)
    with Server(pages, torn=["torn"]) as server:
        result = expect(run(server.url()), 1, "")
        lines = result.err.splitlines(keepends=True)
        assert any(sorted(lines[:-1]) == sorted([
            failure("missing", "The requested URL returned error: 404"),
            failure("../outside", "it does not lie beside the index"),
            failure("torn", words)]) for words in TORN), result
        assert lines[-1] == report(4, 3), result
        check_came({name: pages[name] for name in ("index", "page1", "page2", "page3")})


def try_an_index_that_does_not_come():
    with Server({}) as server:
        expect(run(server.url("missing")), 1, "",
               failure("missing", "The requested URL returned error: 404") + report(0, 1))
        check_came({})


def try_what_a_killed_run_left():
    """The half-written file of another run is left alone, and named."""
    pages = make_pages(3)
    pathlib.Path(".page1.part").write_text("theirs")
    with Server(pages) as server:
        expect(run(server.url()), 1, "", failure("page1", "File exists") + report(3, 1))
        assert pathlib.Path(".page1.part").read_text() == "theirs"


def try_wrong_words():
    for words in ([], ["no-slash"], ["ends/"], ["a/b", "c/d"]):
        expect(run(*words), 2, "", f"usage: {NAME} URL\n")
