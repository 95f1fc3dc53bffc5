"""Files of every format and mode as Pillow writes them, and every fault of a folder named."""

import json
import os
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from zoo.data import ImageFolder
from zoo.data._key_split import key_positions
from zoo.errors import InputError
from zoo.rows import ImageRows

DIGITS = load_digits()
GREY = np.rint(DIGITS.images * (255 / 16)).astype(np.uint8)
COLOUR = np.random.default_rng(0).integers(0, 256, (60, 8, 6, 3), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path):
    """Functions that write images below a folder, and load it."""
    root = tmp_path / "images"
    root.mkdir()

    def write(name, pixels, mode=None, **options):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
        (image.convert(mode) if mode else image).save(path, **options)
        return path

    def digits(count=60, classes=(0, 1, 2)):
        """[count] digits in folders named after their class; returns their keys and rows."""
        rows = [row for row in range(len(GREY)) if DIGITS.target[row] in classes][:count]
        names = {f"{DIGITS.target[row]}/{row:04}.png": row for row in rows}
        for name, row in names.items():
            write(name, GREY[row])
        return dict(sorted(names.items()))

    def fill(count=40):
        """Images that keep the splits from being empty."""
        for number in range(count):
            write(f"fill/{number}.png", COLOUR[number])

    def load(**options):
        return ImageFolder(str(root), **options).load()

    def row(splits, key):
        return splits.features[list(splits.keys).index(key)]

    return SimpleNamespace(root=root, write=write, digits=digits, fill=fill, load=load, row=row)


def test_images_come_back_as_written_in_order_of_their_keys(folder):
    names = folder.digits()
    splits = folder.load(channels=1)
    assert list(splits.keys) == list(names)
    assert splits.features.shape == (60, 8, 8, 1)
    assert splits.features.dtype == np.uint8
    assert np.array_equal(splits.features[..., 0], GREY[list(names.values())])
    assert splits.labels.tolist() == [str(DIGITS.target[row]) for row in names.values()]
    assert type(splits.kind) is ImageRows
    assert splits.notes == ()


def test_grey_images_have_three_equal_channels_by_default(folder):
    names = folder.digits()
    splits = folder.load()
    assert np.array_equal(splits.features, np.repeat(GREY[list(names.values())][..., None], 3, axis=-1))
    assert splits.notes == ()


@pytest.mark.parametrize("suffix", ["png", "PNG", "bmp", "webp", "gif", "jpg", "jpeg"])
def test_every_format_is_read(suffix, folder):
    folder.fill()
    flat = np.full((8, 6, 3), 200, dtype=np.uint8)  # the same after any of the lossy codings
    folder.write(f"x/a.{suffix}", flat, **({"lossless": True} if suffix == "webp" else {}))
    splits = folder.load()
    assert folder.row(splits, f"x/a.{suffix}") == pytest.approx(flat, abs=2)
    assert splits.notes == ()


def test_an_images_split_is_the_hash_of_its_path(folder):
    folder.digits()
    splits = folder.load(validation=0.2, test=0.3)
    position = key_positions(list(splits.keys))
    assert np.array_equal(splits.test, np.flatnonzero(position < 0.3))
    assert np.array_equal(splits.validation, np.flatnonzero((position >= 0.3) & (position < 0.5)))


def test_a_class_is_the_sub_folder_at_any_depth(folder):
    folder.digits()
    folder.write("cats/black/old/a.png", GREY[0])
    splits = folder.load()
    assert splits.labels[list(splits.keys).index("cats/black/old/a.png")] == "cats"
    assert splits.provenance["classes"]["cats"] == 1


def test_images_directly_in_the_folder_have_no_label(folder):
    for number in range(60):
        folder.write(f"{number}.png", GREY[number])
    splits = folder.load()
    assert splits.labels is None
    assert splits.notes == ()
    folder.digits()
    splits = folder.load()
    assert splits.labels[list(splits.keys).index("7.png")] == ""
    assert splits.notes == ("60 images outside the sub-folders, without a label.",)


def test_hidden_files_are_passed_over_and_others_noted(folder):
    folder.digits()
    (folder.root / ".thumbs").mkdir()
    for name in (".thumbs/a.png", "0/._a.png", "0/notes.txt", "labels.csv"):
        (folder.root / name).write_text("x")
    assert folder.load().notes == ("Passed over 2 files with names of no image: 0/notes.txt, labels.csv.",)


