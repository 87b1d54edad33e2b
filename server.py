"""Run me: a room for the people on this network, with a window or ``--headless``.

Band: entry. Builds the core, starts its thread, opens the window or waits for signals, stops all in
order. The main thread owns the window or the console; the network thread owns socket, core and
database; they share queues.
"""

import contextlib
import gc
import logging
import logging.handlers
import os
import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue

from auth import key_groups
from endpoint import Driver, bind, bound_address, local_addresses
from records import StoreError
from server_console import Console, EventLog, Shown, ready_line
from server_core import ServerCore
from server_events import (
    Command,
    Crashed,
    Event,
    FilesListed,
    LetPeopleLink,
    OperatorAnswered,
    RealmsListed,
    Started,
    Stop,
    Stopped,
)
from server_form import (
    ServerForm,
    StartFailed,
    explain_bind_error,
    explain_folder_error,
    explain_folder_in_use,
)
from settings import (
    Exit,
    SavedServer,
    ServerOptions,
    WhoMayLink,
    how_to_install_tkinter,
    load_saved,
    parse_server,
    read_os_release,
    save_server,
)
from storage import FolderInUseError, Storage
from storage_disk import this_boot
from storage_files import FOLDER_NAME, FileShelf
from texts import Texts
from wordlist import make_password

LOG_FILE = "server.log"
LOG_SIZE = 1_000_000  # bytes, of this and of each of LOG_FILES older ones
LOG_FILES = 3
STOP_TIMEOUT = 10.0  # seconds a goodbye may take before the program ends without it
GARBAGE_AFTER = 20_000  # new objects before cycles are looked for: hardly any are made

_log = logging.getLogger("server")


class OneLineFormatter(logging.Formatter):
    """One line an event, UTC, and no control character: a log cannot be forged or torn.

    The thin space between a number's thousands becomes a plain one: a log is read with plain tools.
    """

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record).replace("\u202f", " ")
        return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)


def set_up_log(options: ServerOptions) -> None:
    """Raises OSError if the data folder cannot be written."""
    options.settings.data.mkdir(parents=True, exist_ok=True)
    handlers: list[logging.Handler] = [
        logging.handlers.RotatingFileHandler(
            options.settings.data / LOG_FILE, "a", LOG_SIZE, LOG_FILES, encoding="utf-8"
        )
    ]
    if options.is_headless:
        handlers.append(logging.StreamHandler(sys.stderr))
    formatter = OneLineFormatter("%(asctime)s %(levelname)s %(message)s")
    root = logging.getLogger()
    root.setLevel(options.log_level.upper())
    for handler in handlers:
        handler.setFormatter(formatter)
        root.addHandler(handler)
    logging.raiseExceptions = False  # a full disk must not fill the terminal with tracebacks


