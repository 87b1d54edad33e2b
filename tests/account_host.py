"""A server made by hand that knows accounts: it challenges, checks proofs and remembers tokens."""

from client_parts import EPOCH, ME, Host, Reply, Seat

from auth_scram import NONCE_SIZE, Keys, ServerExchange, make_credentials
from client_events import LogIn
from entering import EnterAnswer
from protocol import Code, Verb
from protocol_requests import Fields, hex_field, number_field, text_field
from records import Credentials

ITERATIONS = 4_096  # as few as a client accepts
BUDI = 42
LOGIN = LogIn(7, "Budi", "rahasia")


class AccountHost(Host):
    """With one account, Budi's. ``is_false``: it signs without knowing the account."""

    is_false = False

    def __init__(self) -> None:
        super().__init__()
        self.accounts = {"Budi": self.credentials("rahasia")}
        self.is_streamless = False  # the stream of the next LOGIN is another's
        self._exchange: ServerExchange | None = None
        self._asked = ""
        self._tokens = 0

    def credentials(self, password: str) -> Credentials:
        """What is kept of a password."""
        salt = self.chance(16)
        return Credentials(salt, ITERATIONS, *make_credentials(password, salt, ITERATIONS))

    def usual(self, verb: Verb, fields: Fields) -> Reply:
        match verb:
            case Verb.CHALLENGE:
                return self._challenge(fields)
            case Verb.LOGIN:
                return self._log_in(fields)
            case Verb.REGISTER:
                self.accounts[text_field(fields, "name")] = _decode(fields)
                return Code.OK, {"token": "ab" * 32}
            case Verb.PASSWORD:
                return self._change_password(fields)
            case Verb.NAME:
                return Code.OK, {"name": fields["name"]}
            case _:
                return super().usual(verb, fields)

    def _challenge(self, fields: Fields) -> Reply:
        assert self.session is not None
        self._asked = text_field(fields, "name")
        credentials = self.accounts.get(self._asked) or self.credentials("unknown")
        self._exchange = ServerExchange(
            self._asked,
            credentials,
            hex_field(fields, "nonce", NONCE_SIZE),
            self.chance(NONCE_SIZE),
            self.session.handshake_hash,
        )
        return Code.OK, {
            "salt": credentials.salt.hex(),
            "iterations": credentials.iterations,
            "nonce": self._exchange.nonce.hex(),
        }

    def _check(self, fields: Fields) -> bytes | None:
        exchange, self._exchange = self._exchange, None
        assert exchange is not None
        signature = exchange.check(hex_field(fields, "proof", 32))
        return signature if signature is not None or not self.is_false else bytes(32)

    def _log_in(self, fields: Fields) -> Reply:
        signature = self._check(fields)
        if signature is None:
            return Code.WRONG_LOGIN, {}
        if self.is_streamless:
            self.is_streamless = False
            return Code.STREAM_IN_USE, {}
        self._tokens += 1
        self.token = bytes([self._tokens]) * 32
        self.has_returned = True
        answer = EnterAnswer(
            BUDI, self._asked, self.token, False, EPOCH, self.offered, self.changed, True
        )
        self.replies[Verb.ENTER] = lambda _: (Code.OK, answer.encode())
        return Code.OK, {**answer.encode(), "signature": signature.hex()}

    def _change_password(self, fields: Fields) -> Reply:
        if self._check(fields) is None:
            return Code.WRONG_LOGIN, {}
        self.accounts[self._asked] = _decode(fields)
        return Code.OK, {}

    def renames(self, name: str) -> None:
        """Whoever comes back by token is called so."""
        answer = EnterAnswer(ME, name, self.token, True, EPOCH, self.offered, self.changed)
        self.replies[Verb.ENTER] = lambda _: (Code.OK, answer.encode())


def _decode(fields: Fields) -> Credentials:
    keys = Keys(hex_field(fields, "stored_key", 32), hex_field(fields, "server_key", 32))
    return Credentials(hex_field(fields, "salt", 16), number_field(fields, "iterations"), *keys)


class Home(Seat):
    """Somebody's client, and a server that knows accounts."""

    def __init__(self) -> None:
        self.accounts = AccountHost()
        super().__init__(self.accounts)

    def lose(self) -> None:
        """The session is gone; the client is back at once."""
        self.receive(self.host.reset())
        self.pass_time(1)

    def order(self, *kinds: type[object]) -> list[type[object]]:
        """The kinds of events, in the order in which they came."""
        return [type(event) for event in self.events if isinstance(event, kinds)]

    def forget(self) -> "Home":
        """What happened so far."""
        self.events.clear()
        self.host.requests.clear()
        self.host.frames.clear()
        return self


def as_guest() -> Home:
    """In the room, as Ana."""
    home = Home()
    home.enter()
    return home.forget()


def as_budi() -> Home:
    """Logged in."""
    home = as_guest()
    home.do(LOGIN)
    return home.forget()
