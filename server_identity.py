"""Who a session is: names of guests, accounts, logging in and out.

Band: cores. Passwords are the accounts' business, who is present the members'. Answers that speak
of something written go out only when it is on disk.
Source: docs/protocol.md.
"""

import json
from collections.abc import Callable
from functools import partial
from typing import NamedTuple, Self

from auth_scram import KEY_SIZE
from entering import MAX_LOGS, ONCE_SIZE, STREAM_SIZE, HeldLog, decode_held_log
from protocol import Code, PeerError, Verb, decode_object
from protocol_requests import Fields, hex_field, list_field, text_field
from records import Store
from server_accounts import Accounts, Checked
from server_arrivals import Arrivals
from server_events import Happened, HappeningKind
from server_members import Members
from server_partings import Partings
from server_peer import Member, Peer
from server_people import Admission
from server_turn import Turn

VERBS = frozenset(
    {Verb.CHALLENGE, Verb.LOGIN, Verb.REGISTER, Verb.LOGOUT, Verb.PASSWORD, Verb.NAME}
)
Outcome = tuple[Code, Fields]


class LoginRequest(NamedTuple):
    """LOGIN: the proof over the session's last CHALLENGE; ``stream`` and ``logs`` as in ENTER.

    Its ``once`` need not be kept: a proof is good for one session, which asks at most once.
    """

    proof: bytes
    stream: bytes
    logs: tuple[HeldLog, ...]

    @classmethod
    def decode(cls, fields: Fields) -> Self:
        """Raises PeerError."""
        hex_field(fields, "once", ONCE_SIZE)
        logs = list_field(fields, "logs")
        if len(logs) > MAX_LOGS:
            raise PeerError("bad LOGIN")
        return cls(
            hex_field(fields, "proof", KEY_SIZE),
            hex_field(fields, "stream", STREAM_SIZE),
            tuple(decode_held_log(log) for log in logs),
        )