class Host:
    """One room after the other on one folder. Used by the main thread alone.

    ``put`` takes what happens, from whatever thread: events of the core, and StartFailed.
    """

    def __init__(self, options: ServerOptions, put: Callable[[Event | StartFailed], None]) -> None:
        self._options = options
        self._put = put
        self._driver: Driver[Command, Event] | None = None
        self._starting: threading.Thread | None = None

    def start(self, form: ServerForm) -> StartFailed | None:
        """Opens port and folder; Started follows when the core is ready. May take a while."""
        self.stop()
        try:
            sock = bind(form.bind, form.port)
        except OSError as error:
            return explain_bind_error(error, form.bind, form.port)
        host, port = bound_address(sock)
        settings = replace(
            self._options.settings,
            bind=host,
            port=port,
            room_name=form.room_name,
            password=form.password,
            is_watched=True,
        )
        folder = settings.data
        opened: list[Storage | FileShelf] = []

        def make_core() -> ServerCore:
            at = _utc_milliseconds()
            store = Storage.open(folder, random_bytes=secrets.token_bytes, now_utc_ms=at)
            opened.append(store)
            store.grow_log()
            shelf = FileShelf(folder / FOLDER_NAME, now_utc_ms=at, boot=this_boot())
            opened.append(shelf)
            return ServerCore(
                settings,
                store,
                shelf,
                static_private=store.identity.static_private,
                reset_key=store.identity.reset_key,
                random_bytes=secrets.token_bytes,
                wall_clock=_utc_milliseconds,
                now=time.monotonic(),
            )

        def close_all() -> None:
            for one in reversed(opened):
                one.close()

        event_log = EventLog(Texts(self._options.language))

        def report(event: Event) -> None:
            for line in event_log.lines(event):
                _log.info("%s", line)
            self._put(event)

        driver: Driver[Command, Event] = Driver(
            make_core,
            sock,
            clock=time.monotonic,
            on_event=report,
            on_crash=lambda error: report(Crashed(error)),
            at_end=close_all,
        )
        try:
            driver.start()
        except FolderInUseError:
            return explain_folder_in_use(str(folder))
        except (OSError, StoreError) as error:
            return explain_folder_error(str(folder), str(error))
        self._driver = driver
        gc.freeze()  # what is there now stays, and need not be searched for garbage
        gc.set_threshold(GARBAGE_AFTER)
        return None

    def start_soon(self, form: ServerForm) -> None:
        """For a window: returns at once; StartFailed or Started follow as events."""
        if self._starting is not None:
            self._starting.join()
        self._starting = threading.Thread(target=self._start_for_window, args=(form,))
        self._starting.start()

    def _start_for_window(self, form: ServerForm) -> None:
        failed = self.start(form)
        if failed is not None:
            self._put(failed)
            return
        saved = replace(
            load_saved(self._options.settings.data),
            room_name=form.room_name,
            bind=form.bind,
            port=form.port,
            password=form.password,
            is_open=form.is_open,
        )
        self._save(saved)

    def restyle(self, language: str, is_dark: bool) -> None:
        """The operator chose another look; it is the same at the next start."""
        theme = "dark" if is_dark else "light"
        saved = load_saved(self._options.settings.data)
        self._save(replace(saved, language=language, theme=theme))

    def _let_link(self, who: WhoMayLink) -> None:
        """It is so at the next start, too."""
        settings = replace(self._options.settings, realms=who)
        self._options = replace(self._options, settings=settings)
        self._save(replace(load_saved(settings.data), realms=who.value))

    def _save(self, saved: SavedServer) -> None:
        try:
            save_server(self._options.settings.data, saved)
        except OSError as error:
            _log.warning("settings were not saved: %s", error)

    def submit(self, command: Command) -> None:
        """To the core that runs, if one does."""
        if isinstance(command, LetPeopleLink):
            self._let_link(command.who)
        if self._driver is not None:
            self._driver.submit(command)

    def stop(self) -> None:
        """Says goodbye to everyone if that was not done yet, and ends the network thread."""
        if self._driver is not None:
            self._driver.submit(Stop())
            if not self._driver.wait(STOP_TIMEOUT):
                _log.warning("the server did not stop by itself")
            self._driver.stop()
            self._driver = None

    def close(self) -> None:
        """Ends all threads."""
        if self._starting is not None:
            self._starting.join()
        self.stop()


def _utc_milliseconds() -> int:
    return time.time_ns() // 1_000_000


# --- without a window ---


@dataclass(frozen=True, slots=True)
class _Typed:
    line: str


@dataclass(frozen=True, slots=True)
class _Signalled:
    exit_code: int


_Item = Event | StartFailed | _Typed | _Signalled


def run_headless(options: ServerOptions) -> int:
    """Until exit, SIGTERM or SIGINT. The end of standard input is none of these."""
    say = Texts(options.language)
    inbox: SimpleQueue[_Item] = SimpleQueue()
    host = Host(options, inbox.put)
    settings = options.settings
    form = ServerForm(
        settings.room_name, settings.bind, settings.port, settings.password, options.is_open
    )
    failed = host.start(form)
    if failed is not None:
        _tell(say(failed.key, **failed.fields))
        is_taken = failed.key == "server.error.port_taken"
        return Exit.IN_USE if is_taken else Exit.FAILURE
    _listen_to_signals(inbox.put)
    threading.Thread(target=_read_lines, args=(inbox.put,), name="stdin", daemon=True).start()
    try:
        serving = Serving(host, say)
        while serving.exit_code is None:
            serving.take(inbox.get())
        return serving.exit_code
    finally:
        host.close()


class Serving:
    """What the main thread of a headless server does. ``exit_code`` is None until its end."""

    def __init__(self, host: Host, say: Texts) -> None:
        self.exit_code: int | None = None
        self._host = host
        self._say = say
        self._console = Console(say)
        self._code_when_stopped = Exit.OK
        self._is_signalled = False

    def take(self, item: _Item) -> None:
        """A line, a signal or an event."""
        match item:
            case _Typed(line):
                self._take_line(line)
            case _Signalled(exit_code):
                if self._is_signalled:  # twice: without waiting for the goodbyes
                    self.exit_code = exit_code
                self._is_signalled, self._code_when_stopped = True, exit_code
                self._stop()
            case Stopped():
                self.exit_code = self._code_when_stopped
            case Crashed(error):
                _tell(self._say("program.crashed", reason=error))
                self.exit_code = Exit.FAILURE
            case event:
                self._console.apply(event)
                self._tell_event(event)

    def _take_line(self, line: str) -> None:
        asked = self._console.interpret(line)
        if isinstance(asked, Shown):
            _tell(*asked.lines)
        elif isinstance(asked, Stop):
            self._stop()
        elif asked is not None:
            self._host.submit(asked)

    def _stop(self) -> None:
        _tell(self._say("console.stopping"))
        self._host.submit(Stop())

    def _tell_event(self, event: Event | StartFailed) -> None:
        if isinstance(event, Started):
            line = ready_line(event, key_groups(event.server_key))
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
        elif isinstance(event, OperatorAnswered):
            _tell(self._console.answer(event))
        elif isinstance(event, FilesListed):
            _tell(*self._console.files(event))
        elif isinstance(event, RealmsListed):
            _tell(*self._console.realms(event))


