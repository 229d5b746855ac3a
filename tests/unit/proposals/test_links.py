"""Links: nobody makes one up, and each leads to what it should today."""

from datetime import date

import pytest
from django.core import signing

from practices.models import Practice
from proposals.errors import WrongLink
from proposals.links import SALT, PublicLink, Standing, public_path, read_token, standing_of
from proposals.models import Proposal

LAST_DAY = date(2027, 4, 9)


def proposal(status="sent", version=3):
    return Proposal(pk=42, practice=Practice(pk=7), status=status, link_version=version, valid_until=LAST_DAY)


def token_of(proposal):
    return public_path(proposal).split("/")[2]


def test_a_link_names_practice_proposal_and_version():
    assert read_token(token_of(proposal())) == PublicLink(7, 42, 3)


def test_a_link_stays_the_same_while_it_lives_and_changes_with_its_version():
    assert public_path(proposal()) == public_path(proposal())
    assert public_path(proposal()) != public_path(proposal(version=4))


def test_a_link_carries_nothing_that_mail_programs_break():
    assert set(token_of(proposal())) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
    )


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "a.b",
        "..",
        "WzcsNDIsM10.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        signing.Signer(salt="another.purpose", sep=".").sign_object([7, 42, 3]),
        signing.Signer(salt=SALT, sep=".").sign_object([7, 42]),
        signing.Signer(salt=SALT, sep=".").sign_object("7"),
        signing.Signer(key="somebody-elses-secret", salt=SALT, sep=".").sign_object([7, 42, 3]),
    ],
)
def test_what_we_did_not_sign_is_a_wrong_link(token):
    with pytest.raises(WrongLink):
        read_token(token)


def test_changing_one_character_makes_a_link_wrong():
    token = token_of(proposal())
    for place in range(len(token)):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        with pytest.raises(WrongLink):
            read_token(changed)


@pytest.mark.parametrize(
    ("status", "version", "on", "standing"),
    [
        ("sent", 3, LAST_DAY, Standing.OPEN),
        ("sent", 3, date(2027, 4, 10), Standing.EXPIRED),
        ("sent", 4, LAST_DAY, Standing.RECALLED),
        ("draft", 4, LAST_DAY, Standing.RECALLED),
        ("accepted", 3, date(2030, 1, 1), Standing.ACCEPTED),
        ("accepted", 4, LAST_DAY, Standing.RECALLED),
        ("declined", 3, LAST_DAY, Standing.DECLINED),
        ("expired", 3, LAST_DAY, Standing.EXPIRED),
    ],
)
def test_where_a_link_leads(status, version, on, standing):
    assert standing_of(proposal(status, version), PublicLink(7, 42, 3), on=on) is standing
