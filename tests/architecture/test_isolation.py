"""Every practice-owned table is isolated by the database itself, whatever Python forgets."""

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, models, transaction

from ignition.demo import stock
from invoicing.operations import bill_due_periods
from practices.isolation import POLICY, same_practice_keys, short_name, tenant_models
from practices.models import AuditEntry, Membership, Practice, User
from practices.tenancy import practice_scope
from proposals.models import Proposal
from proposals.operations import send_proposal, sign_proposal

PLATFORM_TABLES = {"practices.practice", "practices.user", "practices.membership", "practices.apikey"}
DJANGOS_OWN = {"account", "admin", "auth", "contenttypes", "mfa", "sessions", "usersessions"}

each_tenant_model = pytest.mark.parametrize("model", tenant_models(), ids=lambda model: model._meta.label)


def rows(query: str, *parameters: object) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchall()


def test_every_model_is_a_tenants_or_a_named_platform_table():
    others = {
        model._meta.label_lower
        for model in apps.get_models()
        if model not in tenant_models() and model._meta.app_label not in DJANGOS_OWN
    }
    assert others == PLATFORM_TABLES


@each_tenant_model
def test_a_tenant_table_has_row_level_security_and_its_policy(db, model):
    table = model._meta.db_table
    assert rows("SELECT relrowsecurity FROM pg_class WHERE oid = %s::regclass", table) == [(True,)]
    assert rows("SELECT policyname, cmd FROM pg_policies WHERE tablename = %s", table) == [(POLICY, "ALL")]


@each_tenant_model
def test_every_key_to_a_tenant_table_has_its_same_practice_twin(db, model):
    table = model._meta.db_table
    wanted = {short_name(f"{table}_{field.column}_same_practice") for field in same_practice_keys(model)}
    found = {
        name
        for (name,) in rows(
            "SELECT conname FROM pg_constraint WHERE contype = 'f' AND conrelid = %s::regclass", table
        )
    }
    assert wanted <= found


def affected(statement: str, *parameters: object) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.rowcount


@each_tenant_model
def test_without_a_scope_raw_sql_sees_nothing_and_may_write_nothing(cast, model):
    table = model._meta.db_table
    assert rows(f'SELECT count(*) FROM "{table}"') == [(0,)]
    with pytest.raises(DatabaseError, match="row-level security"):
        affected(f'INSERT INTO "{table}" (practice_id) VALUES (%s)', cast.brook.pk)


@pytest.fixture
def busy_brook(brook):
    """Brook & Co with something in most of its tables."""
    with practice_scope(brook.pk):
        stock(brook)
        proposal = send_proposal(Proposal.objects.get(), on=brook.today())
        signatory = proposal.client.people.get()
        sign_proposal(
            proposal,
            signatory,
            signed_name=signatory.name,
            document_sha256=proposal.document_sha256,
            on=brook.today(),
        )
        bill_due_periods(on=brook.today())
    return brook


def test_from_the_other_practice_no_row_can_be_read_changed_or_deleted(busy_brook, cedar):
    populated = []
    for model in tenant_models():
        table = model._meta.db_table
        with practice_scope(busy_brook.pk):
            ours = rows(f'SELECT count(*) FROM "{table}"')[0][0]
        populated += [model] if ours else []
        with practice_scope(cedar.pk):
            assert rows(f'SELECT count(*) FROM "{table}" WHERE practice_id = %s', busy_brook.pk) == [(0,)]
            if not model.append_only:
                change = f'UPDATE "{table}" SET practice_id = practice_id WHERE practice_id = %s'
                assert affected(change, busy_brook.pk) == 0
                assert affected(f'DELETE FROM "{table}" WHERE practice_id = %s', busy_brook.pk) == 0
    assert len(populated) > 15


@each_tenant_model
def test_from_the_other_practice_no_row_can_be_added(brook, cedar, model):
    with pytest.raises(DatabaseError, match="row-level security"), practice_scope(cedar.pk):
        affected(f'INSERT INTO "{model._meta.db_table}" (practice_id) VALUES (%s)', brook.pk)


def audit_entries_of(practice) -> list[int]:
    with practice_scope(practice.pk):
        return list(AuditEntry.objects.values_list("pk", flat=True))


def test_raw_sql_sees_only_the_practice_of_the_scope(brook, cedar):
    theirs = audit_entries_of(cedar)
    with practice_scope(brook.pk):
        seen = {pk for (pk,) in rows("SELECT id FROM practices_auditentry")}
    assert seen
    assert theirs
    assert seen.isdisjoint(theirs)


def test_a_row_cannot_be_written_into_another_practice(brook, cedar):
    with pytest.raises(DatabaseError, match="row-level security"), practice_scope(brook.pk):
        AuditEntry.objects.create(practice=cedar, action="x", subject_type="y", subject_id=1)


def make_tax_rate(practice):
    rate_model = apps.get_model("services.TaxRate")
    with practice_scope(practice.pk):
        return rate_model.objects.first()


