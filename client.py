"""Run me: enter a room, with a window, in a terminal (``--terminal``) or by script (``--json``).

Band: entry. Builds the core, starts its thread, opens the window, stops all in order. Keeps on disk
what a client keeps: keys, rooms and the run that a killed client resumes. The main thread owns the
window or the terminal; thread "joining" owns the driver; the network thread owns socket and core.
"""

import io
import ipaddress
import logging
import os
import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Protocol

from client_core import ClientCore
from client_disk import ClientDisk
from client_events import (
    Answered,
    Command,
    Crashed,
    Ended,
    EndReason,
    Entered,
    Event,
    IdentityChanged,
    Join,
    KeyChanged,
    KeySeen,
    Leave,
    RunChanged,
)
from client_file_events import UnfinishedChanged
from client_form import JoinFailed, JoinField, JoinForm, Typed, Way
from client_json import JsonTalk
from client_paths import UserPaths
from client_realm_events import AddRealm
from client_rows import is_same_key
from client_terminal import InputEnded, TypedLine, read_lines, run_terminal
from endpoint import Driver, bind, is_in_use, resolve
from protocol import Code
from settings import (
    ClientOptions,
    Exit,
    Mode,
    how_to_install_tkinter,
    parse_client,
    read_os_release,
)
from settings_client import ClientFolder, RecentRoom, config_folder, downloads_folder
from settings_files import UnfinishedFiles
from storage_disk import this_boot
from texts import LANGUAGES, Texts, system_language

LEAVE_TIMEOUT = 3.0  # seconds a goodbye may take before the program ends without it
MAX_LINES = 1_000  # of --json taken from the pipe and not answered yet

_log = logging.getLogger("client")


class Put(Protocol):
    """Where events go, from whatever thread."""

    def __call__(self, event: object, /) -> None: ...


class Visit:
    """One driver with its core, from joining to the end. Made on thread "joining"; ``report`` runs
    on the network thread and keeps on disk what has to be kept before anything else happens.
    """

    def __init__(self, form: JoinForm, folder: ClientFolder, connector: "Connector") -> None:
        self._form = form
        self._place = (form.host, form.port)
        self._folder = folder
        self._unfinished = connector.unfinished
        self._connector = connector
        self._key = b""
        self._room_name = ""
        self._name = form.account or form.name
        self._has_ended = False
        self._is_silent = False  # its end is no news: another visit follows, or was told

    def join_command(self) -> Join:
        """Raises OSError if the host has no address."""
        form = self._form
        pinned = form.trusted_key or self._folder.pinned_key(self._place)
        join = Join(resolve(form.host, form.port), form.password, form.name, pinned)
        if pinned is None:
            return join
        return replace(
            join,
            resume=self._folder.claim_run(pinned, self._name),
            unfinished=self._unfinished.claim(pinned, self._name, _utc_milliseconds()),
        )

    def report(self, event: Event) -> None:
        """Takes what the core says, and hands it on."""
        match event:
            case RunChanged(run):
                self._keep(lambda: self._folder.save_run(self._key, run))
                return
            case UnfinishedChanged(files):
                self._keep(lambda: self._unfinished.save(self._key, self._name, files))
                return
            case KeySeen(key):
                self._key = key
                if not self._connector.is_trusted(key):
                    self._connector.put(KeyChanged(b"", key))
                    self._connector.put(Ended(EndReason.KEY_CHANGED))
                    self._connector.abandon()
                    self._is_silent = True
            case KeyChanged(_, key) if self._connector.has_trust and (
                self._connector.is_trusted(key)
            ):
                self._is_silent = True
                self._connector.join(replace(self._form, trusted_key=key))
            case Entered(name=name, room_name=room_name):
                self._name, self._room_name = name, room_name
                self._keep(lambda: self._folder.pin_key(self._place, event.server_key))
                if not self._form.account:  # else whoever logs in is remembered
                    self._remember(name, is_account=False)
            case IdentityChanged(name=name, is_account=True):
                self._name = name
                self._remember(name, is_account=True)
            case _:
                pass
        self._hand_on(event)

    def end(self) -> None:
        """After the driver: whoever waits for the end of a visit gets one, and only one."""
        if not self._has_ended:
            self._hand_on(Ended(EndReason.LEFT))

    def _hand_on(self, event: Event) -> None:
        self._has_ended = self._has_ended or isinstance(event, Ended | Crashed)
        if not self._is_silent:
            self._connector.put(event)

    def _remember(self, name: str, *, is_account: bool) -> None:
        host, port = self._place
        room = RecentRoom(host, port, self._room_name, name, _utc_milliseconds(), is_account)
        self._keep(lambda: self._folder.remember_room(room))
        preferences = replace(self._folder.preferences(), last_name=name)
        self._keep(lambda: self._folder.save_preferences(preferences))

    def _keep(self, save: Callable[[], None]) -> None:
        try:
            save()
        except OSError as error:
            _log.warning("not saved: %s", error)


