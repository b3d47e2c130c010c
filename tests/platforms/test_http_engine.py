"""The engine over real sockets: above all, what it says when no answer came, and that nothing is sent twice."""

from __future__ import annotations

import datetime
import os
import socket
import ssl
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from far_end import CLOSE, HANG, RESET, answer

from bot.platforms.http import Answer, HttpEngine, Request, Upload, Width, scrub

OK = answer({"errcode": 0})


def post(url, body=b'{"n":1}', **rest):
    return Request("POST", url, body, **rest)


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_one_connection_serves_many_calls_and_bodies_arrive_as_they_are(engine, far_end):
    end = far_end(lambda heard: answer(raw=heard.body))
    text = "您好😀，周五见".encode()
    assert [engine.call(post(end.url + "/a?x=1", text)).body for _ in range(3)] == [text] * 3
    assert engine.call(post(end.url, b"z" * 300_000)).body == b"z" * 300_000
    assert {heard.connection for heard in end.heard} == {1}
    assert end.heard[0].target == "/a?x=1"
    assert end.heard[0].headers["content-type"] == "application/json; charset=utf-8"
    assert "expect" not in end.heard[-1].headers


def test_get_and_post_take_turns_on_one_handle(engine, far_end):
    end = far_end(lambda heard: answer(raw=f"{heard.method} {len(heard.body)}".encode()))
    calls = [Request("GET", end.url), post(end.url), Request("GET", end.url)]
    assert [engine.call(call).body for call in calls] == [b"GET 0", b"POST 7", b"GET 0"]


@pytest.mark.parametrize("ending", [CLOSE, RESET])
def test_a_kept_connection_that_dies_after_the_platform_acted_is_unclear_and_never_repeated(engine, far_end, ending):
    end = far_end(lambda heard: OK if len(end.heard) < 3 else ending)
    engine.call(post(end.url))
    engine.call(post(end.url))
    lost = engine.call(post(end.url, b'{"n":"the one that acts"}'))
    assert lost.failure == "unclear"
    assert [heard.body for heard in end.heard].count(b'{"n":"the one that acts"}') == 1
    assert {heard.connection for heard in end.heard} == {1}


def test_the_same_on_many_kept_connections_at_once(engine, far_end):
    dying = threading.Event()
    end = far_end(lambda heard: CLOSE if dying.is_set() else OK)
    list(engine.stream(once([(n, post(end.url)) for n in range(64)]), initial=32))
    dying.set()
    before = len(end.heard)
    lost = list(engine.stream(once([(n, post(end.url, b"%d" % n)) for n in range(32)]), initial=32))
    bodies = [heard.body for heard in end.heard[before:]]
    assert sorted(ticket for ticket, _ in lost) == list(range(32))
    assert len(bodies) == len(set(bodies)) == 32
    assert {a.failure for _, a in lost} == {"unclear"}


def test_a_read_is_asked_again_by_itself_on_a_fresh_connection(engine, far_end):
    end = far_end(lambda heard: OK if heard.connection == 2 or len(end.heard) == 1 else CLOSE)
    engine.call(Request("GET", end.url))
    assert engine.call(Request("GET", end.url)).status == 200