def test_a_link_to_a_class_is_followed_and_one_to_the_folder_ends(folder, tmp_path):
    folder.digits()
    folder.write("../elsewhere/a.png", GREY[0])
    (folder.root / "linked").symlink_to(tmp_path / "elsewhere")
    (folder.root / "2/loop").symlink_to(folder.root)
    splits = folder.load()
    assert len(splits) == 61
    assert "linked/a.png" in splits.keys


# Modes, and what is lost


def test_a_palette_gives_its_colours(folder):
    folder.fill()
    palette = Image.fromarray(COLOUR[50]).quantize(8)
    folder.write("x/a.png", palette)
    splits = folder.load()
    assert np.array_equal(folder.row(splits, "x/a.png"), np.asarray(palette.convert("RGB")))
    assert splits.notes == ()


def test_black_and_white(folder):
    folder.fill()
    bits = np.random.default_rng(1).random((8, 6)) < 0.5
    folder.write("x/a.png", bits)
    assert np.array_equal(folder.row(folder.load(), "x/a.png")[..., 0], np.where(bits, 255, 0))


def test_alpha_is_dropped_and_noted_where_something_was_transparent(folder):
    folder.fill()
    alpha = np.full((8, 6, 1), 255, dtype=np.uint8)
    folder.write("x/opaque.png", np.concatenate([COLOUR[50], alpha], axis=-1))
    alpha[0] = 0
    folder.write("x/clear.png", np.concatenate([COLOUR[51], alpha], axis=-1))
    splits = folder.load()
    assert np.array_equal(folder.row(splits, "x/opaque.png"), COLOUR[50])
    assert np.array_equal(folder.row(splits, "x/clear.png"), COLOUR[51])
    assert splits.notes == ("Dropped the alpha channel of 1 image: x/clear.png.",)


