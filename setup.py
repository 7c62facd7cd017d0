# SPDX-License-Identifier: MIT
"""The Python module as a package: `pip install .`; what it needs is a C compiler and setuptools.

The extension holds the whole library, compiled as CMakeLists.txt and python/CMakeLists.txt do it.  From Python 3.11 on it
keeps to the limited API, so that one wheel serves every later version.  Everything that is made on the way lies in
build/pip/.
"""
import ctypes
import glob
import os
import sys
import sysconfig

from setuptools import Extension, setup

BUILD = "build/pip"
LAYERS = ["base", "core", "exec", "verbs", "bridge", "platform/real", "platform/linux"]

# Where the C library lacks a function, the file that uses it gives way to the one for any POSIX system.
NEEDS = {"thread_join.c": "pthread_clockjoin_np", "errno_words.c": "strerrordesc_np"}


def read(name):
    with open(name, encoding="utf-8") as file:
        return file.read()


def library_sources():
    libc = ctypes.CDLL(None)
    for layer in LAYERS:
        for path in sorted(glob.glob(f"src/{layer}/*.c")):
            needed = NEEDS.get(os.path.basename(path))
            if needed and not hasattr(libc, needed):
                path = path.replace("platform/linux", "platform/posix")
            yield path


def extension(version, limited):
    python = sorted(glob.glob("python/src/*.c"))
    headers = glob.glob("include/*.h") + glob.glob("src/**/*.h", recursive=True) + glob.glob("python/src/*.h")
    macros = [("_GNU_SOURCE", ""), ("QS_VERSION", f'"{version}"')]
    if limited:
        macros.append(("Py_LIMITED_API", "0x030b0000"))
    return Extension(
        "quiesce._core",
        sources=[*library_sources(), *python],
        depends=[*headers, "python/src/core.map", "VERSION"],
        include_dirs=["include", "src", "src/platform/real", "src/platform/linux"],
        define_macros=macros,
        # Python's own headers define _GNU_SOURCE otherwise; as the system's they may.
        extra_compile_args=["-std=c11", "-pthread", "-fexceptions", "-fvisibility=hidden",
                            "-isystem", sysconfig.get_path("include")],
        extra_link_args=["-pthread", "-Wl,--version-script=python/src/core.map"],
        py_limited_api=limited)


def main():
    os.chdir(os.path.dirname(os.path.abspath(__file__)))
    if not sys.platform.startswith("linux"):
        sys.exit("quiesce: the Python module is for Linux")
    os.makedirs(BUILD, exist_ok=True)
    version = read("VERSION").strip()
    # A debug build of Python counts references itself, and wants an extension of its own.
    limited = sys.version_info >= (3, 11) and not sysconfig.get_config_var("Py_DEBUG")
    options = {"build": {"build_base": BUILD}, "egg_info": {"egg_base": BUILD}}
    if limited:
        options["bdist_wheel"] = {"py_limited_api": "cp311"}
    setup(
        name="quiesce",
        version=version,
        description="concurrent.futures' threads, which stop: a drop-in for ThreadPoolExecutor",
        long_description=read("README.md"),
        long_description_content_type="text/markdown",
        license="MIT",
        license_files=["LICENSE"],
        python_requires=">=3.8",
        platforms=["Linux"],
        packages=["quiesce"],
        package_dir={"": "python"},
        package_data={"quiesce": ["*.pyi", "py.typed"]},
        ext_modules=[extension(version, limited)],
        options=options,
        zip_safe=False)


main()