def _tell(*lines: str) -> None:
    """To the operator, beside the log, so that standard output holds the ready line alone."""
    for line in lines:
        sys.stderr.write(line + "\n")
    sys.stderr.flush()


def _listen_to_signals(put: Callable[[_Item], None]) -> None:
    signal.signal(signal.SIGTERM, lambda *_: put(_Signalled(Exit.OK)))
    signal.signal(signal.SIGINT, lambda *_: put(_Signalled(Exit.INTERRUPTED)))
    if hasattr(signal, "SIGTTIN"):
        # A server in the background must not be halted for listening to its terminal.
        signal.signal(signal.SIGTTIN, signal.SIG_IGN)


def _read_lines(put: Callable[[_Item], None]) -> None:
    """Thread "stdin". Reads the descriptor: a buffered reader could not be left at the end."""
    rest = b""
    with contextlib.suppress(OSError):
        while chunk := os.read(0, 4096):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                put(_Typed(line.decode(errors="replace")))


# --- with a window ---


def run_window(options: ServerOptions) -> int:
    """Until the window is closed, or a signal says so."""
    say = Texts(options.language)
    try:
        from server_window import ServerWindow  # tkinter is absent from many servers
        from widgets import NoDisplayError, prepare_display
        from widgets_look import is_system_dark
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("tkinter", "_tkinter"):
            raise
        how = how_to_install_tkinter(sys.platform, read_os_release())
        _tell(say("program.no_tkinter", how=how, instead="python server.py --headless"))
        return Exit.FAILURE
    try:
        prepare_display()
    except NoDisplayError:
        _tell(say("program.no_display", instead="python server.py --headless"))
        return Exit.FAILURE
    sys.setswitchinterval(0.0005)  # else a thread that computes delays the other by 5 ms
    events: SimpleQueue[object] = SimpleQueue()
    host = Host(options, events.put)
    settings = options.settings
    is_dark = is_system_dark(os.environ, Path.home())
    _leave_on_signals()
    try:
        ServerWindow(
            events,
            say=say,
            on_start=host.start_soon,
            submit=host.submit,
            defaults=ServerForm(
                settings.room_name,
                settings.bind,
                settings.port,
                settings.password,
                options.is_open,
            ),
            addresses=local_addresses,
            data=settings.data.resolve(),
            is_dark=options.theme == "dark" or (options.theme == "system" and is_dark),
            on_restyle=host.restyle,
        ).mainloop()
    finally:
        host.close()
    return Exit.OK


def _leave_on_signals() -> None:
    """Out of the window's loop; what comes after it says goodbye to everyone."""

    def leave(number: int, _: object) -> None:
        raise SystemExit(Exit.OK if number == signal.SIGTERM else Exit.INTERRUPTED)

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)


def main() -> int:
    """Raises SystemExit for --help, --version and a wrong command line."""
    options = parse_server(sys.argv[1:], os.environ, Path(__file__).resolve().parent)
    say = Texts(options.language)
    settings = options.settings
    is_generated = not settings.password and not options.is_open
    if is_generated and options.is_headless and not sys.stderr.isatty():
        # Nobody could read a generated one, and a log is no place for it.
        _tell(say("cli.error.password_needed"))
        return Exit.USAGE
    if is_generated:
        settings = replace(settings, password=make_password(secrets.randbelow))
        options = replace(options, settings=settings)
    try:
        set_up_log(options)
    except OSError as error:
        failed = explain_folder_error(str(settings.data), error.strerror or str(error))
        _tell(say(failed.key, **failed.fields))
        return Exit.FAILURE
    if not options.is_headless:
        return run_window(options)
    if is_generated:
        _tell(say("console.password", password=settings.password))
    return run_headless(options)


if __name__ == "__main__":
    sys.exit(main())
