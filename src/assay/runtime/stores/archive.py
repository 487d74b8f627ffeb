"""One file that holds a whole home: its files, its database, and their checksums."""

from __future__ import annotations

import os
import stat
import tarfile
import zlib
from collections.abc import Collection, Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path, PurePosixPath

import msgspec

from assay.model.errors import DataError, OperatorError

FORMAT = 1
MANIFEST = "manifest.json"
_CHUNK = 1 << 20


class Manifest(msgspec.Struct, frozen=True):
    """List an archive's files with sha256, and its links with their targets."""

    format: int
    program: str
    created: int
    files: dict[str, str]
    links: dict[str, str]


class _Hashed:
    """Pass on what is read and keep its sha256; a file that shrank is filled with zeros."""

    def __init__(self, file: object, size: int) -> None:
        self._file, self._left, self.digest = file, size, sha256()

    def read(self, size: int) -> bytes:
        wanted = min(size, self._left)
        chunk: bytes = self._file.read(wanted).ljust(wanted, b"\0")  # type: ignore[attr-defined]
        self._left -= len(chunk)
        self.digest.update(chunk)
        return chunk


def write_archive(
    path: Path, home: Path, *, skip: Collection[str], extra: dict[str, Path], stamp: tuple[str, int]
) -> Manifest:
    """Write a .tar.gz of mode 600 of a home's files; it appears only when complete.

    `skip` names paths in the home that stay out, `extra` files from elsewhere by their name in
    the archive, `stamp` the program's version and the time in nanoseconds UTC. Files may vanish
    meanwhile; what is written is listed.
    """
    draft = path.with_name(f".{path.name}.draft")
    files: dict[str, str] = {}
    links: dict[str, str] = {}
    try:
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with (
            os.fdopen(descriptor, "wb") as file,
            tarfile.open(fileobj=file, mode="w:gz", compresslevel=3) as archive,
        ):
            for name, source in (*_walk(home, skip), *extra.items()):
                if source.is_symlink():
                    links.update(_link(home, name, source))
                else:
                    _add(archive, files, name, source)
            manifest = Manifest(FORMAT, *stamp, files, links)
            _add_bytes(archive, MANIFEST, msgspec.json.encode(manifest))
        os.replace(draft, path)
    except OSError as error:
        raise OperatorError(
            f"backup {path} cannot be written ({error.strerror}); choose another PATH"
        ) from error
    finally:
        draft.unlink(missing_ok=True)
    return manifest


def _walk(home: Path, skip: Collection[str]) -> Iterator[tuple[str, Path]]:
    for folder, folders, files in os.walk(home):
        here = Path(folder)
        kept = [each for each in sorted(folders) if _name(home, here / each) not in skip]
        folders[:] = [each for each in kept if not (here / each).is_symlink()]
        linked = [each for each in kept if (here / each).is_symlink()]
        for each in (*linked, *sorted(files)):
            name = _name(home, here / each)
            if name not in skip and not each.endswith(".draft"):
                yield f"home/{name}", here / each


def _name(home: Path, path: Path) -> str:
    return path.relative_to(home).as_posix()


def _link(home: Path, name: str, source: Path) -> dict[str, str]:
    # A home may be restored elsewhere, so that only links inside it can be kept.
    target = Path(os.path.normpath(source.parent / source.readlink()))
    if not target.is_relative_to(home):
        return {}
    return {name: os.path.relpath(target, source.parent)}


def _add(archive: tarfile.TarFile, files: dict[str, str], name: str, source: Path) -> None:
    try:
        seen = source.lstat()
        if not stat.S_ISREG(seen.st_mode):
            return
        file = source.open("rb")
    except FileNotFoundError:
        return
    with file:
        entry = tarfile.TarInfo(name)
        entry.size = os.fstat(file.fileno()).st_size
        entry.mode, entry.mtime = 0o600, seen.st_mtime
        hashed = _Hashed(file, entry.size)
        archive.addfile(entry, hashed)  # type: ignore[arg-type]
    files[name] = hashed.digest.hexdigest()


def _add_bytes(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o600
    archive.addfile(entry, BytesIO(content))


def unpack_archive(path: Path, folder: Path) -> Manifest:
    """Unpack an archive into a private folder and verify every file.

    Raises DataError for anything damaged, added or missing; nothing outside `folder` is touched.
    """
    found: dict[str, str] = {}
    content: bytes | None = None
    try:
        with tarfile.open(path, "r:gz") as archive:
            for entry in archive:
                file = archive.extractfile(entry)
                if file is None or not entry.isfile():
                    raise DataError(f"{path} holds {entry.name!r}, no plain file; use another one")
                if entry.name == MANIFEST:
                    content = file.read()
                else:
                    found[entry.name] = _extract(file, folder / _inside(path, entry.name))
        manifest = msgspec.json.decode(content or b"", type=Manifest)
    except FileNotFoundError:
        raise DataError(f"{path} does not exist; name a file of `assay backup`") from None
    except (OSError, EOFError, tarfile.TarError, zlib.error, msgspec.MsgspecError) as error:
        raise DataError(
            f"{path} is no complete backup ({' '.join(str(error).split())}); use another one"
        ) from error
    _verify(path, manifest, found)
    return manifest


def _inside(path: Path, name: str) -> PurePosixPath:
    inside = PurePosixPath(name)
    if inside.is_absolute() or ".." in inside.parts:
        raise DataError(f"{path} holds {name!r}, outside its folder; use another one")
    return inside


def _extract(file: object, target: Path) -> str:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest = sha256()
    with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copy:
        while chunk := file.read(_CHUNK):  # type: ignore[attr-defined]
            digest.update(chunk)
            copy.write(chunk)
    return digest.hexdigest()


def _verify(path: Path, manifest: Manifest, found: dict[str, str]) -> None:
    if manifest.format > FORMAT:
        raise OperatorError(
            f"{path} has format {manifest.format} and this program knows {FORMAT}; "
            "use the newer program"
        )
    wrong = [
        name for name in {*found, *manifest.files} if found.get(name) != manifest.files.get(name)
    ]
    if wrong:
        raise DataError(
            f"{path}: {min(wrong)!r} does not match its checksum ({len(wrong)} files in all); "
            "use another backup"
        )
    for name, target in manifest.links.items():
        _inside(path, name)
        if (
            Path(target).is_absolute()
            or ".." in Path(os.path.normpath(Path(name).parent / target)).parts
        ):
            raise DataError(f"{path}: link {name!r} leads outside; use another backup")
