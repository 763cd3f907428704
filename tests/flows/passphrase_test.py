# SPDX-License-Identifier: GPL-3.0-or-later
"""A device whose state is sealed under a passphrase."""
import pytest

from gateway import Gateway, find_program, run


@pytest.fixture(scope="module")
def sealed(tmp_path_factory):
    with Gateway(tmp_path_factory.mktemp("gw")) as gateway:
        words = gateway.folder / "passphrase"
        words.write_text("correct horse battery staple\n")
        words.chmod(0o600)
        state = gateway.folder / "alice.state"

        def fallgate(*arguments, options=("--passphrase-file", words)):
            return run([find_program("fallgate", gateway.build), "--state", state, *options, "--json", *arguments])

        made = fallgate("register", "--trust", gateway.trust, "--invitation", gateway.invite("+12025550101"), "+12025550101")
        assert made.code == 0, made
        yield gateway, state, fallgate


def test_the_passphrase_opens_it(sealed):
    _, _, fallgate = sealed
    assert fallgate("lookup", "+12025550199").code == 0


def test_another_passphrase_or_none_does_not(sealed):
    gateway, _, fallgate = sealed
    wrong = gateway.folder / "wrong"
    wrong.write_text("incorrect horse\n")
    wrong.chmod(0o600)
    refused = fallgate("devices", options=("--passphrase-file", wrong))
    assert refused.code == 1 and "passphrase" in refused.errors, refused
    assert fallgate("devices", options=("--no-passphrase",)).code == 1
    assert fallgate("devices", options=()).code in (1, 2), "nobody can be asked here"


def test_the_file_shows_nothing(sealed):
    gateway, state, _ = sealed
    bytes_ = state.read_bytes()
    assert b"+12025550101" not in bytes_ and gateway.name.encode() not in bytes_
    assert state.stat().st_mode & 0o077 == 0