def test_a_connection_the_platform_closed_while_idle_costs_nothing(engine, far_end):
    end = far_end(lambda heard: b"HTTP/1.1 200 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    assert [engine.call(post(end.url)).status for _ in range(3)] == [200] * 3
    assert [heard.connection for heard in end.heard] == [1, 2, 3]


def test_refused_and_unknown_hosts_are_not_sent(engine):
    assert engine.call(post(f"http://127.0.0.1:{closed_port()}/")).failure == "not_sent"
    assert engine.call(post("http://nowhere.invalid/")).failure == "not_sent"
    assert engine.call(post("ftp://127.0.0.1/")).failure == "not_sent"


def test_a_host_that_does_not_pick_up_is_not_sent(hasty):
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(deaf.getsockname())
        lost = hasty.call(post(f"http://127.0.0.1:{deaf.getsockname()[1]}/"))
        for filler in fillers:
            filler.close()
    assert lost.failure == "not_sent"


def test_a_certificate_nobody_vouches_for_is_not_sent(engine, tmp_path):
    with tls_listener(tmp_path) as (port, heard):
        lost = engine.call(post(f"https://127.0.0.1:{port}/"))
    assert lost.failure == "not_sent"
    assert heard == []


def test_silence_and_half_an_answer_are_unclear(hasty, far_end):
    silent = far_end(lambda heard: HANG)
    started = time.monotonic()
    assert hasty.call(post(silent.url)).failure == "unclear"
    assert 0.5 < time.monotonic() - started < 2.0
    cut = far_end(lambda heard: b'HTTP/1.1 200 X\r\nContent-Length: 50\r\n\r\n{"errcode"')
    assert hasty.call(post(cut.url)).failure == "unclear"


def test_a_long_call_may_take_its_own_time_and_the_next_may_not(hasty, far_end):
    def slow(heard):
        time.sleep(0.9)
        return OK

    end = far_end(slow)
    assert hasty.call(post(end.url, seconds=5)).status == 200
    assert hasty.call(post(end.url)).failure == "unclear"


def test_statuses_come_through_and_redirects_are_not_followed(engine, far_end):
    away = far_end(lambda heard: OK)
    end = far_end(
        lambda heard: (
            f"HTTP/1.1 302 X\r\nLocation: {away.url}\r\nContent-Length: 0\r\n\r\n".encode()
            if heard.path == "/moved"
            else answer(raw=b"<html>", status=502)
        )
    )
    assert engine.call(post(end.url + "/moved")).status == 302
    assert engine.call(post(end.url)) == Answer(502, b"<html>")
    assert away.heard == []


def test_the_environments_proxy_is_ignored(engine, far_end, monkeypatch):
    proxy = far_end(lambda heard: OK)
    end = far_end(lambda heard: OK)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, proxy.url)
    assert engine.call(post(end.url)).status == 200
    assert proxy.heard == []


def test_an_endless_answer_is_cut_off(engine, far_end):
    end = far_end(lambda heard: answer(raw=b"x" * (5 * 1024 * 1024 + 1)))
    lost = engine.call(post(end.url))
    assert (lost.failure, lost.body) == ("unclear", b"")
    assert "longer than" in lost.detail


def test_what_cannot_be_said_safely_is_refused_before_the_wire(engine):
    with pytest.raises(ValueError, match="needs a body"):
        engine.call(post("http://127.0.0.1:1/", b""))
    with pytest.raises(ValueError, match="GET or POST"):
        engine.call(Request("DELETE", "http://127.0.0.1:1/"))


def test_a_file_goes_up_as_a_form(engine, far_end):
    end = far_end(lambda heard: OK)
    upload = Upload("media", "海报.png", "image/png", b"\x89PNG\r\n--shuke")
    assert engine.call(Request("POST", end.url, files=(upload,))).status == 200
    boundary = end.heard[0].headers["content-type"].partition("boundary=")[2]
    _, part, end_mark = end.heard[0].body.split(b"--" + boundary.encode())
    head, _, content = part.partition(b"\r\n\r\n")
    assert content == b"\x89PNG\r\n--shuke\r\n"
    assert 'name="media"; filename="海报.png"' in head.decode()
    assert end_mark == b"--\r\n"
    with pytest.raises(ValueError, match="quotation marks"):
        engine.call(Request("POST", end.url, files=(Upload("media", 'a"\r\nX: 1', "image/png", b""),)))


def test_failures_are_told_without_secrets(engine):
    token = "PLANTED/token+1"
    url = f"http://127.0.0.1:{closed_port()}/cgi-bin/x?access_token=other-secret&to={token}"
    lost = engine.call(post(url, secrets=(token,)))
    assert lost.detail
    told = scrub(f"curl 7: failed for {url} and PLANTED%2Ftoken%2B1, secret=abc", (token,))
    for planted in ("PLANTED", "other-secret", "abc"):
        assert planted not in told + lost.detail


def test_a_stream_keeps_the_promised_number_in_flight_and_ends_when_all_is_said(engine, far_end):
    most = now = 0
    lock = threading.Lock()
    gate = threading.Barrier(4)

    def slow(heard):
        nonlocal most, now
        with lock:
            now += 1
            most = max(most, now)
        gate.wait(timeout=2)
        with lock:
            now -= 1
        return answer(raw=heard.body)

    end = far_end(slow)
    todo = [(n, post(end.url, b"%d" % n)) for n in range(32)]
    answers = dict(engine.stream(once(todo), initial=4, limit=4))
    assert {ticket: int(a.body) for ticket, a in answers.items()} == {n: n for n in range(32)}
    assert most == 4