@pytest.mark.parametrize("channels", [1, 3])
def test_of_16_bits_the_upper_8_are_kept(folder, channels):
    folder.fill()
    deep = np.random.default_rng(1).integers(0, 2**16, (8, 6), dtype=np.uint16)
    folder.write("x/deep.png", deep)
    splits = folder.load(channels=channels)
    assert np.array_equal(folder.row(splits, "x/deep.png")[..., -1], deep // 256)
    assert "Kept the upper 8 of 16 bits a channel of 1 image: x/deep.png." in splits.notes


def test_16_bits_of_colour_are_noted(folder):
    import struct
    import zlib

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    folder.fill()
    deep = np.random.default_rng(1).integers(0, 2**16, (8, 6, 3), dtype=np.uint16)
    lines = b"".join(b"\0" + line.astype(">u2").tobytes() for line in deep)
    head = struct.pack(">IIBBBBB", 6, 8, 16, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
    (folder.root / "deep.png").write_bytes(data)
    splits = folder.load()
    assert np.array_equal(folder.row(splits, "deep.png"), deep // 256)
    assert splits.notes[0] == "Kept the upper 8 of 16 bits a channel of 1 image: deep.png."


def test_colours_become_grey_by_their_luma_and_are_noted(folder):
    folder.fill(40)
    folder.write("x/grey.png", np.repeat(GREY[0, :, :6, None], 3, axis=-1))
    splits = folder.load(channels=1)
    luma = COLOUR[0] @ np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
    assert folder.row(splits, "fill/0.png")[..., 0] == pytest.approx(luma, abs=1)
    assert np.array_equal(folder.row(splits, "x/grey.png")[..., 0], GREY[0, :, :6])
    assert re.fullmatch(r"Dropped the colours of 40 images: fill/0\.png, .*, \.\.\.", splits.notes[0])


def test_the_first_frame_is_kept(folder):
    folder.fill()
    frames = [Image.fromarray(np.full((8, 6), level, np.uint8)) for level in (10, 250)]
    folder.write("x/a.gif", frames[0], save_all=True, append_images=frames[1:])
    splits = folder.load()
    assert (folder.row(splits, "x/a.gif") == 10).all()
    assert splits.notes == ("Kept the first frame only of 1 image: x/a.gif.",)


def test_photographs_are_turned_upright(folder):
    folder.fill()
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held a quarter to the left: turn clockwise
    lying = COLOUR[50].transpose(1, 0, 2)
    folder.write("x/a.png", lying, exif=exif)
    assert np.array_equal(folder.row(folder.load(), "x/a.png"), np.rot90(lying, -1))


# Sizes


def test_images_of_another_size_are_named(folder):
    folder.fill()
    folder.write("x/wide.png", np.zeros((8, 9), np.uint8))
    folder.write("x/high.png", np.zeros((30, 6), np.uint8))
    message = (
        r"images: 40 images are 8x6 pixels \(height x width\), but 2 are not: x/high\.png \(30x6\), x/wide\.png \(8x9\)"
        r"; resize all of them with data\.size=\.\.\., such as data\.size=6"
    )
    with pytest.raises(InputError, match=message):
        folder.load()


def test_size_resizes_all_of_them(folder):
    folder.fill()
    folder.write("x/flat.png", np.full((30, 50), 77, np.uint8))
    ramp = np.repeat(np.arange(0, 256, 4, dtype=np.uint8)[None], 64, axis=0)
    folder.write("x/ramp.png", ramp)
    splits = folder.load(size=16)
    assert splits.features.shape == (42, 16, 16, 3)
    assert (folder.row(splits, "x/flat.png") == 77).all()
    # Antialiased: within a ramp, a pixel is the mean of the 4 columns it stands for.
    means = ramp[0].reshape(16, 4).mean(axis=1)
    assert folder.row(splits, "x/ramp.png")[5, 2:-2, 0] == pytest.approx(means[2:-2], abs=1)
    assert splits.notes == ("Resized 42 images from 8x6 .. 64x64 to 16x16 pixels (height x width).",)


def test_images_of_that_size_are_left_alone(folder):
    names = folder.digits()
    splits = folder.load(size=8, channels=1)
    assert np.array_equal(splits.features[..., 0], GREY[list(names.values())])
    assert splits.notes == ()


# Damage


@pytest.fixture
def damaged(folder):
    names = folder.digits()
    whole = (folder.root / next(iter(names))).read_bytes()
    (folder.root / "0/empty.png").write_bytes(b"")
    (folder.root / "0/text.jpg").write_text("not an image at all")
    noise = np.random.default_rng(1).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    cut = folder.write("1/cut.png", noise)
    cut.write_bytes(cut.read_bytes()[:-60])
    (folder.root / "2/flipped.png").write_bytes(whole[:40] + bytes([whole[40] ^ 255]) + whole[41:])
    return SimpleNamespace(names=names, **vars(folder))


def test_damaged_images_are_all_named(damaged):
    message = (
        r"images: 4 of 64 images cannot be decoded to the end: 0/empty\.png \(not an image\), 0/text\.jpg \(not an "
        r"image\), 1/cut\.png \(.*\), 2/flipped\.png \(.*\); .*data\.invalid=drop"
    )
    with pytest.raises(InputError, match=message):
        damaged.load()


def test_damaged_images_may_be_dropped(damaged):
    splits = damaged.load(invalid="drop", channels=1)
    assert list(splits.keys) == list(damaged.names)
    assert np.array_equal(splits.features[..., 0], GREY[list(damaged.names.values())])
    assert splits.labels.tolist() == [str(DIGITS.target[row]) for row in damaged.names.values()]
    assert splits.notes[0].startswith("Dropped 4 images that cannot be decoded to the end: 0/empty.png (not an image)")
    assert splits.provenance["invalid_dropped"] == 4


def test_nothing_but_damaged_images(folder):
    (folder.root / "a.png").write_bytes(b"x")
    with pytest.raises(InputError, match=r"none of 1 image can be decoded: a\.png \(not an image\)"):
        folder.load(invalid="drop")


# Folders


def test_folders_that_are_none(folder, tmp_path):
    with pytest.raises(InputError, match=r"images: no images \(\.bmp, .*\.webp\) here or below; it is empty"):
        folder.load()
    (folder.root / "data.csv").write_text("x")
    (folder.root / "sub").mkdir()
    with pytest.raises(InputError, match=r"here or below; holds: data\.csv, sub/"):
        folder.load()
    for name, message in [
        ("imagse", r"data\.path=.*imagse: no such folder; .* holds: images/"),
        ("a/b", r"data\.path=.*a/b: no such folder, and no .*/a either \(relative paths start at"),
        ("images/data.csv", r"this is a file; give the folder that holds the images"),
    ]:
        with pytest.raises(InputError, match=message) as caught:
            ImageFolder(str(tmp_path / name)).load()
        assert caught.value.exit_status == 2


def test_home_is_expanded(folder, monkeypatch, tmp_path):
    folder.digits()
    monkeypatch.setenv("HOME", str(tmp_path))
    assert len(ImageFolder("~/images").load()) == 60


def test_one_class_is_noted(folder):
    folder.fill()
    assert folder.load().notes == (
        "All labelled images are of the one class 'fill', so the labels tell nothing apart.",
    )


def test_folders_of_splits_are_noted(folder):
    for split in ("train", "test"):
        for number in range(30):
            folder.write(f"{split}/{number}.png", GREY[number])
    assert folder.load().notes == (
        "The classes are test, train, which look like splits; if they are, name one of these folders with data.path=.",
    )


def test_splits_without_rows(folder):
    folder.digits(10)
    with pytest.raises(InputError, match=r"images: no row is left for .* of 10 rows\).*data\.test=0\.2"):
        folder.load(validation=0.0)
    with pytest.raises(InputError, match=r"data\.validation=0\.2 and data\.test=0\.8 leave nothing to train on"):
        folder.load(validation=0.2, test=0.8)


def test_images_that_no_machine_can_hold(folder):
    folder.digits()
    with pytest.raises(InputError, match=r"60 images of \d+ x \d+ x 3 need [\d,.]+ GiB .*data\.size="):
        folder.load(size=50_000_000)


# Identity and memory


def test_provenance_identifies_the_content(folder):
    folder.digits()
    before = folder.load().provenance
    assert json.loads(json.dumps(before)) == before
    assert before["source"] == "ImageFolder"
    assert before["rows"] == 60
    assert before["shape"] == [8, 8, 3]
    assert folder.load().provenance == before
    changed = GREY[0].copy()
    changed[3, 3] ^= 1
    folder.write("0/0000.png", changed)
    assert folder.load().provenance["fingerprint"] != before["fingerprint"]


def test_images_are_in_memory_once(folder):
    import tracemalloc

    noise = np.random.default_rng(1).integers(0, 256, (60, 300, 300, 3), dtype=np.uint8)
    for number, pixels in enumerate(noise):
        folder.write(f"a/{number}.bmp", pixels)
    folder.load()
    tracemalloc.start()
    splits = folder.load()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert splits.features.nbytes == 60 * 300 * 300 * 3
    # A second copy would be 16.2 MB; decoding and Python's own table of names take up to 5 MB.
    assert peak < 1.5 * splits.features.nbytes


# Nothing is lost in silence


def test_class_folders_that_are_links_are_read_and_links_to_what_is_read_already_are_noted(tmp_path):
    root, elsewhere = tmp_path / "images", tmp_path / "elsewhere"
    for folder, shade in ((root / "cat", 40), (elsewhere, 200)):
        folder.mkdir(parents=True)
        for number in range(30):
            Image.fromarray(np.full((4, 4, 3), shade + number, np.uint8)).save(folder / f"{number}.png")
    (root / "dog").symlink_to(elsewhere)
    (root / "kitten").symlink_to(root / "cat")
    (root / "loop").symlink_to(root)
    splits = ImageFolder(str(root)).load()
    assert sorted(set(splits.labels.tolist())) == ["cat", "dog"]
    assert len(splits) == 60
    assert "Passed over 2 folders that link to one that is read already: kitten, loop." in splits.notes


def test_names_that_are_not_utf8_are_written_with_their_bytes(tmp_path):
    folder = os.fsencode(tmp_path) + b"/caf\xe9"
    os.mkdir(folder)  # noqa: PTH102  a name of bytes
    for number in range(40):
        image = Image.fromarray(np.full((4, 4, 3), number, np.uint8))
        with open(folder + b"/\xff%d.png" % number, "wb") as file:  # noqa: PTH123
            image.save(file, "PNG")
    Path(os.fsdecode(folder + b"/note\xe9.txt")).write_text("")
    splits = ImageFolder(str(tmp_path)).load()
    assert "caf\\xe9/\\xff0.png" in splits.keys.tolist()
    assert set(splits.labels.tolist()) == {"caf\\xe9"}
    json.dumps([splits.keys.tolist(), splits.notes, dict(splits.provenance)]).encode()
    "".join([*splits.keys, *splits.notes]).encode()
    assert any("Wrote 40 names that are not UTF-8 with their bytes" in note for note in splits.notes)
    with pytest.raises(InputError, match=r"caf\\xe9: the name is not UTF-8; rename it"):
        ImageFolder(os.fsdecode(folder)).load()
