from server_parts import START, FarEnd

from entering import Step
from protocol import decode_data_header
from protocol_frames import PathChallenge, Ping, decode_frames
from server_peer import Member


def test_a_new_peer_is_half_open_and_nobody_yet() -> None:
    peer = FarEnd("10.0.0.7").peer

    assert peer.is_half_open
    assert not peer.has_entered
    assert peer.member is None
    assert peer.host == "10.0.0.7"
    assert peer.key == peer.session.receive_id


def test_a_peer_has_entered_between_enter_and_leaving() -> None:
    peer = FarEnd().peer

    entered = []
    for step in Step:
        peer.entering.step = step
        entered.append((step, peer.has_entered))

    assert [step for step, is_in in entered if is_in] == [Step.ENTERED]


def test_guesses_and_bans_count_for_the_proven_address_whatever_an_insider_forges() -> None:
    far = FarEnd("10.0.0.7")
    far.session.queue(Ping(1).encode())
    (burst,) = far.session.take_bursts(START)
    (datagram,) = burst.datagrams
    _, number = decode_data_header(datagram)

    far.peer.session.open(datagram, number, ("10.0.0.99", 1), START)
    assert far.peer.session.address[0] == "10.0.0.99"
    assert far.peer.host == "10.0.0.7"

    bursts = far.peer.session.take_bursts(START)
    elsewhere = next(burst for burst in bursts if burst.address[0] == "10.0.0.99")
    (sealed,) = elsewhere.datagrams
    plaintext = far.session.open(sealed, decode_data_header(sealed)[1], ("server", 1), START)
    assert plaintext is not None
    (challenge,) = decode_frames(plaintext)
    assert isinstance(challenge, PathChallenge)


def test_somebody_was_heard_when_their_session_was_and_that_outlives_it() -> None:
    far = FarEnd()
    member = Member(7, "Ana", now=START, since=0)
    assert member.heard() == START

    member.peers[far.peer.key] = far.peer
    far.peer.session.last_heard = START + 30
    assert member.heard() == START + 30

    member.peers.clear()
    assert member.heard() == START + 30