def test_calls_made_inside_a_stream_do_not_disturb_it(engine, far_end):
    end = far_end(lambda heard: answer(raw=heard.body))
    seen = []
    for ticket, a in engine.stream(once([(n, post(end.url, b"%d" % n)) for n in range(20)]), initial=8):
        inner = engine.call(post(end.url, b"inner"))
        seen.append((ticket, a.body, inner.body))
    assert sorted(seen) == sorted((n, b"%d" % n, b"inner") for n in range(20))


def test_leaving_a_stream_early_drops_what_is_in_flight(engine, far_end):
    end = far_end(lambda heard: answer(raw=heard.body) if heard.body == b"0" else HANG)
    stream = engine.stream(once([(n, post(end.url, b"%d" % n)) for n in range(8)]), initial=8)
    assert next(stream)[0] == 0
    stream.close()
    assert engine.call(post(end.url, b"0")).body == b"0"


def test_a_dry_source_is_not_pestered_and_idle_is_called(hasty, far_end):
    end = far_end(lambda heard: HANG)
    asked, idled = [], []

    def source(room):
        asked.append(room)
        return [("slow", post(end.url))] if len(asked) == 1 else []

    ((ticket, a),) = hasty.stream(source, idle=lambda: idled.append(1))
    assert (ticket, a.failure) == ("slow", "unclear")
    assert len(asked) <= 4
    assert len(idled) >= 2


def test_the_width_doubles_on_good_answers_and_halves_once_for_a_burst_of_bad_ones():
    width = Width(initial=4, limit=64)
    for _ in range(4):
        width.good()
    assert width.value == 8
    for _ in range(4 + 8 + 8 + 16 + 16 + 32 + 32 + 64):
        width.good()
    assert width.value == 64
    for _ in range(64):
        width.bad()
    assert width.value == 32
    width.bad()
    assert width.value == 16


def test_an_engine_belongs_to_one_thread(engine, far_end):
    end = far_end(lambda heard: OK)
    engine.call(post(end.url))
    caught = []

    def elsewhere():
        try:
            engine.call(post(end.url))
        except RuntimeError as error:
            caught.append(str(error))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert len(caught) == 1


def test_a_forked_child_must_not_use_its_parents_connections(engine, far_end):
    end = far_end(lambda heard: OK)
    engine.call(post(end.url))
    child = os.fork()
    if child == 0:
        try:
            engine.call(post(end.url))
        except RuntimeError:
            os._exit(42)
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 42


def test_engines_of_several_threads_work_side_by_side(far_end):
    end = far_end(lambda heard: answer(raw=heard.body))
    results = {}

    def work(name):
        engine = HttpEngine()
        results[name] = [engine.call(post(end.url, name.encode())).body.decode() for _ in range(20)]
        engine.close()

    threads = [threading.Thread(target=work, args=(f"t{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {f"t{n}": [f"t{n}"] * 20 for n in range(4)}


def once(items):
    """A source that hands out the items and is then dry."""
    left = list(items)

    def source(room):
        taken, left[:] = left[:room], left[room:]
        return taken

    return source


class tls_listener:
    """A TLS server with a certificate of its own making; ``heard`` gets every byte it could decrypt."""

    def __init__(self, folder):
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
        day = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
        certificate = (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(day)
            .not_valid_after(day.replace(year=2046))
            .sign(key, hashes.SHA256())
        )
        path = folder / "far-end.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(path)
        self._heard = []

    def __enter__(self):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self._socket.getsockname()[1], self._heard

    def _serve(self):
        try:
            plain, _ = self._socket.accept()
            with self._context.wrap_socket(plain, server_side=True) as secure:
                if received := secure.recv(1000):
                    self._heard.append(received)
        except OSError:
            return  # the client hung up during the handshake, as it should

    def __exit__(self, *_):
        self._socket.close()
        self._thread.join(timeout=2)