class Identity:
    """Serves VERBS. ``write_posts(now)``: what was said before must stand before what follows.

    ``save_guesses(now, at)``: wrong passwords, into the open transaction.
    """

    def __init__(
        self,
        store: Store,
        accounts: Accounts,
        members: Members,
        arrivals: Arrivals,
        partings: Partings,
        turn: Turn,
        *,
        answer: Callable[[Peer, int, Code, Fields], None],
        report: Callable[[Happened], None],
        write_posts: Callable[[float], None],
        save_guesses: Callable[[float, int], None],
        wall_clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._members = members
        self._arrivals = arrivals
        self._partings = partings
        self._turn = turn
        self._answer = answer
        self._report = report
        self._write_posts = write_posts
        self._save_guesses = save_guesses
        self._wall_clock = wall_clock

    def serve(self, peer: Peer, request: int, verb: Verb, fields: Fields, now: float) -> None:
        """Answers one of VERBS, now or at the end of the turn. Raises PeerError."""
        member = peer.member
        match verb:
            case Verb.CHALLENGE:
                handshake_hash = peer.session.handshake_hash
                outcome = self._accounts.challenge(peer.key, fields, handshake_hash)
                self._answer(peer, request, *outcome)
            case Verb.REGISTER:
                self._register(peer, request, fields, now)
            case Verb.LOGIN if member is None or not member.is_account:
                self._log_in(peer, request, LoginRequest.decode(fields), now)
            case Verb.NAME if member is not None and not member.is_account:
                self._rename(peer, member, request, fields, now)
            case Verb.LOGIN | Verb.NAME if member is not None:
                self._answer(peer, request, Code.BAD_REQUEST, {})
            case Verb.LOGOUT if member is not None and member.is_account:
                self._log_out(peer, request, fields, now)
            case Verb.PASSWORD if member is not None and member.is_account:
                self._change_password(peer, member, request, fields, now)
            case _:
                self._answer(peer, request, Code.NO_SESSION, {})

    # --- logging in and out ---

    def _log_in(self, peer: Peer, request: int, wish: LoginRequest, now: float) -> None:
        self._write_posts(now)
        at, guest = self._wall_clock(), peer.member
        checked = Checked(Code.DISK_FULL, {})
        admission: Admission | None = None

        def decide() -> None:
            nonlocal checked, admission
            checked = self._check(peer, wish.proof, now, at)
            if checked.account is not None:
                host = peer.host
                admission = self._members.log_in(checked.account, guest, wish.stream, host, now, at)
                if admission.code is Code.OK:
                    self._arrivals.remember(peer, at)

        def undo(_: float) -> None:
            if admission is not None:
                self._members.undo(admission, guest)
            self._answer(peer, request, Code.DISK_FULL, {})

        def keep(now: float) -> None:
            if admission is None:
                self._answer(peer, request, checked.code, checked.fields)
            elif admission.code is not Code.OK:
                self._answer(peer, request, admission.code, admission.fields)
            else:
                self._end_log_in(peer, request, wish, admission, checked.signature, guest, now)

        self._turn.when_undone(undo)
        if self._turn.attempt(decide, now):
            self._turn.when_kept(keep)

    def _check(self, peer: Peer, proof: bytes, now: float, at: int) -> Checked:
        checked = self._accounts.check(peer.key, proof, now, at)
        self._count(peer, checked.code, now, at)
        return checked

    def _count(self, peer: Peer, code: Code, now: float, at: int) -> None:
        """A wrong password must count after a restart too."""
        if code is Code.WRONG_LOGIN:
            self._save_guesses(now, at)
            self._report(Happened(HappeningKind.WRONG_LOGIN, at, address=peer.session.address))

    def _end_log_in(
        self,
        peer: Peer,
        request: int,
        wish: LoginRequest,
        admission: Admission,
        signature: bytes,
        guest: Member | None,
        now: float,
    ) -> None:
        answer = self._arrivals.settle(peer, admission, wish.logs, now, guest=guest)
        if answer is not None:
            fields: Fields = {**answer.encode(), "signature": signature.hex()}
            self._answer(peer, request, Code.OK, fields)
            self._members.presences.hurry()

    def _log_out(self, peer: Peer, request: int, fields: Fields, now: float) -> None:
        hex_field(fields, "once", ONCE_SIZE)  # not kept: who has logged out is nobody to ask again
        self._partings.log_out(peer, now)
        # On a full disk too: the person is gone either way.
        self._turn.when_settled(lambda _: self._answer(peer, request, Code.OK, {}))

    # --- accounts ---

    def _register(self, peer: Peer, request: int, fields: Fields, now: float) -> None:
        at, member = self._wall_clock(), peer.member
        guest = member.person if member is not None and not member.is_account else 0
        people = self._members.people

        def decide() -> Outcome:
            is_taken = partial(people.is_held, besides=guest)
            return self._accounts.register(fields, is_taken, at)

        def keep(_: float) -> None:
            name = text_field(fields, "name")
            self._report(Happened(HappeningKind.REGISTERED, at, name, peer.session.address))

        self._decide(peer, request, decide, now, keep=keep)

    def _change_password(
        self, peer: Peer, member: Member, request: int, fields: Fields, now: float
    ) -> None:
        at = self._wall_clock()

        def decide() -> Outcome:
            code, answered = self._accounts.change_password(
                peer.key, member.person, fields, kept_token=peer.token_hash, now=now, at=at
            )
            self._count(peer, code, now, at)
            return code, answered

        def keep(now: float) -> None:
            self._partings.end_others(peer, member, now)

        self._decide(peer, request, decide, now, keep=keep)

    # --- names of guests ---

    def _rename(self, peer: Peer, member: Member, request: int, fields: Fields, now: float) -> None:
        once, wish = hex_field(fields, "once", ONCE_SIZE), text_field(fields, "name")
        self._write_posts(now)
        at = self._wall_clock()

        def decide() -> Outcome:
            before = self._store.once(once)
            if before is not None:  # its answer was lost with a session or a server
                return Code.OK, {"name": text_field(decode_object(before[1]), "name")}
            code, answered = self._members.rename(member, wish, peer.host, now, at)
            if code is Code.OK:
                self._store.save_once(once, code, json.dumps(answered).encode(), at)
            return code, answered

        self._decide(peer, request, decide, now, keep=lambda _: self._members.presences.hurry())

    # --- inside ---

    def _decide(
        self,
        peer: Peer,
        request: int,
        act: Callable[[], Outcome],
        now: float,
        *,
        keep: Callable[[float], None] = lambda _: None,
    ) -> None:
        """Answers with what ``act`` wrote once it is on disk; ``keep`` if that was OK."""
        outcome: Outcome = Code.DISK_FULL, {}

        def decide() -> None:
            nonlocal outcome
            outcome = act()

        def end(now: float) -> None:
            if outcome[0] is Code.OK:
                keep(now)
            self._answer(peer, request, *outcome)

        self._turn.when_undone(lambda _: self._answer(peer, request, Code.DISK_FULL, {}))
        if self._turn.attempt(decide, now):
            self._turn.when_kept(end)
