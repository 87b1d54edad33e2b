"""Encoded frames packed into the plaintexts of datagrams: how many go together, and the padding.

Band: words. Knows no frame: whatever is packed is bytes.
Source: docs/protocol.md.
"""

from protocol import MAX_PLAINTEXT, PADDING


def pad(frames: bytes) -> bytes:
    """Frames ready to be sealed: zeros (END) up to a multiple of PADDING."""
    return frames + bytes(-len(frames) % PADDING)


def pack_frames(frames: list[bytes], room: int = MAX_PLAINTEXT) -> list[bytes]:
    """As few plaintexts of at most ``room`` bytes as keeping the order allows, each padded.

    All but the last are of one size, so that one system call can send them (UDP_SEGMENT).
    """
    packed: list[bytes] = []
    waiting: list[bytes] = []
    size = 0
    for frame in frames:
        if waiting and size + len(frame) > room:
            packed.append(b"".join(waiting))
            waiting, size = [], 0
        waiting.append(frame)
        size += len(frame)
    last = pad(b"".join(waiting))
    if not packed:
        return [last] if waiting else []
    longest = -(-max(map(len, packed)) // PADDING) * PADDING
    return [*(plaintext.ljust(longest, b"\0") for plaintext in packed), last]
