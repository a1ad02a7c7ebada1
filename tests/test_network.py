from __future__ import annotations

import datetime
import http.client
import ipaddress
import logging
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from support.receiver import Answer, Receiver

from signoff.addresses import AllowedHosts, parse_address, public
from signoff.errors import ConfigurationError, ForbiddenAddressError
from signoff.network import NETWORK_ERRORS, failure_reason, guarded_session, safe_url

FORBIDDEN = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.168.1.1",
    "198.18.0.1",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::808:808",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
]


@pytest.mark.parametrize("text", FORBIDDEN)
def test_a_special_address_is_not_public(text: str) -> None:
    assert not public(parse_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_a_global_address_is_public(text: str) -> None:
    assert public(parse_address(text))


@hypothesis.settings(deadline=None)
@given(st.ip_addresses())
def test_nothing_is_public_that_python_calls_private(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if isinstance(address, ipaddress.IPv4Address):
        for carrier in ("::ffff:", "64:ff9b::"):
            assert public(ipaddress.IPv6Address(f"{carrier}{address}")) == public(address)
    elif address.ipv4_mapped or address.sixtofour:
        return  # judged by what they carry; Pythons differ in what they call them
    elif address in ipaddress.IPv6Network("64:ff9b::/96"):
        return
    if public(address):
        assert not any((address.is_private, address.is_multicast, address.is_reserved))


# -- the check where the socket is opened -----------------------------------------------------


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


Resolver = Callable[..., list[tuple[Any, ...]]]


def resolve_to(monkeypatch: pytest.MonkeyPatch, *rounds: list[str]) -> list[str]:
    """Make every name resolve to the addresses of each round in turn; returns what was asked."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def fake(host: str, port: int, *rest: Any, **named: Any) -> list[tuple[Any, ...]]:
        asked.append(host)
        addresses = rounds[min(len(asked), len(rounds)) - 1]
        return [entry for each in addresses for entry in real(each, port, *rest, **named)]

    monkeypatch.setattr(socket, "getaddrinfo", fake)
    return asked


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "LOCALHOST",
        "0.0.0.0",
        "2130706433",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[0:0:0:0:0:ffff:7f00:1]",
    ],
)
def test_no_spelling_of_loopback_is_connected_to(receiver: Receiver, host: str) -> None:
    with guarded_session([]) as session, pytest.raises(ForbiddenAddressError) as refused:
        session.get(f"http://{host}:{receiver.port}/secret?token=hush")
    assert receiver.requests == []
    assert "SIGNOFF_ALLOWED_HOSTS" in str(refused.value)
    assert "hush" not in str(refused.value)


def test_the_refusal_names_host_and_address(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, ["169.254.169.254"])
    with guarded_session([]) as session, pytest.raises(ForbiddenAddressError) as refused:
        session.get("https://user:pass@innocent.example/")
    assert "innocent.example leads to 169.254.169.254" in str(refused.value)
    assert "pass" not in str(refused.value)


@pytest.mark.parametrize("entry", ["127.0.0.1", "127.0.0.1:{port}", " 127.0.0.1:{port} "])
def test_an_allowed_host_is_connected_to(receiver: Receiver, entry: str) -> None:
    with guarded_session([entry.format(port=receiver.port)]) as session:
        assert session.get(receiver.url()).status_code == 200


def test_another_port_of_an_allowed_host_and_port_is_refused(receiver: Receiver) -> None:
    with guarded_session(["127.0.0.1:1"]) as session, pytest.raises(ForbiddenAddressError):
        session.get(receiver.url())


def test_a_strangers_name_for_an_allowed_address_is_refused(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_to(monkeypatch, ["127.0.0.1"])
    with guarded_session([receiver.host]) as session, pytest.raises(ForbiddenAddressError):
        session.get(f"http://stranger.example:{receiver.port}/")


def test_one_private_address_among_public_ones_refuses_the_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolve_to(monkeypatch, ["8.8.8.8", "10.0.0.1"])
    with guarded_session([]) as session, pytest.raises(ForbiddenAddressError, match="10.0.0.1"):
        session.get("http://mixed.example/")


def test_a_name_that_changes_its_address_gets_no_connection_to_the_new_one(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: public when looked at, loopback a moment later."""
    asked = resolve_to(monkeypatch, ["8.8.8.8"], ["127.0.0.1"])
    connected: list[Any] = []

    def connect(self: socket.socket, address: Any) -> None:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    with guarded_session([]) as session:
        with pytest.raises(requests.ConnectionError):
            session.get(f"http://rebind.example:{receiver.port}/")
        assert (connected, len(asked)) == ([("8.8.8.8", receiver.port)], 1)
        with pytest.raises(ForbiddenAddressError):
            session.get(f"http://rebind.example:{receiver.port}/")
    assert len(connected) == 1


def test_a_redirect_into_a_forbidden_network_is_refused() -> None:
    target = {"Location": "http://169.254.169.254/latest/meta-data/"}
    with (
        Receiver([Answer(302, target)]) as receiver,
        guarded_session([receiver.host]) as session,
        pytest.raises(ForbiddenAddressError, match=r"169\.254\.169\.254"),
    ):
        session.get(receiver.url())


def test_redirects_end_somewhere() -> None:
    with (
        Receiver([Answer(302, {"Location": "/again"})]) as receiver,
        guarded_session([receiver.host], max_redirects=3) as session,
    ):
        with pytest.raises(requests.TooManyRedirects):
            session.get(receiver.url())
        assert len(receiver.requests) == 4


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://x/"])
def test_a_redirect_to_another_scheme_is_refused(target: str) -> None:
    with (
        Receiver([Answer(302, {"Location": target})]) as receiver,
        guarded_session([receiver.host]) as session,
        pytest.raises(requests.exceptions.InvalidSchema),
    ):
        session.get(receiver.url())


def test_a_redirects_body_is_not_read() -> None:
    endless = Answer(302, {"Location": "/end"}, trickle="body")
    with (
        Receiver(answers_by_path={"/": endless, "/end": Answer(body=b"done")}) as receiver,
        guarded_session([receiver.host]) as session,
        session.time_limit(5),
    ):
        assert session.get(receiver.url()).content == b"done"
        assert not session.expired


def test_a_malformed_redirect_is_an_answer_like_any_other() -> None:
    with (
        Receiver([Answer(302, {"Location": "http://[oops/"})]) as receiver,
        guarded_session([receiver.host]) as session,
    ):
        assert session.get(receiver.url()).status_code == 302


def test_proxies_from_the_environment_are_not_asked(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with guarded_session([receiver.host]) as session:
        assert session.get(receiver.url()).status_code == 200
        with pytest.raises(requests.exceptions.ProxyError):
            session.get(receiver.url(), proxies={"http": "http://127.0.0.1:9"})


def test_other_schemes_are_refused() -> None:
    with guarded_session([]) as session, pytest.raises(requests.exceptions.InvalidSchema):
        session.get("file:///etc/passwd")


# -- TLS ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS context for the name signoff.test, and the file that vouches for it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "signoff.test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("signoff.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    chain, secret = folder / "certificate.pem", folder / "key.pem"
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, secret)
    return context, chain


def test_tls_is_checked_against_the_name_not_the_address(
    tls: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    context, chain = tls
    greeted: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: greeted.append(name)
    resolve_to(monkeypatch, ["127.0.0.1"])
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(chain))
    hosts = ["signoff.test", "other.test"]
    with Receiver(tls=context) as receiver, guarded_session(hosts) as session:
        assert session.get(f"https://signoff.test:{receiver.port}/").status_code == 200
        with session.time_limit(5), pytest.raises(requests.exceptions.SSLError) as refused:
            session.get(f"https://other.test:{receiver.port}/")
        assert "certificate" in failure_reason(refused.value)
        assert not session.request_sent
    assert greeted == ["signoff.test", "other.test"]


def test_a_tls_answer_that_trickles_is_cut(
    tls: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    context, chain = tls
    resolve_to(monkeypatch, ["127.0.0.1"])
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(chain))
    with (
        Receiver([Answer(trickle="body")], tls=context) as receiver,
        guarded_session(["signoff.test"]) as session,
        session.time_limit(0.5),
    ):
        with pytest.raises(NETWORK_ERRORS):
            session.get(f"https://signoff.test:{receiver.port}/")
        assert session.expired


# -- the time limit -------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["headers", "body"])
def test_an_answer_that_trickles_forever_is_cut(part: Any) -> None:
    with (
        Receiver([Answer(trickle=part)]) as receiver,
        guarded_session([receiver.host]) as session,
        session.time_limit(0.4),
    ):
        # headers that break off look complete to http.client: only `expired` tells
        with suppress(*NETWORK_ERRORS):
            session.get(receiver.url())
        assert session.expired
        assert session.request_sent


def test_a_silent_server_is_given_up() -> None:
    with (
        Receiver([Answer(delay=30)]) as receiver,
        guarded_session([receiver.host]) as session,
        session.time_limit(0.3),
        pytest.raises(requests.RequestException) as late,
    ):
        session.get(receiver.url())
    assert "in time" in failure_reason(late.value) or "broke" in failure_reason(late.value)


# -- what is said of failures -----------------------------------------------------------------


def closed_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def test_a_refused_connection_sent_nothing_and_says_so() -> None:
    with guarded_session(["127.0.0.1"]) as session, session.time_limit(5):
        with pytest.raises(requests.ConnectionError) as refused:
            session.get(f"http://127.0.0.1:{closed_port()}/?token=hush")
        assert not session.request_sent
    assert failure_reason(refused.value) == "the connection was refused"


def test_an_unknown_name_sent_nothing_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with guarded_session([]) as session, session.time_limit(5):
        with pytest.raises(requests.ConnectionError) as refused:
            session.get("http://nowhere.example/?token=hush")
        assert not session.request_sent
    assert failure_reason(refused.value) == "the host name cannot be resolved"


def test_a_broken_connection_may_have_sent_the_request() -> None:
    with (
        Receiver([Answer(disconnect="at once")]) as receiver,
        guarded_session([receiver.host]) as session,
        session.time_limit(5),
    ):
        with pytest.raises(requests.ConnectionError) as broken:
            session.get(receiver.url("/?token=hush"))
        assert session.request_sent
    assert failure_reason(broken.value) == "the connection broke before the answer was complete"


@hypothesis.settings(deadline=None)
@given(st.text(max_size=40))
def test_a_reason_never_quotes_what_an_exception_says(text: str) -> None:
    error = requests.ConnectionError(http.client.IncompleteRead(text.encode()), text)
    assert failure_reason(error) == "the call failed (ConnectionError)" or "broke" in (
        failure_reason(error)
    )


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:pass@host:8443/a/b.pdf?sig=1#x", "https://host:8443/a/b.pdf"),
        ("s3://bucket/key.pdf", "s3://bucket/key.pdf"),
        ("http://[oops", "the URL"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert safe_url(url) == shown


@hypothesis.settings(deadline=None)
@given(st.text())
def test_any_text_can_be_shown_as_a_url(text: str) -> None:
    assert len(safe_url(text)) <= 300


# -- the setting ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "host", "port", "allowed"),
    [
        ("erp.local", "ERP.local.", 80, True),
        ("erp.local", "sub.erp.local", 80, False),
        ("erp.local:8080", "erp.local", 8080, True),
        ("[fd00::1]:8080", "fd00:0::1", 8080, True),
        ("[fd00::1]:8080", "fd00::1", 80, False),
        ("fd00::1", "[fd00::1]", 80, True),
        ("müller.local", "xn--mller-kva.local", 80, True),
        ("127.0.0.1", "::ffff:127.0.0.1", 80, False),
    ],
)
def test_an_allowed_host_is_compared_by_name(
    entry: str, host: str, port: int, allowed: bool
) -> None:
    assert AllowedHosts([entry]).allow(host, port=port) is allowed


@pytest.mark.parametrize(
    "entry", ["", "http://erp.local", "erp.local/", "*.local", "erp:0", "erp:70000", "a b", "::x::"]
)
def test_an_entry_that_is_no_host_is_refused_with_the_settings_name(entry: str) -> None:
    with pytest.raises(ConfigurationError, match="SIGNOFF_ALLOWED_HOSTS"):
        guarded_session([entry])


def test_no_secret_reaches_the_log(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), guarded_session([receiver.host]) as session:
        session.get(receiver.url("/?token=hush"), headers={"Authorization": "hush"})
    assert "hush" not in caplog.text
