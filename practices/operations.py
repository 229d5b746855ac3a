"""Opening a practice and looking after its people."""

from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify

from practices import audit
from practices.errors import DomainError
from practices.mail import queue_email
from practices.mail_kinds import MailKind
from practices.models import Invitation, MailWording, Membership, Practice, PracticeProfile, User
from practices.signals import practice_amended, practice_opened
from practices.tenancy import practice_scope

INVITATION_LIFE = timedelta(days=7)
INVITATION_SALT = "practices.invitation"


class AlreadyMember(DomainError):
    message = "This person already belongs to the practice."


class NotADemo(DomainError):
    message = "Only a demo practice can be removed. This one is real, so nothing was deleted."


class InvitationIsOver(DomainError):
    message = (
        "This invitation was used or withdrawn, or has expired. Ask the person who invited you for a new one."
    )


class InvitationIsAccepted(DomainError):
    message = "This invitation has been accepted already, so it is neither withdrawn nor sent again."


class InvitationForSomebodyElse(DomainError):
    message = "This invitation was sent to another e-mail address. Sign out and open the link again."


class LastOwner(DomainError):
    message = "A practice needs at least one owner. Make somebody else an owner first."


def open_practice(owner: User, name: str, *, country: str = "GB", is_demo: bool = False) -> Practice:
    """A new practice with its owner, all of it or nothing; ``is_demo`` for one made up to look around in.

    The one operation that opens a scope itself: the practice does not exist before.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('practices_practice', 'id'))")
        practice_id = cursor.fetchone()[0]
    with practice_scope(practice_id):
        practice = Practice.objects.create(
            pk=practice_id, name=name, slug=free_slug(name), country=country, is_demo=is_demo
        )
        Membership.objects.create(practice=practice, user=owner, role=Membership.Role.OWNER)
        practice_opened.send(Practice, practice=practice)
        with audit.acting_as(owner):
            audit.record("practice.opened", practice, name=name)
    return practice


def remove_demo(practice: Practice) -> None:
    """Delete a demo practice and every row of it, for good; raises `NotADemo` for any other.

    The database checks again, and deletes nothing but the acting practice. Nothing was ever in Sage.
    """
    if not practice.is_demo:
        raise NotADemo(practice)
    with connection.cursor() as cursor:
        cursor.execute("SELECT practices_remove_demo(%s)", [practice.pk])


def free_slug(name: str) -> str:
    """A short name for addresses that no other practice has."""
    stem = slugify(name)[:40] or "practice"
    taken = set(Practice.objects.filter(slug__startswith=stem).values_list("slug", flat=True))
    candidates = (stem if n == 1 else f"{stem}-{n}" for n in range(1, len(taken) + 2))
    return next(slug for slug in candidates if slug not in taken)


def amend_practice(practice: Practice) -> Practice:
    """The practice with changed particulars, recorded."""
    before = Practice.objects.select_for_update(no_key=True).get(pk=practice.pk)
    names = ("name", "vat_number", "invoice_day", "country", "owners_need_second_factor")
    changes = {
        n: [getattr(before, n), getattr(practice, n)]
        for n in names
        if getattr(before, n) != getattr(practice, n)
    }
    practice.save(update_fields=names)
    if changes:
        audit.record("practice.amended", practice, changes=changes)
        practice_amended.send(Practice, practice=practice, changes=changes)
    return practice


def amend_profile(profile: PracticeProfile) -> PracticeProfile:
    """What letters and messages say about the practice, changed and recorded; what was sent keeps its words."""
    names = [field.name for field in PracticeProfile._meta.fields if field.name not in {"id", "practice"}]
    before = PracticeProfile.objects.select_for_update().first() or PracticeProfile()
    changes = {
        name: [getattr(before, name), getattr(profile, name)]
        for name in names
        if getattr(before, name) != getattr(profile, name)
    }
    profile.pk = before.pk
    profile.save()
    if changes:
        audit.record("practice.profile_amended", profile, changes=changes)
    return profile


def write_wording(kind: MailKind, subject: str, body: str) -> MailWording:
    """The practice's own words for one kind of message, recorded; a later message has them."""
    old = MailWording.objects.select_for_update().filter(kind=kind.key).first() or MailWording()
    wording, _ = MailWording.objects.update_or_create(
        kind=kind.key, defaults={"subject": subject, "body": body}
    )
    changes = audit.changes_between(old, wording, ("subject", "body"))
    audit.record("mail.wording_written", wording, kind=kind.key, changes=changes)
    return wording


def drop_wording(kind: MailKind) -> None:
    """The usual words of a kind again, recorded; nothing where there are no others."""
    for wording in MailWording.objects.select_for_update().filter(kind=kind.key):
        changes = audit.changes_between(wording, MailWording(), ("subject", "body"))
        audit.record("mail.wording_dropped", wording, kind=kind.key, changes=changes)
        wording.delete()


def set_plan(practice: Practice, plan: str) -> Practice:
    """The practice on another of the operator's plans, recorded (F09)."""
    before, practice.plan = practice.plan, plan
    practice.save(update_fields=["plan"])
    audit.record("practice.plan_set", practice, before=before, after=plan)
    return practice