class Connector:
    """The way to servers, one after the other. All methods return at once, from any thread.

    Thread "joining" owns the driver: it looks names up, which may take seconds, and waits for
    goodbyes.
    """

    def __init__(self, folder: ClientFolder, put: Put, trusted_key: str = "") -> None:
        self.put = put
        self.has_trust = bool(trusted_key)
        self._trusted_key = trusted_key
        self._folder = folder
        self.unfinished = UnfinishedFiles(folder.path)
        self._downloads = downloads_folder(os.environ, sys.platform, Path.home())
        self._driver: Driver[Command, Event] | None = None
        self._visit: Visit | None = None
        self._wanted: SimpleQueue[JoinForm | AddRealm | None] = SimpleQueue()
        self._is_closing = False
        self._thread = threading.Thread(target=self._work, name="joining")
        self._thread.start()

    def join(self, form: JoinForm) -> None:
        """Leaves the room there is, if any, and enters another. Events tell how it goes."""
        self._wanted.put(form)

    def abandon(self) -> None:
        """Ends the visit there is."""
        self._wanted.put(None)

    def submit(self, command: Command) -> None:
        """To the core that runs, if one does. Who links a realm may name its host."""
        if isinstance(command, AddRealm) and not _is_ip(command.host):
            self._wanted.put(command)
            return
        driver = self._driver
        if driver is not None:
            driver.submit(command)

    def close(self) -> None:
        """Says goodbye if that was not done yet and ends all threads."""
        self._is_closing = True
        self._wanted.put(None)
        self._thread.join()

    def is_trusted(self, key: bytes) -> bool:
        """Whether this is the key named on the command line; any is if none was named."""
        trusted = self._trusted_key
        return not trusted or trusted == key.hex().upper() or is_same_key(trusted, key)

    # --- thread "joining" ---

    def _work(self) -> None:
        while not self._is_closing:
            form = self._wanted.get()
            if isinstance(form, AddRealm):
                self._add_realm(form)
                continue
            self._stop_driver()
            if form is None or self._is_closing:
                continue
            failed = self._start(form)
            if failed is not None:
                self.put(failed)
        self._stop_driver()  # one that was started while the name was looked up and all else ended

    def _start(self, form: JoinForm) -> JoinFailed | None:
        visit = Visit(form, self._folder, self)
        try:
            command = visit.join_command()
        except (OSError, UnicodeError):  # UnicodeError: what is no host name even in form
            return JoinFailed(JoinField.HOST, "trouble.host")
        any_own = "::" if ":" in command.address[0] else "0.0.0.0"
        try:
            sock = bind(form.local_host or any_own, form.local_port)
        except OSError as error:
            if is_in_use(error):
                return JoinFailed(JoinField.LOCAL_PORT, "trouble.local_port")
            return JoinFailed(JoinField.LOCAL_HOST, "trouble.local_host")
        disk = ClientDisk(self._downloads, _utc_milliseconds, this_boot())
        driver: Driver[Command, Event] = Driver(
            lambda: ClientCore(random_bytes=secrets.token_bytes, disk=disk),
            sock,
            clock=time.monotonic,
            on_event=visit.report,
            on_crash=lambda error: visit.report(Crashed(error)),
            at_end=disk.close,
        )
        driver.start()
        self._driver, self._visit = driver, visit
        driver.submit(command)
        return None

    def _add_realm(self, wish: AddRealm) -> None:
        """A server looks up no names: whoever names a host knows which one is meant."""
        try:
            host, _ = resolve(wish.host, wish.port)
        except (OSError, UnicodeError):
            self.put(Answered(wish.ticket, Code.REALM_UNREACHABLE))
        else:
            self.submit(replace(wish, host=host))

    def _stop_driver(self) -> None:
        if self._driver is not None:
            self._driver.submit(Leave())
            self._driver.wait(LEAVE_TIMEOUT)
            self._driver.stop()
            self._driver = None
        if self._visit is not None:
            self._visit.end()
            self._visit = None


# --- the three ways ---


