"""HTTP calls to addresses that others chose: checked on the address really connected to.

The check sits where the socket is opened. A host name is resolved once, all of its addresses
are checked, and the connection goes to one of exactly these: whatever the name says a moment
later (DNS rebinding), and wherever a redirect leads, no connection is made unchecked.
"""

from __future__ import annotations

import os
import socket
import ssl
import sys
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import exceptions as urllib3_errors
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.connection import allowed_gai_family

from signoff.addresses import AllowedHosts, parse_address, public
from signoff.errors import ForbiddenAddressError

DEFAULT_TIMEOUT = 60.0

NETWORK_ERRORS = (requests.RequestException, urllib3_errors.HTTPError, OSError, ValueError)
"""What a call through :class:`GuardedSession` can raise besides our own errors.

OSError and ValueError: requests lets some through, such as a malformed redirect target's.
"""


def resolve(host: str, *, port: int, allowed_hosts: AllowedHosts) -> list[tuple[Any, ...]]:
    """The addresses of ``host`` as :func:`socket.getaddrinfo` gives them, all of them checked.

    One forbidden address refuses the host: which of several is tried first is chance.

    Raises:
        ForbiddenAddressError: the host leads into a network that is not public, and is not
            among ``allowed_hosts``.
        OSError: the name cannot be resolved.
    """
    found = socket.getaddrinfo(host, port, allowed_gai_family(), socket.SOCK_STREAM)
    if not allowed_hosts.allow(host, port=port):
        for *_, sockaddr in found:
            if not public(parse_address(str(sockaddr[0]))):
                named = f"[{host}]" if ":" in host else host
                literal = host == str(sockaddr[0])
                leads = "is" if literal else f"leads to {sockaddr[0]}, which is"
                raise ForbiddenAddressError(
                    f"{named} {leads} no public address. If it may be called, the operator"
                    f' adds "{named}:{port}" to SIGNOFF_ALLOWED_HOSTS.'
                )
    return list(found)


class _Guard:
    """What the connections of one session share: the allowed hosts and the time limit."""

    def __init__(self, allowed_hosts: Collection[str]) -> None:
        self.allowed_hosts = AllowedHosts(allowed_hosts)
        self.request_sent = False
        self.expired = False
        self._ends: float | None = None
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []

    @contextmanager
    def time_limit(self, seconds: float) -> Iterator[None]:
        self.request_sent = self.expired = False
        self._ends = time.monotonic() + seconds
        timer = threading.Timer(seconds, self._expire)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()
            self._ends = None

    def remaining(self) -> float:
        if self._ends is None:
            return DEFAULT_TIMEOUT
        return max(self._ends - time.monotonic(), 0.001)

    def watch(self, sock: socket.socket) -> None:
        with self._lock:
            self._sockets = [known for known in self._sockets if known.fileno() != -1]
            self._sockets.append(sock)
            expired = self.expired
        if expired:
            self._cut(sock)

    def _expire(self) -> None:
        with self._lock:
            self.expired = True
            sockets = list(self._sockets)
        for sock in sockets:
            self._cut(sock)

    @staticmethod
    def _cut(sock: socket.socket) -> None:
        # A socket timeout starts anew with every byte that trickles in; shutting the socket down
        # ends the read in the other thread. SSLSocket's own shutdown() would take away the TLS
        # object under that read: the plain one only ends the connection.
        with suppress(OSError):
            socket.socket.shutdown(sock, socket.SHUT_RDWR)


