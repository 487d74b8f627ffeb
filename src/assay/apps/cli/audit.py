"""`assay audit`: verify that nobody changed the record, and hand it to somebody else."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from assay import __version__
from assay.apps.cli.console import HomeOption, JsonOption, emit, progress
from assay.model.errors import DataError, OperatorError, UsageError
from assay.runtime.home import Home, open_home

if TYPE_CHECKING:
    from assay.books.audit import AuditReport, Chains, Head, PublicKey

FOLDER = "audit"
TenantOption = Annotated[
    str | None,
    typer.Option("--tenant", help="Only this tenant's chain.", show_default=False),
]
FileOption = Annotated[
    Path | None,
    typer.Option("--file", help="Verify this file of `assay audit export`, no database."),
]
KeyOption = Annotated[
    Path | None,
    typer.Option("--public-key", help="Public key that you trust, PEM; else the home's or file's."),
]
CheckpointOption = Annotated[
    list[Path] | None,
    typer.Option("--checkpoint", help="Head kept from earlier, which must still hold; repeatable."),
]


def verify(
    home: HomeOption = None,
    as_json: JsonOption = False,
    tenant: TenantOption = None,
    file: FileOption = None,
    public_key: KeyOption = None,
    checkpoint: CheckpointOption = None,
) -> None:
    """Verify every audit entry, seal and head, and hold them against the journal.

    Exit 3 where anything was changed, and the first bad entry is named.

    Example: assay audit verify --json
    """
    marks = {head.tenant: head for head in map(_read_checkpoint, checkpoint or ())}
    trusted = _read_key(public_key) if public_key else None
    if file is not None:
        report = _verify_file(file, tenant, trusted, marks)
    else:
        report = _verify_home(open_home(home), tenant, trusted, marks)
    emit(msgspec.to_builtins(report), as_json, _describe)
    if not report.ok:
        whose = f"tenant {report.tenant}" if report.tenant else "the platform"
        at = f", entry {report.first_bad}" if report.first_bad is not None else ""
        raise DataError(
            f"the audit of {whose} does not hold{at}: {report.reason}; keep the home as it is, "
            "look into it, then bring a backup back with `assay restore`"
        )


def export(
    path: Annotated[Path, typer.Argument(help="File to write, JSON lines.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write entries, seals, heads and public key to one file that anybody can verify.

    Example: assay audit export evidence.jsonl
    """
    from assay.books.audit import StartLine, load_public_key, write_export

    opened = open_home(home)
    key = load_public_key(opened.path / FOLDER)
    with _open_audit(opened) as (chains, heads):
        total = sum(entries for entries, _ in chains.lengths().values())
        start = StartLine(1, __version__, opened.clock.now_ns(), key.pem.decode())
        draft = path.with_name(f".{path.name}.draft")
        try:
            draft.unlink(missing_ok=True)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as sink, progress("exporting", total) as bar:
                written = write_export(sink, chains, heads, start, bar.advance)
            os.replace(draft, path)
        except OSError as error:
            raise OperatorError(
                f"{path} cannot be written ({error.strerror}); choose another PATH"
            ) from error
        finally:
            draft.unlink(missing_ok=True)
        seals = sum(count for _, count in chains.lengths().values())
    result = {
        "path": str(path.absolute()), "entries": written, "seals": seals,
        "chains": len(heads), "bytes": path.stat().st_size, "key": key.fingerprint,
    }  # fmt: skip
    emit(result, as_json)


def _read_key(path: Path) -> PublicKey:
    from assay.books.audit import PublicKey

    return PublicKey.parse(_read(path), path)


def _read_checkpoint(path: Path) -> Head:
    from assay.books.audit import parse_head

    return parse_head(_read(path), path)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}); name a file") from error


def _verify_file(
    path: Path, tenant: str | None, key: PublicKey | None, marks: dict[str, Head]
) -> AuditReport:
    from assay.books.audit import ExportFile, PublicKey, verify_chains

    held = ExportFile(path)
    own = key or PublicKey.parse(held.start.public_key.encode(), f"of {path}")
    with _counting(held, tenant) as observe:
        report = verify_chains(
            held, held.heads, own, tenants=_chosen(held, held.heads, tenant), checkpoints=marks,
            observe=observe,
        )  # fmt: skip
    if report.ok and held.flaw:
        return msgspec.structs.replace(report, ok=False, reason=held.flaw)
    return report


def _verify_home(
    home: Home, tenant: str | None, key: PublicKey | None, marks: dict[str, Head]
) -> AuditReport:
    from assay.books.audit import AuditReport, load_public_key, verify_chains

    with _open_audit(home) as (chains, heads):
        if not any(map(any, chains.lengths().values())) and not heads and not marks:
            return AuditReport(entries=0, ok=True)
        chosen = _chosen(chains, heads, tenant)
        try:
            own = load_public_key(home.path / FOLDER)
        except DataError as error:
            entries = sum(count for count, _ in chains.lengths().values())
            return AuditReport(entries=entries, ok=False, first_bad=1, reason=str(error))
        with _counting(chains, tenant) as observe:
            return verify_chains(
                chains, heads, key or own, tenants=chosen, checkpoints=marks, observe=observe
            )


def _chosen(chains: Chains, heads: Any, tenant: str | None) -> list[str] | None:
    known = sorted({*chains.lengths(), *heads})
    if tenant is not None and tenant not in known:
        names = ", ".join(repr(each) for each in known) or "none yet"
        raise UsageError(f"tenant {tenant!r} has no audit entries; there are {names}")
    return None if tenant is None else [tenant]


@contextmanager
def _counting(chains: Chains, tenant: str | None) -> Iterator[Callable[[int], None]]:
    lengths = chains.lengths()
    total = sum(lengths[each][0] for each in lengths if tenant in (None, each))
    with progress("verifying", total) as bar:
        yield bar.advance


@contextmanager
def _open_audit(home: Home) -> Iterator[tuple[Chains, Any]]:
    from assay.apps.config import Config
    from assay.books.audit import HEADS, MemoryAudit, MemoryChains, open_chains, open_view
    from assay.runtime.settings import load_settings
    from assay.runtime.stores.postgres import open_postgres
    from assay.runtime.stores.postgres.place import find_place

    dsn = load_settings(Config, home).value.postgres.dsn or None
    folder = home.path / FOLDER / HEADS
    if dsn is None and find_place(home.path) is None:
        empty: Callable[[], AbstractContextManager[Chains]]
        empty = partial(nullcontext, MemoryChains(MemoryAudit()))
        with open_view(folder, empty) as nothing:
            yield nothing
        return
    server = open_postgres(home.path, dsn)
    try:
        with open_view(folder, partial(open_chains, server.dsn)) as found:
            yield found
    finally:
        server.stop()


def _describe(report: dict[str, Any]) -> str:
    lines = [
        f"{each['tenant'] or '(platform)':<20}  {each['entries']:>12,} entries  "
        f"{each['seals']:>9,} seals  {'ok' if each['ok'] else 'BAD at ' + str(each['first_bad'])}"
        for each in report["chains"]
    ]
    verdict = "the audit holds" if report["ok"] else f"the audit does NOT hold: {report['reason']}"
    return "\n".join([*lines, f"{report['entries']:,} entries: {verdict}"])


def register(app: typer.Typer) -> None:
    """Add `audit verify` and `audit export` to the command line."""
    audit = typer.Typer(no_args_is_help=True, help="Verify and export the record.")
    audit.command("verify")(verify)
    audit.command("export")(export)
    app.add_typer(audit, name="audit")
