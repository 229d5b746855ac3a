"""One thing done with many clients: each once, in the background, with its outcome."""

import pytest
from django.urls import reverse

from clients.bulk import start_bulk
from clients.errors import NobodyChosen
from clients.models import Client
from practices.job_models import Job, JobRow
from practices.tasks import run_jobs
from practices.tenancy import practice_scope
from tests.integration.clients.books import a_client, names


@pytest.fixture
def clients(brook):
    with practice_scope(brook.pk):
        return [a_client(name) for name in ("Acme Ltd", "Bravo Ltd", "Charlie Ltd")]


def bulk(browser, **data):
    return browser.post(reverse("clients:client-bulk", args=["brook-co"]), data)


def done(brook, act, value, clients) -> list[JobRow]:
    with practice_scope(brook.pk):
        start_bulk(act, value, [client.pk for client in clients])
    run_jobs(brook.pk)
    with practice_scope(brook.pk):
        return list(JobRow.objects.all())


def test_ticked_clients_are_tagged_and_the_others_are_not(client_of, brook, clients):
    answer = bulk(client_of("bob"), act="tag", tag="VIP", selected=[clients[0].pk, clients[2].pk])
    assert "/jobs/" in answer.headers["Location"]
    run_jobs(brook.pk)
    with practice_scope(brook.pk):
        assert names(Client.objects.filter(tags__name="VIP")) == ["Acme Ltd", "Charlie Ltd"]
        assert Job.objects.get().succeeded == 2


def test_everybody_the_filters_let_through_is_meant_by_all(client_of, brook, clients):
    bulk(client_of("bob"), act="keep", query="q=bravo", everybody="1")
    run_jobs(brook.pk)
    with practice_scope(brook.pk):
        assert names(Client.objects.filter(posts_automatically=False)) == ["Bravo Ltd"]


def test_f18_the_switch_is_turned_for_many_at_once(brook, clients):
    done(brook, "keep", "", clients)
    with practice_scope(brook.pk):
        assert not Client.objects.filter(posts_automatically=True).exists()


@pytest.mark.parametrize("role", ["manager", "partner"])
def test_many_get_a_manager_or_partner(brook, cast, clients, role):
    done(brook, role, str(cast.bob.pk), clients[:2])
    with practice_scope(brook.pk):
        assert names(Client.objects.filter(**{role: cast.bob})) == ["Acme Ltd", "Bravo Ltd"]


def test_a_stranger_cannot_become_the_manager(client_of, brook, cast, clients):
    bulk(client_of("bob"), act="manager", person=cast.carol.pk, selected=[clients[0].pk])
    with practice_scope(brook.pk):
        assert not Job.objects.exists()


def test_one_foreign_client_among_the_ticked_and_nothing_is_done(brook, cedar, clients):
    with practice_scope(cedar.pk):
        foreign = a_client("Orchard Ltd")
    with practice_scope(brook.pk), pytest.raises(NobodyChosen):
        start_bulk("archive", "", [clients[0].pk, foreign.pk])
    with practice_scope(brook.pk):
        assert not Job.objects.exists()


def test_a_client_that_is_gone_by_then_is_left_out(brook, clients):
    with practice_scope(brook.pk):
        start_bulk("archive", "", [client.pk for client in clients])
        Client.objects.filter(name="Bravo Ltd").delete()
    run_jobs(brook.pk)
    with practice_scope(brook.pk):
        assert list(JobRow.objects.values_list("outcome", flat=True)) == ["done", "skipped", "done"]


def test_an_act_without_what_it_needs_says_so(client_of, brook, clients):
    page = bulk(client_of("bob"), act="tag", tag=" ", selected=[clients[0].pk])
    shown = client_of("bob").get(page.headers["Location"])
    assert "Type the tag." in shown.content.decode()


def test_a_tag_is_taken_off_again(brook, clients):
    done(brook, "tag", "VIP", clients)
    done(brook, "untag", "vip", clients[:1])
    with practice_scope(brook.pk):
        assert names(Client.objects.filter(tags__name="VIP")) == ["Bravo Ltd", "Charlie Ltd"]
