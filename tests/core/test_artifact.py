from pathlib import Path

import pytest

from speechtrt.artifact import FileEntry, list_files, sha256_bytes, staged_folder, verify_file, write_bytes
from speechtrt.errors import IntegrityError, ManifestError, StorageError


def test_a_listed_file_verifies(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/a.bin").write_bytes(b"abc")
    (entry,) = list_files(tmp_path, exclude="manifest.json")
    assert entry == FileEntry("sub/a.bin", sha256_bytes(b"abc"), 3)
    assert verify_file(tmp_path, entry) == tmp_path / "sub/a.bin"


def test_a_flipped_bit_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"abc")
    (entry,) = list_files(tmp_path, exclude="")
    (tmp_path / "a.bin").write_bytes(b"abb")
    with pytest.raises(IntegrityError, match="expects"):
        verify_file(tmp_path, entry)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match=r"gone\.bin"):
        verify_file(tmp_path, FileEntry("gone.bin", "0" * 64, 1))


@pytest.mark.parametrize("path", ["../outside", "/etc/hostname"])
def test_a_path_outside_the_folder_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(ManifestError, match="outside"):
        verify_file(tmp_path, FileEntry(path, "0" * 64, 1))


def test_a_link_that_leaves_the_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "artefact"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(b"x")
    (folder / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(ManifestError, match="outside"):
        verify_file(folder, FileEntry("link", sha256_bytes(b"x"), 1))


def test_write_replaces_and_leaves_no_temporary_file(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    write_bytes(target, b"one")
    write_bytes(target, b"two")
    assert target.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [target]


def test_a_failed_write_keeps_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.json"
    write_bytes(target, b"one")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StorageError, match="No space"):
        write_bytes(target, b"two")
    assert target.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [target]


def test_a_staged_folder_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "out" / "bundle"
    with staged_folder(target) as folder:
        (folder / "a").write_text("1")
        assert not target.exists()
    assert (target / "a").read_text() == "1"
    assert list(target.parent.iterdir()) == [target]


def test_a_staged_folder_replaces_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "bundle"
    for name in ("old", "new"):
        with staged_folder(target) as folder:
            (folder / name).write_text(name)
    assert [p.name for p in target.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [target]


def test_a_failed_staged_folder_leaves_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "bundle"
    with staged_folder(target) as folder:
        (folder / "a").write_text("1")
    with pytest.raises(RuntimeError, match="stop"), staged_folder(target) as folder:
        (folder / "a").write_text("2")
        raise RuntimeError("stop")
    assert (target / "a").read_text() == "1"
    assert list(tmp_path.iterdir()) == [target]


def test_a_staged_folder_on_a_full_disk_leaves_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "bundle"
    with staged_folder(target) as folder:
        (folder / "a").write_text("1")
    with pytest.raises(StorageError, match=r"bundle: cannot be written \(No space left"), staged_folder(target):
        raise OSError(28, "No space left on device")
    assert (target / "a").read_text() == "1"
    assert list(tmp_path.iterdir()) == [target]


def test_other_errors_of_the_system_are_not_taken_for_a_full_disk(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), staged_folder(tmp_path / "bundle"):
        (tmp_path / "nowhere").read_bytes()
