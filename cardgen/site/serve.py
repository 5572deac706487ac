"""``cardgen serve``: a local web server that shows an edit as soon as it is saved.

``serve(directory, watch, …)`` serves a built site and calls a handler when files below its place
change. A handler gets the changed files (removed ones, too), writes what follows from them (see
``build.Site.write_pages``) and returns the addresses of the pages that differ (``cards/qa-1/``),
or ``None`` when all may: those are reloaded in the browser. Handlers run one after another in the
calling thread; what one raises becomes a sentence, and the server lives on.
"""

from __future__ import annotations

import ipaddress
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from cardgen.errors import CardgenError
from cardgen.site.server import DEFAULT_PORT, Server
from cardgen.site.watch import Watcher

Handler = Callable[[tuple[Path, ...]], Iterable[str] | None]
Say = Callable[[str], None]
Publish = Callable[[Iterable[str] | None], None]


@dataclass(frozen=True)
class Address:
    """Where to serve: the first free port from ``port`` on, any where it is 0. ``mount`` is the
    path of the published site's address (``/repository/``), below which it answers, too."""

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    mount: str = "/"


def serve(  # noqa: PLR0913, PLR0917
    directory: Path,
    watch: Mapping[Path, Handler],
    say: Say,
    address: Address = Address(),
    since: float | None = None,
    connect: Callable[[Publish], None] = lambda publish: None,
) -> None:
    """Serve until Ctrl-C or SIGTERM; raises SiteError where the port is taken.

    ``watch`` maps a folder, or a file, to the handler of its changes. ``say`` prints a sentence,
    the address among them once it answers. Files modified after ``since`` (when the build began,
    in seconds since the epoch) are handled at once. ``connect`` is given what tells browsers of
    pages that are written at any other time.
    """
    watcher = Watcher(watch)
    try:
        with _stopping(), Server(directory, address.host, address.port, address.mount) as server:
            if not _is_loopback(address.host):
                say(f"Whoever can reach this machine can read the site at {address.host}.")
            connect(server.news.publish)
            watcher.start(since)
            say(f"The site is at {server.url} (Ctrl-C ends it).")
            for paths in watcher:
                _handle(paths, watch, server, say)
    except KeyboardInterrupt:
        pass
    finally:
        watcher.close()


def _handle(
    paths: tuple[Path, ...], watch: Mapping[Path, Handler], server: Server, say: Say
) -> None:
    for place, handler in watch.items():
        own = tuple(path for path in paths if path == place or place in path.parents)
        if own:
            _call(handler, own, server, say)


def _call(handler: Handler, paths: tuple[Path, ...], server: Server, say: Say) -> None:
    try:
        pages = handler(paths)
    except CardgenError as error:
        say(str(error))
    except Exception as error:  # a mistake in one card must not end the session
        said = " ".join(str(error).split()) or type(error).__name__
        say(f"{paths[0].name} could not be shown: {said[:300]}.")
    else:
        server.news.publish(pages)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def _stopping() -> Iterator[None]:
    """Let SIGTERM end the serving as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
