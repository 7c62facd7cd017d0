# SPDX-License-Identifier: MIT
"""The examples in Python, from outside: they do their work, and one typed ^C ends them with nothing left behind."""
import ctypes
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import unittest

from terminal import HERE, Program, within

ROOT = HERE.parent.parent
EXAMPLES = ROOT / "examples" / "python"
sys.path[:0] = [str(ROOT / "tests" / "examples"), str(ROOT / "tests" / "cli")]
from pages import Server, make_pages    # noqa: E402     what the same example in C is tried by

KILLED = -signal.SIGINT
AT_ONCE = 0.25
LIBC = ctypes.CDLL(None)
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2
HUGE = 1 << 41          # a file without content that takes minutes to read


def give_up_override():
    """Root, too, is to be kept out of a file that nobody may read, from the next exec on."""
    for capability in CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH:
        LIBC.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


class Example(unittest.TestCase):
    """One example, in a folder of its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="quiesce-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_to_end(self, *words, status=0, environment=None, before=None):
        """What it writes to standard output and standard error."""
        ended = subprocess.run([sys.executable, EXAMPLES / self.name, *map(str, words)], capture_output=True, text=True,
                               check=False, preexec_fn=before, env={**os.environ, **(environment or {})})
        self.assertEqual(ended.returncode, status, ended)
        return ended.stdout, ended.stderr

    def start(self, *words, environment=None):
        return Program(EXAMPLES / self.name, *words, environment=environment)

    def stop(self, program):
        """One ^C: killed by it, nothing but a line of its own on the screen.  Returns the seconds that took."""
        pressed = program.press()
        took = program.finish() - pressed
        self.assertEqual((program.status, program.tracebacks, program.ignored), (KILLED, 0, 0), program.text)
        return took


class Documents(Example):
    """The program in Python that a document begins with."""

    def check_one_press(self, document):
        program = self.folder / "program.py"
        program.write_text(re.search("^```python\n(.*?)^```", (ROOT / document).read_text(), re.M | re.S).group(1))

        def measure():
            with Program(program) as running:
                running.wait_for_sleep(threads=3)
                pressed = running.press()
                took = running.finish() - pressed
                self.assertEqual((running.status, running.tracebacks, running.ignored), (KILLED, 1, 0), running.text)
                return took

        within(AT_ONCE, measure)

    def test_readme(self):
        self.check_one_press("README.md")

    def test_from_concurrent_futures(self):
        self.check_one_press("docs/from-concurrent-futures.md")


class SearchFolder(Example):
    name = "search_folder.py"

    def make_file(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def test_finds_what_grep_finds(self):
        for number in range(300):
            self.make_file(f"{number % 7}/{number % 5}/{number}", b"a needle\n" if number % 3 == 0 else b"hay")
        self.make_file("empty", b"")
        (self.folder / "circle").symlink_to(self.folder)
        os.mkfifo(self.folder / "fifo")
        grep = subprocess.run(["grep", "-rlF", "--devices=skip", "needle", self.folder], capture_output=True, text=True,
                              check=True)
        out, err = self.run_to_end("needle", self.folder)
        self.assertEqual((sorted(out.splitlines()), err), (sorted(grep.stdout.splitlines()), ""))
        self.run_to_end("nothing of the kind", self.folder, status=1)

    def test_finds_across_blocks(self):
        """A string that begins in one block and ends in the next, at every offset."""
        for offset in range(-1, 8):
            self.make_file(str(offset), b"." * ((1 << 16) - offset) + b"needle" + b"." * (1 << 16))
        out, _ = self.run_to_end("needle", self.folder)
        self.assertEqual(len(out.splitlines()), 9)

    def test_goes_on_after_what_it_cannot_read(self):
        """A file and a folder that may not be read, and one that is not there: named, and the rest is searched."""
        for name in ("a", "locked", "shut/file", "z"):
            self.make_file(name, b"needle")
        for name in ("locked", "shut"):
            (self.folder / name).chmod(0)
        self.addCleanup((self.folder / "shut").chmod, 0o700)
        out, err = self.run_to_end("needle", self.folder, status=2, before=give_up_override)
        self.assertEqual(out, f"{self.folder}/a\n{self.folder}/z\n")
        self.assertEqual(sorted(err.splitlines()), [f"search_folder: {self.folder}/locked: Permission denied",
                                                    f"search_folder: {self.folder}/shut: Permission denied"])
        _, err = self.run_to_end("needle", self.folder / "nothing", status=2)
        self.assertEqual(err, f"search_folder: {self.folder}/nothing: No such file or directory\n")

    def test_ctrl_c(self):
        """What was found is on the screen; files that have no end are left at once."""
        self.make_file("a", b"needle")
        for number in range(50):
            self.make_file(f"huge{number}", b"")
            os.truncate(self.folder / f"huge{number}", HUGE)

        def measure():
            with self.start("needle", self.folder) as program:
                program.wait_for(f"{self.folder}/a")
                took = self.stop(program)
                self.assertIn("search_folder: stopped after 1 files, 1 of which have it", program.text)
                return took

        within(AT_ONCE, measure)


class DownloadIndex(Example):
    name = "download_index.py"
    environment = {"no_proxy": "*"}

    def check_came(self, pages):
        """These are there, whole, and nothing else is."""
        self.assertEqual(sorted(os.listdir(self.folder)), sorted(pages))
        for name, body in pages.items():
            self.assertEqual((self.folder / name).read_bytes(), body, name)

    def test_all_pages(self):
        pages = make_pages(40)
        with Server(pages) as server:
            out, err = self.run_to_end(server.url(), self.folder, environment=self.environment)
            self.check_came(pages)
            server.asked.clear()
            self.run_to_end(server.url(), self.folder, environment=self.environment)
            self.assertEqual(server.asked, ["index"])
        self.assertEqual((out, err), ("", ""))

    def test_page_that_is_cut_short(self):
        """It is named, the others come, and no part of it stays."""
        pages = {"whole": b"w" * 1000, "torn": b"t" * 1000}
        with Server(pages, torn=["torn"]) as server:
            _, err = self.run_to_end(server.url(), self.folder, status=1, environment=self.environment)
        self.check_came({"whole": pages["whole"]})
        self.assertIn("download_index: torn: ", err)

    def test_no_index(self):
        with Server({"index": b""}) as server:
            _, err = self.run_to_end(server.url("nothing"), self.folder, status=1, environment=self.environment)
        self.assertIn("404", err)

    def test_ctrl_c(self):
        """Whole pages stay, those in their middle leave nothing, and the same command goes on."""
        pages = make_pages(40)
        kept = [f"page{number}" for number in range(3, 40)]

        def measure():
            for page in self.folder.iterdir():
                page.unlink()
            with Server(pages, kept=kept) as server:
                with self.start(server.url(), self.folder, environment=self.environment) as program:
                    server.wait_for_waiting(8)
                    took = self.stop(program)
                    self.assertIn("download_index: stopped", program.text)
                self.check_came({name: pages[name] for name in pages if name not in kept})
                server.release()
                self.run_to_end(server.url(), self.folder, environment=self.environment)
            self.check_came(pages)
            return took

        within(AT_ONCE, measure)


@unittest.skipUnless(hasattr(os, "pidfd_open"), "no os.pidfd_open() in this Python")
class Mirror(Example):
    name = "mirror.py"
    # No configuration but ours; commits need a name.
    environment = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_AUTHOR_NAME": "A",
                   "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@b"}

    def git(self, *words):
        return subprocess.run(["git", *map(str, words)], env={**os.environ, **self.environment}, capture_output=True,
                              text=True, check=True).stdout.strip()

    def setUp(self):
        super().setUp()
        self.mirrors = self.folder / "mirrors"
        self.sources = [self.folder / "sources" / f"project{number}" for number in range(6)]
        for source in self.sources:
            self.git("init", "--quiet", source)
            self.commit(source, "first")

    def commit(self, source, text):
        self.git("-C", source, "commit", "--quiet", "--allow-empty", "-m", text)

    def check_in_step(self, sources):
        for source in sources:
            mirror = self.mirrors / f"{source.name}.git"
            self.assertEqual(self.git("-C", mirror, "rev-parse", "HEAD"), self.git("-C", source, "rev-parse", "HEAD"))
            self.git("-C", mirror, "fsck", "--full")

    def test_clones_then_fetches(self):
        self.assertEqual(self.run_to_end(self.mirrors, *self.sources, environment=self.environment), ("", ""))
        self.check_in_step(self.sources)
        for source in self.sources[::2]:
            self.commit(source, "second")
        self.assertEqual(self.run_to_end(self.mirrors, *self.sources, environment=self.environment), ("", ""))
        self.check_in_step(self.sources)

    def test_no_repository(self):
        """It is named, in git's words, and the others are in step."""
        _, err = self.run_to_end(self.mirrors, self.folder / "nothing", *self.sources, status=1, environment=self.environment)
        self.assertIn(f"mirror: {self.folder}/nothing: fatal: ", err)
        self.check_in_step(self.sources)

    def hanging(self):
        """An environment in which each git that is asked for objects says so, in a file, and then does nothing for long."""
        hook = self.folder / "hook"
        hook.write_text(f"#!/bin/sh\n> {self.folder}/asked.$$\nexec sleep 1000\n")
        hook.chmod(0o755)
        config = self.folder / "config"
        config.write_text(f"[uploadpack]\n\tpackObjectsHook = {hook}\n")
        return {**self.environment, "GIT_CONFIG_GLOBAL": str(config)}

    def processes(self):
        """What runs for this test: it has our folder in its command line or as its current one."""
        found = []
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                told = (folder / "cmdline").read_bytes() + os.fsencode(os.readlink(folder / "cwd"))
            except OSError:
                continue
            if os.fsencode(self.folder) in told:
                found.append(told)
        return found

    def test_ctrl_c(self):
        """Every git that hangs is ended, with its children; a clone that is not whole is removed."""
        fetched, cloned = self.sources[:2], self.sources[2:4]
        self.run_to_end(self.mirrors, *fetched, environment=self.environment)
        for source in fetched:
            self.commit(source, "second")
        environment = self.hanging()
        words = [*fetched, *(source.as_uri() for source in cloned)]     # by URL, git does not just copy the files
        with self.start(self.mirrors, *words, environment=environment) as program:
            program.wait_until(lambda: len(list(self.folder.glob("asked.*"))) == 4, "four gits that hang")
            self.stop(program)
            self.assertIn("mirror: stopped; 0 of 4 are in step", program.text)
        self.assertEqual(sorted(os.listdir(self.mirrors)), [f"{source.name}.git" for source in fetched])
        self.assertEqual(self.processes(), [])
        self.run_to_end(self.mirrors, *words, environment=self.environment)
        self.check_in_step(fetched + cloned)


if __name__ == "__main__":
    unittest.main()