def run_json(options: ClientOptions, say: Texts, folder: ClientFolder) -> int:
    """One visit by script."""
    inbox: SimpleQueue[object] = SimpleQueue()
    connector = Connector(folder, inbox.put, options.trusted_key)
    limit = threading.Semaphore(MAX_LINES)
    talk = JsonTalk(
        options,
        say,
        _write_at_once,
        join=connector.join,
        submit=connector.submit,
        paths=UserPaths(),
        answered=limit.release,
    )
    reader = threading.Thread(target=read_lines, args=(inbox.put, limit), name="stdin", daemon=True)
    _leave_on(signal.SIGTERM, signal.SIGINT)
    try:
        reader.start()
        talk.begin()
        while talk.exit_code is None:
            match inbox.get():
                case TypedLine(line):
                    talk.take_line(line)
                case InputEnded():
                    talk.end_input()
                case event:
                    talk.take_event(event)
        return talk.exit_code
    finally:
        connector.close()


def _write_at_once(line: str) -> None:
    sys.stdout.write(line)
    sys.stdout.flush()


def run_in_terminal(options: ClientOptions, say: Texts, folder: ClientFolder) -> int:
    """One visit by a person without windows."""
    connectors: list[Connector] = []

    def connect(put: Put) -> Connector:
        connectors.append(Connector(folder, put, options.trusted_key))
        return connectors[0]

    _leave_on(signal.SIGTERM)
    try:
        return run_terminal(options, say, os.environ, connect)
    finally:
        for connector in connectors:
            connector.close()


def run_window(options: ClientOptions, say: Texts, folder: ClientFolder) -> int:
    """Until the window is closed, or a signal says so."""
    try:
        from client_window import ClientWindow  # tkinter is absent from many computers
        from widgets import NoDisplayError, prepare_display
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("tkinter", "_tkinter"):
            raise
        how = how_to_install_tkinter(sys.platform, read_os_release())
        _tell(say("program.no_tkinter", how=how, instead="python client.py --terminal"))
        return Exit.FAILURE
    try:
        prepare_display()
    except NoDisplayError:
        _tell(say("program.no_display", instead="python client.py --terminal"))
        return Exit.FAILURE
    sys.setswitchinterval(0.0005)  # else a thread that computes delays the other by 5 ms
    _leave_on(signal.SIGTERM, signal.SIGINT)
    events: SimpleQueue[object] = SimpleQueue()
    connector = Connector(folder, events.put, options.trusted_key)
    try:
        ClientWindow(
            events,
            connector.submit,
            folder=folder,
            on_join=connector.join,
            on_cancel=connector.abandon,
            wall_clock=_utc_milliseconds,
            environment=os.environ,
            prefill=_prefill(options),
            language=options.language,
        ).mainloop()
    finally:
        connector.close()
    return Exit.OK


def _leave_on(*numbers: int) -> None:
    """Out of the main thread's loop; what comes after it says goodbye."""

    def leave(number: int, _: object) -> None:
        raise SystemExit(Exit.OK if number == signal.SIGTERM else Exit.INTERRUPTED)

    for number in numbers:
        signal.signal(number, leave)


def _prefill(options: ClientOptions) -> Typed | None:
    """What the command line said; None: nothing, so the last room is proposed."""
    if options.place is None:
        return None
    host, port = options.place
    local_host, local_port = options.local or ("", 0)
    return Typed(
        host,
        str(port),
        options.password or "",
        options.name or "",
        local_host,
        str(local_port or ""),
        Way.GUEST if options.account is None else Way.LOG_IN,
        options.account or "",
        options.account_password or "",
    )


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _utc_milliseconds() -> int:
    return time.time_ns() // 1_000_000


def _tell(text: str) -> None:
    sys.stderr.write(text + "\n")


def main() -> int:
    """Raises SystemExit for --help, --version and a wrong command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # an old code page must not end us
    options = parse_client(sys.argv[1:], os.environ)
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    folder = ClientFolder(config_folder(os.environ, sys.platform, Path.home()))
    chosen = options.language or folder.preferences().language
    say = Texts(chosen if chosen in LANGUAGES else system_language(os.environ))
    run = {Mode.WINDOW: run_window, Mode.TERMINAL: run_in_terminal, Mode.JSON: run_json}
    try:
        return run[options.mode](options, say, folder)
    except BrokenPipeError:
        # Whoever read what we write is gone; else the interpreter would complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return Exit.FAILURE


if __name__ == "__main__":
    sys.exit(main())
