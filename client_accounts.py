"""Accounts, the user's side: register, log in and out, change password or name.

Band: cores. Each is written down as one course, from the first question to its answer. A password
leaves here as a proof that is bound to the session, or as what a server checks a proof by.
Source: docs/protocol.md; RFC 5802 and RFC 7677.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial

from auth import NameInvalid, normalise_name
from auth_scram import ITERATIONS, NONCE_SIZE, SALT_SIZE, ClientExchange, make_credentials
from client_events import Answered, ChangeName, ChangePassword, LogIn, LogOut, Register
from client_logs import Logs
from client_requests import Course, Do, Step, Until, answered, ask, work
from conversation import MAX_NAME_BYTES, ROOM
from entering import ONCE_SIZE, STREAM_SIZE, TOKEN_SIZE, EnterAnswer, FalseServerError
from protocol import Code, PeerError, Verb
from protocol_requests import Answer, Fields, hex_field, number_field, text_field

KEY_SIZE = 32  # bytes of a signature


@dataclass(frozen=True, slots=True)
class Myself:
    """What a course asks and tells the core about who we are. Tellings end with the time."""

    handshake_hash: Callable[[], bytes]
    account_name: Callable[[], str]  # empty: a guest
    is_in: Callable[[], bool]  # as somebody: drafts have somewhere to go
    logged_in: Callable[[EnterAnswer, float], None]
    logged_out: Callable[[float], None]
    renamed: Callable[[str, float], None]


Proving = Generator[Step, object, tuple[Answer, ClientExchange]]


class Accounts:
    """``chance``: random bytes that stay the same when a request has to begin again."""

    def __init__(self, *, logs: Logs, myself: Myself, random_bytes: Callable[[int], bytes]) -> None:
        self._logs = logs
        self._myself = myself
        self._random_bytes = random_bytes

    def begin(
        self, asked: Register | LogIn | LogOut | ChangePassword | ChangeName, chance: bytes
    ) -> Course:
        """How one of them goes on."""
        match asked:
            case Register():
                return self._register(asked, chance)
            case LogIn():
                return self._log_in(asked)
            case LogOut():
                return self._log_out(asked, chance)
            case ChangePassword():
                return self._change_password(asked, chance)
            case _:
                return self._change_name(asked, chance)

    def _register(self, asked: Register, chance: bytes) -> Course:
        """Result: the new account's token, as hex."""
        try:
            name = normalise_name(asked.name)
        except NameInvalid as invalid:
            return _invalid(asked, invalid)
        fields = yield from self._keys(asked.password, chance)
        fields |= {
            "once": chance[:ONCE_SIZE].hex(),
            "name": name,
            "full_name": asked.full_name,
            "country": asked.country,
        }
        answer = yield from ask(Verb.REGISTER, fields)
        if answer.code is not Code.OK:
            return answered(asked, answer)
        token = hex_field(answer.fields, "token", TOKEN_SIZE)
        return Answered(asked.ticket, Code.OK, token.hex())

    def _log_in(self, asked: LogIn) -> Course:
        """Result: this device's token, as hex.

        It is harmless to do twice and proves anew each time, so nothing must stay the same.
        """
        try:
            name = normalise_name(asked.name)
        except NameInvalid:
            return Answered(asked.ticket, Code.WRONG_LOGIN)
        yield from self._fall_silent()
        answer, exchange = yield from self._prove_login(name, asked.password)
        if answer.code is Code.STREAM_IN_USE:
            self._logs.begin_stream(self._random_bytes(STREAM_SIZE))
            answer, exchange = yield from self._prove_login(name, asked.password)
        if answer.code is not Code.OK:
            return answered(asked, answer)
        try:
            signature = hex_field(answer.fields, "signature", KEY_SIZE)
            entered = EnterAnswer.decode(answer.fields)
        except PeerError as error:  # the server has let us in as somebody, and nobody knows whom
            raise FalseServerError("an answer that cannot be read") from error
        if not exchange.is_genuine(signature):
            raise FalseServerError("the server does not know the account")
        yield Do(partial(self._myself.logged_in, entered))
        return Answered(asked.ticket, Code.OK, entered.token.hex())

    def _log_out(self, asked: LogOut, chance: bytes) -> Course:
        """Ends in being nobody."""
        yield from self._fall_silent()
        answer = yield from ask(Verb.LOGOUT, {"once": chance[:ONCE_SIZE].hex()})
        if answer.code is Code.OK:
            yield Do(self._myself.logged_out)
        return answered(asked, answer)

    def _change_password(self, asked: ChangePassword, chance: bytes) -> Course:
        """All other devices are logged out by it."""
        name = self._myself.account_name()
        if not name:
            return Answered(asked.ticket, Code.NO_SESSION)
        fields = yield from self._keys(asked.new, chance)
        fields["once"] = chance[:ONCE_SIZE].hex()
        answer, _ = yield from self._prove(name, asked.old, Verb.PASSWORD, lambda: fields)
        return answered(asked, answer)

    def _change_name(self, asked: ChangeName, chance: bytes) -> Course:
        """Result: the name as it is now."""
        try:
            name = normalise_name(asked.name)
        except NameInvalid as invalid:
            return _invalid(asked, invalid)
        yield from self._fall_silent()
        answer = yield from ask(Verb.NAME, {"once": chance[:ONCE_SIZE].hex(), "name": name})
        if answer.code is not Code.OK:
            return answered(asked, answer)
        name = text_field(answer.fields, "name")
        if len(name.encode()) > MAX_NAME_BYTES:
            raise PeerError("a name that is too long")
        yield Do(partial(self._myself.renamed, name))
        return Answered(asked.ticket, Code.OK, name)

    # --- what several of them do ---

    def _fall_silent(self) -> Generator[Step, object, None]:
        """What was said before is acknowledged first, for it bears another name than what follows.

        An own entry is made from POSTED, which does not tell under which name it was written.
        """
        if self._myself.is_in():
            yield Until(lambda: self._logs.is_quiet)

    def _keys(self, password: str, chance: bytes) -> Generator[Step, object, Fields]:
        """What the server will check a new password by; 0.2 s of a worker's time."""
        salt = chance[ONCE_SIZE : ONCE_SIZE + SALT_SIZE]
        keys = yield from work(partial(make_credentials, password, salt, ITERATIONS))
        return {
            "salt": salt.hex(),
            "iterations": ITERATIONS,
            "stored_key": keys.stored_key.hex(),
            "server_key": keys.server_key.hex(),
        }

    def _prove_login(self, name: str, password: str) -> Proving:
        def fields() -> Fields:
            held = [log for log in self._logs.held(0, 1) if log.conversation == ROOM]
            return {
                "once": self._random_bytes(ONCE_SIZE).hex(),
                "stream": self._logs.outbox.stream.hex(),
                "logs": [[log.conversation, log.have, log.chain.hex()] for log in held],
            }

        return self._prove(name, password, Verb.LOGIN, fields)

    def _prove(self, name: str, password: str, verb: Verb, fields: Callable[[], Fields]) -> Proving:
        """A challenge, and a request that shows the proof over it."""
        nonce = self._random_bytes(NONCE_SIZE)
        exchange = ClientExchange(name, password, nonce, self._myself.handshake_hash())
        question: Fields = {"name": name, "nonce": nonce.hex()}
        challenge = yield from ask(Verb.CHALLENGE, question)
        if challenge.code is not Code.OK:
            return challenge, exchange
        proof = yield from work(
            partial(
                exchange.proof,
                hex_field(challenge.fields, "salt", SALT_SIZE),
                number_field(challenge.fields, "iterations"),
                hex_field(challenge.fields, "nonce", 2 * NONCE_SIZE),
            )
        )
        answer = yield from ask(verb, {**fields(), "proof": proof.hex()})
        return answer, exchange


def _invalid(asked: Register | ChangeName, invalid: NameInvalid) -> Answered:
    return Answered(asked.ticket, Code.NAME_INVALID, reason=invalid.reason.value)
