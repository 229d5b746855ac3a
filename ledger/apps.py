from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "ledger"

    def ready(self) -> None:
        from ledger import receivers
        from ledger.job_rows import how_they_stand
        from practices.job_rows import follow_rows_by

        receivers.connect()
        follow_rows_by(how_they_stand)
