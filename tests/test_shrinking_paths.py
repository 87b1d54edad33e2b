"""A path that carries less from one moment to the next, while a file is on its way over it."""

import pytest
from client_file_parts import made
from simulated_network import Sent
from simulator import Simulator
from test_file_transfers import fetch, share

from protocol import MAX_DATAGRAM


@pytest.mark.parametrize("is_upload", [True, False])
def test_a_file_goes_on_when_the_path_no_longer_carries_large_datagrams(is_upload: bool) -> None:
    with Simulator(1) as network:
        network.network.mtu = 65_507
        ana, budi = network.clients("ana", "budi")
        network.everybody_enters()
        data = made(600_000)
        if not is_upload:
            share(network, ana, data)
        large = 0

        def narrow(sent: Sent) -> list[bytes]:
            nonlocal large
            large += len(sent.datagram) > 8_000
            if large == 20:  # from now on
                network.network.mtu = MAX_DATAGRAM
            return [sent.datagram]

        network.network.filters.append(narrow)
        spent = share(network, ana, data) if is_upload else fetch(network, budi, data)

        assert large > 20
        assert spent < 10
