"""What a measurement can be told is said at once: no server is started for it."""

import pytest

from devtools.bench import BENCHES, bench


@pytest.mark.parametrize("name", BENCHES)
def test_the_options_of_a_bench_are_listed_without_servers(name, capfd, monkeypatch):
    monkeypatch.delattr("devtools.bench._fresh_servers")
    assert bench([name, "--help"]) == 0
    assert "--json" in capfd.readouterr().out
