from django.apps import AppConfig


class ClientsConfig(AppConfig):
    name = "clients"

    def ready(self) -> None:
        from clients import jobs
        from clients.models import Client
        from ledger.models import Posting
        from ledger.subjects import postings_are_about

        postings_are_about([Posting.Kind.CONTACT_UPSERT], Client, client="name", page="clients:client-detail")
        assert jobs.__all__  # noqa: S101 - importing it registers the steps