class _Guarded(HTTPConnection):
    """A connection that opens sockets to checked addresses only."""

    def __init__(self, *args: Any, guard: _Guard, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._guard = guard

    def _new_conn(self) -> socket.socket:
        # The name is resolved with its trailing dot, if it has one: urllib3's reason is there.
        host = self._dns_host.strip("[]")
        try:
            found = resolve(host, port=self.port, allowed_hosts=self._guard.allowed_hosts)
        except socket.gaierror as error:
            raise urllib3_errors.NameResolutionError(self.host, self, error) from error
        except UnicodeError as error:
            raise urllib3_errors.LocationParseError("the host name") from error
        sock = self._connect(found)
        sys.audit("http.client.connect", self, self.host, self.port)
        return sock

    def _connect(self, found: list[tuple[Any, ...]]) -> socket.socket:
        failure: OSError = OSError("the name has no addresses")
        for left, (family, kind, protocol, _, sockaddr) in zip(
            range(len(found), 0, -1), found, strict=True
        ):
            sock = socket.socket(family, kind, protocol)
            try:
                for option in self.socket_options or ():
                    sock.setsockopt(*option)
                # an address that swallows packets leaves the others their share of the time
                sock.settimeout(self._guard.remaining() / left)
                sock.connect(sockaddr)
                sock.settimeout(self._guard.remaining())
                return sock
            except OSError as error:
                sock.close()
                failure = error
            except BaseException:
                sock.close()
                raise
        if isinstance(failure, TimeoutError):
            raise urllib3_errors.ConnectTimeoutError(self, "no connection") from failure
        raise urllib3_errors.NewConnectionError(self, "no connection") from failure

    def connect(self) -> None:
        super().connect()
        self._guard.watch(self.sock)

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        self._guard.request_sent = True
        super().send(data)


class _GuardedTLS(_Guarded, HTTPSConnection):
    """The same under TLS; certificate and SNI are checked against the name, as ever."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Guarded


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _GuardedTLS


class _GuardedAdapter(HTTPAdapter):
    def __init__(self, guard: _Guard) -> None:
        self._guard = guard
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": partial(_Pool, guard=self._guard),
            "https": partial(_TLSPool, guard=self._guard),
        }

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        raise requests.exceptions.ProxyError("proxies are not used: they would defeat the check")

    def send(  # type: ignore[override]
        self, request: requests.PreparedRequest, timeout: Any = None, **kwargs: Any
    ) -> requests.Response:
        # a little more than is left: the time limit is to end the call, and say so, not this
        return super().send(request, timeout=self._guard.remaining() + 1, **kwargs)


class GuardedSession(requests.Session):
    """A session that refuses forbidden addresses; for one thread at a time.

    Redirects of a GET are followed up to ``max_redirects``; their bodies are not read.
    """

    def __init__(self, allowed_hosts: Collection[str], *, max_redirects: int = 5) -> None:
        """Open a session; ``allowed_hosts`` are hosts, or host:port, that may be private."""
        super().__init__()
        self._guard = _Guard(allowed_hosts)
        adapter = _GuardedAdapter(self._guard)
        self.adapters.clear()
        self.mount("https://", adapter)
        self.mount("http://", adapter)
        self.max_redirects = max_redirects
        # A proxy from the environment would connect in our stead, to addresses we never see,
        # and a .netrc would hand the operator's passwords to whoever's URL is called.
        self.trust_env = False
        self.verify = (
            os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
        )

    @property
    def request_sent(self) -> bool:
        """Whether any byte of a request may have left since the last time limit began."""
        return self._guard.request_sent

    @property
    def expired(self) -> bool:
        """Whether the time limit has cut the connection; what was read then is incomplete."""
        return self._guard.expired

    @contextmanager
    def time_limit(self, seconds: float) -> Iterator[None]:
        """Bound all that happens in a ``with`` block: connecting, redirects, every byte read.

        Not bounded is the resolver, whose own time-outs are the system's.
        """
        with self._guard.time_limit(seconds):
            yield

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Where ``resp`` redirects to; its body is dropped, or requests would read all of it."""
        target = super().get_redirect_target(resp)
        if target is None:
            return None
        try:
            urlsplit(target)
        except ValueError:
            return None
        resp._content = b""
        resp.close()
        return target


def guarded_session(allowed_hosts: Collection[str], *, max_redirects: int = 5) -> GuardedSession:
    """A session for URLs that others chose: see :class:`GuardedSession`.

    Raises:
        ConfigurationError: an entry of ``allowed_hosts`` is neither a host nor host:port.
    """
    return GuardedSession(allowed_hosts, max_redirects=max_redirects)


def safe_url(url: str) -> str:
    """``url`` as it may be shown: without credentials, query and fragment."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "the URL"
    shown = f"{parts.scheme}://{host}{parts.path}" if parts.scheme else f"{host}{parts.path}"
    return shown if len(shown) <= 300 else shown[:299] + "…"


def failure_reason(error: BaseException) -> str:
    """What went wrong, in words, without the URL that requests puts into its messages."""
    chain = list(_chain(error))
    for link in chain:
        match link:
            case urllib3_errors.NameResolutionError():
                return "the host name cannot be resolved"
            case ssl.SSLCertVerificationError():
                return f"the TLS certificate was not accepted: {link.verify_message}"
            case ssl.SSLError():
                return f"the TLS connection failed: {link.reason or 'no common protocol'}"
            case ConnectionRefusedError():
                return "the connection was refused"
            case requests.TooManyRedirects():
                return "there are too many redirects"
            case requests.exceptions.InvalidHeader():
                return "a header's name or value is not valid"
            case requests.exceptions.InvalidSchema():
                return "only http and https URLs are taken"
            case requests.exceptions.InvalidURL() | urllib3_errors.LocationParseError():
                return "the URL is not valid"
            case requests.exceptions.ContentDecodingError():
                return "the answer's content encoding is broken"
    for link in chain:
        match link:
            case urllib3_errors.ConnectTimeoutError():
                return "no connection came about in time"
            case urllib3_errors.ReadTimeoutError() | TimeoutError():
                return "no complete answer came in time"
            case urllib3_errors.NewConnectionError():
                strerror = getattr(link.__cause__, "strerror", None)
                return f"no connection: {strerror or 'unknown reason'}"
            case ConnectionError() | urllib3_errors.ProtocolError():
                return "the connection broke before the answer was complete"
    return f"the call failed ({type(error).__name__})"


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    queue: list[object] = [error]
    while queue:
        link = queue.pop(0)
        if isinstance(link, BaseException) and id(link) not in seen:
            seen.add(id(link))
            yield link
            queue += [getattr(link, "reason", None), *link.args, link.__cause__, link.__context__]