def invite_member(practice: Practice, email: str, role: str, *, by: User) -> Invitation:
    """An invitation that is on its way by e-mail and lasts a week; raises `AlreadyMember`."""
    invitation = _send_invitation(practice, email, role, by=by)
    audit.record("member.invited", invitation, role=role)
    return invitation


def invite_again(invitation: Invitation, *, by: User) -> Invitation:
    """A new invitation in the place of one that nobody accepted, running or expired: a new week, link and e-mail.

    Raises `InvitationIsAccepted` or `AlreadyMember`.
    """
    invitation = _unaccepted(invitation)
    again = _send_invitation(invitation.practice, invitation.email, invitation.role, by=by)
    audit.record("member.invited_again", again, role=again.role)
    return again


def withdraw_invitation(invitation: Invitation) -> None:
    """Delete an invitation with the earlier ones of its address, so that no link of them opens anything.

    Raises `InvitationIsAccepted`.
    """
    invitation = _unaccepted(invitation)
    # The trail says whose it was: the row that had the address is gone.
    audit.record("member.invitation_withdrawn", invitation, email=invitation.email, role=invitation.role)
    Invitation.objects.filter(email__iexact=invitation.email, accepted_at=None).delete()


def _unaccepted(invitation: Invitation) -> Invitation:
    invitation = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if invitation.accepted_at:
        raise InvitationIsAccepted(invitation)
    return invitation


def _send_invitation(practice: Practice, email: str, role: str, *, by: User) -> Invitation:
    if Membership.objects.filter(practice=practice, user__email__iexact=email).exists():
        raise AlreadyMember(email)
    Invitation.objects.filter(email__iexact=email, accepted_at=None).update(expires_at=timezone.now())
    invitation: Invitation = Invitation.objects.create(
        email=email.lower(), role=role, invited_by=by, expires_at=timezone.now() + INVITATION_LIFE
    )
    context = {"practice": practice, "inviter": by, "url": settings.PUBLIC_URL + invitation_path(invitation)}
    queue_email(invitation.email, "practices/invitation", context, event=f"invitation:{invitation.pk}")
    return invitation


def invitation_path(invitation: Invitation) -> str:
    """The path of the page where an invitation is accepted; its token names the practice."""
    token = signing.dumps([invitation.practice_id, invitation.pk], salt=INVITATION_SALT)
    return reverse("invitation-accept", args=[token])


def read_invitation_token(token: str) -> tuple[int, int]:
    """The practice's and the invitation's id; raises `InvitationIsOver` for anything we did not sign."""
    try:
        practice_id, invitation_id = signing.loads(token, salt=INVITATION_SALT, max_age=INVITATION_LIFE)
    except (signing.BadSignature, ValueError) as error:
        raise InvitationIsOver from error
    return practice_id, invitation_id


def open_invitation(invitation_id: int) -> Invitation:
    """The invitation while it can be accepted, locked; raises `InvitationIsOver`."""
    invitation: Invitation | None = Invitation.objects.select_for_update().filter(pk=invitation_id).first()
    if invitation is None or invitation.accepted_at or invitation.expires_at <= timezone.now():
        raise InvitationIsOver
    return invitation


def accept_invitation(invitation: Invitation, user: User) -> Membership:
    """The colleague's membership; raises `InvitationIsOver` or `InvitationForSomebodyElse`."""
    invitation = open_invitation(invitation.pk)
    if user.email.lower() != invitation.email.lower():
        raise InvitationForSomebodyElse(invitation)
    membership, _ = Membership.objects.get_or_create(
        practice=invitation.practice, user=user, defaults={"role": invitation.role}
    )
    invitation.accepted_at = timezone.now()
    invitation.save(update_fields=["accepted_at"])
    with audit.acting_as(user):
        audit.record("member.joined", invitation, role=membership.role)
    return membership


def change_role(membership: Membership, role: str) -> Membership:
    """The member with another role; raises `LastOwner`."""
    membership = _not_the_last_owner(membership, unless=role == Membership.Role.OWNER)
    before, membership.role = membership.role, role
    membership.save(update_fields=["role"])
    audit.record("member.role_changed", membership, before=before, after=role, user=membership.user_id)
    return membership


def remove_member(membership: Membership) -> None:
    """Take a person out of the practice; what they did stays. Raises `LastOwner`."""
    membership = _not_the_last_owner(membership)
    audit.record("member.removed", membership, user=membership.user_id, role=membership.role)
    membership.delete()


def _not_the_last_owner(membership: Membership, *, unless: bool = False) -> Membership:
    """The membership; its practice's owners are locked, so that two cannot leave at once."""
    owners = list(
        Membership.objects.select_for_update().filter(
            practice_id=membership.practice_id, role=Membership.Role.OWNER
        )
    )
    membership = Membership.objects.select_related("user").get(pk=membership.pk)
    if not unless and [owner.pk for owner in owners] == [membership.pk]:
        raise LastOwner(membership)
    return membership
