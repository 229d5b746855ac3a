"""Packages: pinned by hash, without a known weakness, under licences that bind nobody."""

from devtools import audit


def test_attack_60_every_package_is_pinned_by_hash_and_known():
    assert len(audit.pinned()) > 60
    assert audit.packages_without_hash() == []
    assert audit.known_weaknesses() == ""
    assert audit.binding_licences() == ""


def test_attack_60_a_known_weakness_is_named():
    found = audit.weaknesses_in({"django": "5.2.7"})
    assert [line for line in found if line.startswith("django 5.2.7: CVE-2025-64459")]
    assert audit.weaknesses_in({"django": audit.pinned()["django"]}) == []


def test_every_package_of_the_kept_list_is_one_we_use():
    unused = {name for name, _, _ in audit.advisories()} - set(audit.pinned())
    assert unused == set()


def test_a_lock_without_a_hash_is_named(tmp_path, monkeypatch):
    (tmp_path / "run.txt").write_text("django==5.2.19 \\\n    --hash=sha256:00\nrequests==2.32.5\n")
    monkeypatch.setattr(audit, "REQUIREMENTS", tmp_path)
    assert audit.packages_without_hash() == ["requests"]