def test_a_row_cannot_be_moved_into_another_practice(brook, cedar):
    rate = make_tax_rate(brook)
    with pytest.raises(DatabaseError, match="row-level security"), practice_scope(brook.pk):
        rows("UPDATE services_taxrate SET practice_id = %s WHERE id = %s RETURNING id", cedar.pk, rate.pk)


def test_a_row_cannot_point_to_another_practices_row(brook, cedar):
    foreign = make_tax_rate(cedar)
    service = apps.get_model("services.Service")
    with pytest.raises(IntegrityError, match="same_practice"), practice_scope(brook.pk):
        service.objects.create(name="Bookkeeping", tax_rate_id=foreign.pk)


@pytest.mark.parametrize(
    "model", [model for model in tenant_models() if model.append_only], ids=lambda model: model._meta.label
)
@pytest.mark.parametrize("statement", ["UPDATE {} SET practice_id = practice_id", "DELETE FROM {}"])
def test_the_application_may_neither_change_nor_delete_append_only_rows(brook, model, statement):
    with pytest.raises(DatabaseError, match="permission denied"), practice_scope(brook.pk):
        rows(statement.format(model._meta.db_table))


def test_audit_entries_and_what_was_signed_are_append_only():
    kept = {model.__name__ for model in tenant_models() if model.append_only}
    assert kept == {"AuditEntry", "PennySignOff", "ProposalEvent", "Signature", "SignedRecord"}


def test_tests_run_as_the_application_and_it_owns_nothing(db):
    assert rows("SELECT current_user") == [(settings.APP_ROLE,)]
    assert rows("SELECT count(*) FROM pg_tables WHERE tableowner = current_user") == [(0,)]
    assert rows("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user") == [
        (False, False)
    ]


#: For the operator's figures: practice ids, names of queues, counts and ages. Nothing of any row. For pages: which
#: tables of one practice changed, as names and chance numbers.
#: Those that change rows no policy or grant lets the application change; each checks itself that it may.
CHANGES = {"practices_remove_demo", "ignition_forget_client"}
COUNTS = {
    "operation_queue_states": "TABLE(practice_id bigint, queue text, state text, waiting bigint,"
    " oldest double precision)",
    "practices_marks": "text[]",
    "ignition_mark_new_practice": "trigger",
}


def test_functions_that_look_across_practices_return_ids_or_counts_only(db):
    definers = rows(
        "SELECT proname, pg_get_function_result(oid) FROM pg_proc"
        " WHERE prosecdef AND pronamespace = 'public'::regnamespace"
    )
    assert definers
    assert {name for name, result in definers if result == "void"} == CHANGES
    assert {name: result for name, result in definers if result not in ("SETOF bigint", "void")} == COUNTS


def test_no_view_or_materialized_view_goes_round_the_policies(db):
    assert rows("SELECT count(*) FROM pg_matviews WHERE schemaname = 'public'") == [(0,)]
    unsafe = rows(
        "SELECT relname FROM pg_class WHERE relkind = 'v' AND relnamespace = 'public'::regnamespace"
        " AND NOT coalesce('security_invoker=true' = ANY (reloptions), false)"
    )
    assert unsafe == []


def test_the_owner_role_is_refused_outside_migrate(db, monkeypatch):
    from practices.checks import bound_by_row_level_security

    monkeypatch.setattr(settings, "DATABASE_ROLE", settings.OWNER_ROLE)
    monkeypatch.setattr("sys.argv", ["manage.py", "runserver"])
    assert [error.id for error in bound_by_row_level_security(databases=["default"])] == ["practices.E001"]


def test_a_role_that_bypasses_policies_is_refused(db):
    from practices.checks import bound_by_row_level_security

    assert bound_by_row_level_security(databases=["default"]) == []
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {settings.OWNER_ROLE}")
    try:
        assert [error.id for error in bound_by_row_level_security(databases=["default"])] == [
            "practices.E002"
        ]
    finally:
        connection.close()


def test_migrations_are_complete(db):
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_indexes_and_unique_constraints_lead_with_the_practice():
    """The policy then is an index condition (one-to-one keys and globally unique ids excepted)."""
    exempt = {"idempotency_id_is_unique", "an_authorisation_state_is_unique"}
    strays = []
    for model in tenant_models():
        constraints = [c for c in model._meta.constraints if isinstance(c, models.UniqueConstraint)]
        for item in [*model._meta.indexes, *constraints]:
            first = item.fields[0] if item.fields else str(item.expressions[0])
            if "practice" not in first and item.name not in exempt:
                strays.append(item.name)
    assert strays == []


def test_deleting_a_practices_people_needs_no_scope(cast):
    with transaction.atomic():
        Membership.objects.filter(user=cast.bob).delete()
    assert User.objects.filter(pk=cast.bob.pk).exists()
    assert Practice.objects.count() == 2
