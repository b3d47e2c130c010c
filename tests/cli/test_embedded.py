"""The Redis that comes along: private, named to the parts through a file, gone with the run."""

import os
import subprocess

import pytest

from bot.cli import embedded
from bot.settings import load
from bot.store.bell import connect_redis


@pytest.fixture
def redis_of(started, soon):
    """Starts the embedded Redis of a shop and answers a client for it."""

    def start(settings):
        part = embedded.prepare(settings)
        started.append(subprocess.Popen(part.argv, executable=part.executable))
        client = connect_redis(embedded.redis_url(settings))
        soon(lambda: os.path.exists(embedded.redis_url(settings).removeprefix("unix://")))
        return client

    return start


def test_it_answers_to_us_only_and_keeps_nothing_on_disk(tmp_path, redis_of, started):
    settings = load(None, {}, tmp_path)
    client = redis_of(settings)
    assert client.ping()
    assert client.config_get("port", "save", "appendonly") == {"port": "0", "save": "", "appendonly": "no"}
    assert (tmp_path / "data" / "redis").stat().st_mode & 0o777 == 0o700
    with open(f"/proc/{started[0].pid}/cmdline", "rb") as file:
        assert file.read().startswith(b"redis-server\0")


def test_a_shop_in_a_deep_folder_has_a_short_socket(tmp_path, redis_of):
    deep = tmp_path / ("a-very-long-name-of-a-folder-" * 4)
    deep.mkdir()
    settings = load(None, {}, deep)
    assert redis_of(settings).ping()
    outside = os.path.dirname(embedded.redis_url(settings).removeprefix("unix://"))
    assert os.stat(outside).st_mode & 0o777 == 0o700
    embedded.clear(settings)
    assert not os.path.exists(outside)


def test_who_comes_later_finds_it_where_it_would_be(tmp_path):
    settings = load(None, {}, tmp_path)
    assert embedded.redis_url(settings) == f"unix://{tmp_path}/data/redis/redis.sock"


def test_a_configured_one_is_used_as_it_is(tmp_path):
    (tmp_path / "config.toml").write_text('[redis]\nurl = "redis://127.0.0.1:6390/2"')
    assert embedded.redis_url(load(None, {}, tmp_path)) == "redis://127.0.0.1:6390/2"
