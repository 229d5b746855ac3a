"""The evidence of an accepted proposal in one file that anybody here can check, down to the byte.

A ZIP archive of the signed PDF, the document that was signed, the signatures, the chain of events and what was billed
for which clause; its manifest has the hash of each and a seal that only this installation can make. The archive is
written in one way only, so that any changed byte, even in the archive's own fields, shows.
"""

import hashlib
import json
from collections.abc import Sequence
from io import BytesIO
from typing import Any
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from proposals.documents import canonical
from proposals.events import chain_holds, written_chain
from proposals.models import Proposal, Signature

FORMAT = 1
SALT = "proposals.evidence"
MANIFEST = "manifest.json"
FILES = ("record.pdf", "document.json", "signatures.json", "events.json", "billed.json")
#: The archive says nothing of its own about time.
_EPOCH = (1980, 1, 1, 0, 0, 0)

Json = dict[str, Any]


def evidence_of(proposal: Proposal, billed: Sequence[Json]) -> bytes:
    """The evidence file of an accepted proposal; ``billed`` names, for each bill, the clause it follows from."""
    record = proposal.records.get()
    signatures = proposal.signatures.select_related("on_behalf", "signatory")
    contents = {
        "record.pdf": bytes(record.pdf),
        "document.json": canonical(proposal.document),
        "signatures.json": _written([_signature(signature) for signature in signatures]),
        "events.json": _written(written_chain(proposal.chain.all())),
        "billed.json": _written(list(billed)),
    }
    manifest: Json = {
        "format": FORMAT,
        "practice": proposal.document["practice"]["name"],
        "client": proposal.document["client"]["name"],
        "proposal": proposal.number_label,
        "document_sha256": proposal.document_sha256,
        "record_sha256": record.sha256,
        "files": {name: _hash(content) for name, content in contents.items()},
    }
    manifest["seal"] = _seal(manifest, settings.SECRET_KEY)
    return _archive(contents | {MANIFEST: _written(manifest)})


def faults_of(content: bytes, *, checks_seal: bool = True) -> list[str]:
    """What is wrong with an evidence file, in words; nothing where every byte is as it was handed out.

    Without ``checks_seal`` everything but the seal is checked: for a file of another installation.
    """
    try:
        with ZipFile(BytesIO(content)) as archive:
            contents = {name: archive.read(name) for name in archive.namelist()}
        manifest = json.loads(contents[MANIFEST])
        if sorted(contents) != sorted((*FILES, MANIFEST)):
            return ["The archive does not hold exactly the files of an evidence file."]
        return _faults(content, contents, manifest, checks_seal=checks_seal)
    except (
        BadZipFile,
        KeyError,
        ValueError,
        TypeError,
        NotImplementedError,
        OSError,
        EOFError,
        RuntimeError,
    ):
        return ["This is not a whole evidence file: it cannot be read."]


def _faults(content: bytes, contents: dict[str, bytes], manifest: Json, *, checks_seal: bool) -> list[str]:
    faults = [
        f"{name} is not the file that was handed out."
        for name, sha256 in manifest["files"].items()
        if _hash(contents[name]) != sha256
    ]
    if _archive(contents) != content:
        faults.append("The archive around the files was changed.")
    if checks_seal and not _sealed_here(manifest):
        faults.append("The manifest was not sealed by this installation, or it was changed.")
    signatures = json.loads(contents["signatures.json"])
    wanted = manifest["document_sha256"]
    if _hash(contents["document.json"]) != wanted:
        faults.append("The document is not the one that was signed.")
    if not signatures or any(signature["document_sha256"] != wanted for signature in signatures):
        faults.append("A signature is under another document.")
    if not chain_holds(json.loads(contents["events.json"])):
        faults.append("The chain of events is broken.")
    if _hash(contents["record.pdf"]) != manifest["record_sha256"]:
        faults.append("The PDF is not the one that was filed.")
    return faults


def _sealed_here(manifest: Json) -> bool:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return any(constant_time_compare(manifest["seal"], _seal(manifest, key)) for key in keys)


def _seal(manifest: Json, key: str | bytes) -> str:
    bare = {name: value for name, value in manifest.items() if name != "seal"}
    return salted_hmac(SALT, _written(bare), secret=key, algorithm="sha256").hexdigest()


def _signature(signature: Signature) -> Json:
    return {
        "name": signature.signed_name,
        "person": signature.signatory.name,
        "at": signature.signed_at.isoformat(),
        "network_address": signature.ip,
        "browser": signature.user_agent,
        "recorded_by": str(signature.on_behalf) if signature.on_behalf else None,
        "reason": signature.reason,
        "drawing": signature.drawing,
        "asks_early_start": signature.asks_early_start,
        "document_sha256": signature.document_sha256,
    }


def _written(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False).encode()


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _archive(contents: dict[str, bytes]) -> bytes:
    """The one archive of these files: not compressed, in alphabetical order, without times."""
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_STORED) as archive:
        for name in sorted(contents):
            archive.writestr(ZipInfo(name, _EPOCH), contents[name])
    return buffer.getvalue()
