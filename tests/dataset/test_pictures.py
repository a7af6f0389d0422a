"""Pictures as cameras, scanners and careless copies leave them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfrun.config.problems import RunError
from tfrun.dataset import pictures as files
from tfrun.dataset.image_folder import ImageFolder
from tfrun.dataset.orientation import orientation_of
from tfrun.dataset.pictures import Picture, facts_of
from tfrun.dataset.reading import NotReadable, content_of, contents, fingerprint
from tfrun.record.explain import explained

_RAMP = np.linspace(0, 255, 60, dtype=np.uint8)
# Red grows to the right, green downwards: which way is up shows in any pixel.
SCENE = np.stack([np.tile(_RAMP, (40, 1)), np.tile(np.linspace(0, 255, 40, dtype=np.uint8)[:, None], (1, 60)), np.full((40, 60), 40, np.uint8)], axis=-1)  # fmt: skip


def save(path: Path, image=SCENE, **options) -> str:
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    image.save(path, **options)
    return str(path)


def examine(path: str) -> Picture:
    return files.examine(content_of(path))


def reader(path: str, channels: int = 3):
    return files.reader(contents([path], [fingerprint(content_of(path))]), [examine(path)], channels)


def seen(path: str, channels: int = 3) -> np.ndarray:
    return reader(path, channels)(0)["image"].numpy()


def refusal(path: str) -> str:
    with pytest.raises(NotReadable) as caught:
        examine(path)
    return str(caught.value)


def test_facts_of_each_row(tmp_path):
    paths = [save(tmp_path / "a.jpg"), save(tmp_path / "b.png", Image.fromarray(SCENE[..., 0]))]
    facts = facts_of([examine(path) for path in paths])
    assert facts["height"].tolist() == [40, 40] and facts["width"].tolist() == [60, 60]
    assert facts["mode"].tolist() == ["RGB", "grey"] and facts["format"].tolist() == ["JPEG", "PNG"]
    assert facts["bytes"].tolist() == [os.path.getsize(path) for path in paths]
    np.testing.assert_allclose(
        facts["brightness"], [np.asarray(Image.open(path).convert("L")).mean() / 255 for path in paths], atol=0.005
    )
    assert facts["dhash"].dtype == np.uint64 and facts["dhash"][1] == 2**64 - 1, "it gets brighter to the right everywhere"


def test_near_duplicates_share_their_hash_and_others_do_not(tmp_path, fashion):
    def bits(one, other):
        return int(one ^ other).bit_count()

    pictures = [row["image"] for row in fashion.splits["train"].first(12).inputs()]
    large = [Image.fromarray(pixels).resize((300, 260), Image.Resampling.BICUBIC) for pixels in pictures]
    first = [save(tmp_path / f"{number}.png", image) for number, image in enumerate(large)]
    again = [save(tmp_path / f"{number}.jpg", image.resize((210, 180)), quality=60) for number, image in enumerate(large)]
    one, other = (facts_of([examine(path) for path in paths])["dhash"] for paths in (first, again))
    same = [bits(a, b) for a, b in zip(one, other, strict=True)]
    different = [bits(a, b) for i, a in enumerate(one) for j, b in enumerate(other) if i != j]
    assert max(same) <= 6 < np.median(different)


@pytest.mark.parametrize(
    ("name", "options", "mode"),
    [
        ("cmyk.jpg", {"convert": "CMYK"}, "CMYK"),
        ("palette.png", {"convert": "P"}, "palette"),
        ("palette.gif", {"convert": "P"}, "palette"),
        ("alpha.png", {"convert": "RGBA"}, "RGBA"),
        ("opaque.webp", {"convert": "RGBA", "lossless": True}, "RGB"),
        ("true.bmp", {}, "RGB"),
    ],
)
def test_colours_of_each_mode_are_right(tmp_path, name, options, mode):
    image = Image.fromarray(SCENE).convert(options.pop("convert", "RGB"))
    path = save(tmp_path / name, image, **options)
    assert np.abs(seen(path).astype(int) - np.asarray(image.convert("RGB"))).mean() < 4
    assert facts_of([examine(path)])["mode"].tolist() == [mode]


def test_sixteen_bits_become_eight(tmp_path):
    deep = SCENE[..., 0].astype(np.uint16) * 257
    path = save(tmp_path / "deep.png", Image.fromarray(deep))
    assert (seen(path, channels=1)[..., 0] == SCENE[..., 0]).all()
    assert facts_of([examine(path)])["mode"].tolist() == ["16-bit"]


def test_a_bmp_with_a_palette_is_refused_and_a_grey_one_is_not(tmp_path):
    assert "palette" in refusal(save(tmp_path / "p.bmp", Image.fromarray(SCENE).quantize(64)))
    assert "palette" in refusal(save(tmp_path / "one.bmp", Image.fromarray(SCENE).convert("1")))
    assert (seen(save(tmp_path / "grey.bmp", Image.fromarray(SCENE[..., 0])))[..., 0] == SCENE[..., 0]).all()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp"])
def test_pictures_on_their_side_are_turned_upright(tmp_path, orientation, name):
    from PIL import ImageOps

    tag = Image.Exif()
    tag[274] = orientation
    path = save(tmp_path / name, exif=tag, **({"lossless": True} if name == "a.webp" else {}))
    upright = np.asarray(ImageOps.exif_transpose(Image.open(path)).convert("RGB"))
    assert np.abs(seen(path).astype(int) - upright).max() <= 3
    facts = facts_of([examine(path)])
    assert (facts["height"][0], facts["width"][0]) == upright.shape[:2]
    still = save(tmp_path / "upright.png", upright)
    assert facts_of([examine(still)])["dhash"] == facts["dhash"]


@pytest.mark.parametrize("name", ["a.gif", "a.png"])
def test_of_a_moving_picture_the_first_frame_is_read(tmp_path, name):
    frames = [SCENE, 255 - SCENE, SCENE[::-1]]
    first, *others = [Image.fromarray(frame).convert("RGBA") for frame in frames]
    path = save(tmp_path / name, first, save_all=True, append_images=others, duration=100)
    picture = examine(path)
    assert picture.moves and np.abs(seen(path).astype(int) - SCENE).mean() < 8


def test_a_moving_webp_is_refused(tmp_path):
    others = [Image.fromarray(255 - SCENE)]
    assert "animated WebP" in refusal(save(tmp_path / "a.webp", save_all=True, append_images=others, duration=100))


def test_moving_and_turned_pictures_are_said_once(tmp_path):
    tag = Image.Exif()
    tag[274] = 6
    for number in range(20):
        folder = tmp_path / f"class{number % 2}"
        folder.mkdir(exist_ok=True)
        moving = {"save_all": True, "append_images": [Image.fromarray(255 - SCENE)]}
        save(folder / f"{number}.{'gif' if number < 6 else 'jpg'}", **(moving if number < 6 else {"exif": tag}))
    data = ImageFolder(directory=tmp_path).open()
    assert (
        len(data.notes) == 2 and "6 pictures have several frames" in data.notes[0] and "14 pictures are turned" in data.notes[1]
    )
    assert {row["image"].shape for row in data.splits["train"].inputs()} == {(40, 60, 3), (60, 40, 3)}


def test_what_is_cut_off_is_refused(tmp_path):
    for name in ("a.jpg", "a.png", "a.webp", "a.bmp"):
        whole = Path(save(tmp_path / name)).read_bytes()
        (tmp_path / name).write_bytes(whole[: len(whole) * 2 // 3])
    assert "without its end" in refusal(str(tmp_path / "a.jpg"))
    assert "damaged or cut off PNG" in refusal(str(tmp_path / "a.png"))
    assert "damaged or cut off WEBP" in refusal(str(tmp_path / "a.webp"))
    assert "BMP file of a kind" in refusal(str(tmp_path / "a.bmp"))


def test_the_content_counts_and_not_the_ending(tmp_path):
    (tmp_path / "a.jpg").write_bytes(Path(save(tmp_path / "a.png")).read_bytes())
    assert (seen(str(tmp_path / "a.jpg")) == SCENE).all()
    (tmp_path / "text.jpg").write_text("this is no picture")
    (tmp_path / "empty.jpg").write_bytes(b"")
    assert "is no picture" in refusal(str(tmp_path / "text.jpg")) and "0 bytes" in refusal(str(tmp_path / "empty.jpg"))


@pytest.mark.parametrize("shape", [(1, 1), (1, 20_000), (20_000, 1)])
@pytest.mark.parametrize("ending", ["jpg", "png", "bmp"])
def test_very_small_and_very_long_pictures(tmp_path, shape, ending):
    path = save(tmp_path / f"a.{ending}", np.full((*shape, 3), 200, np.uint8))
    assert seen(path).shape == (*shape, 3)
    facts = facts_of([examine(path)])
    assert facts["dhash"] == 0 and abs(facts["brightness"][0] - 200 / 255) < 0.01


def test_names_of_any_script(tmp_path):
    path = save(tmp_path / "große Tasche 包 ✓.jpg")
    assert seen(path).shape == (40, 60, 3)


def test_unreadable_files_and_links_that_lead_nowhere_are_named(tmp_path, pictures):
    folder = tmp_path / "data"
    subprocess.run(["cp", "-r", str(pictures), str(folder)], check=True)
    (folder / "bag/loop.png").symlink_to("loop.png")
    (folder / "bag/gone.png").symlink_to("nothing.png")
    (folder / "bag/up").symlink_to("..")
    (folder / "sandal/more").symlink_to("../trouser")
    data = ImageFolder(directory=folder, on_corrupt="skip").open()
    reasons = {Path(item.file).name: item.reason for item in data.skipped}
    assert set(reasons) == {"loop.png", "gone.png", "up"} and "folder that it lies in" in reasons["up"]
    assert "leads nowhere" in reasons["loop.png"] and "leads nowhere" in reasons["gone.png"]
    assert sum(len(split) for split in data.splits.values()) == 72 + 24, "a link to a folder elsewhere is followed"
    with pytest.raises(RunError, match="gone.png: is a link that leads nowhere; mend or remove it, or set"):
        ImageFolder(directory=folder).open()


def test_a_link_to_the_folder_itself_is_no_class(tmp_path, pictures):
    folder = tmp_path / "data"
    subprocess.run(["cp", "-r", str(pictures), str(folder)], check=True)
    (folder / "again").symlink_to(".")
    data = ImageFolder(directory=folder, on_corrupt="skip").open()
    assert data.classes == ("bag", "sandal", "trouser") and [Path(item.file).name for item in data.skipped] == ["again"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_named(tmp_path):
    path = save(tmp_path / "a.png")
    os.chmod(path, 0)
    assert refusal(path) == "cannot be read (Permission denied)"


@pytest.mark.parametrize(("change", "says"), [("changed", "changed after it was checked"), ("gone", "went away")])
def test_a_file_that_changes_during_the_run_is_named(tmp_path, change, says):
    path = save(tmp_path / "Schöne 包 [1]: b.png")
    read = reader(path)
    if change == "gone":
        os.remove(path)
    else:
        save(path, 255 - SCENE)
    import tensorflow as tf

    with pytest.raises(tf.errors.OpError) as caught:
        list(tf.data.Dataset.range(1).map(read))
    problem = str(explained(caught.value, SimpleNamespace(directory=tmp_path / "run", log_path=tmp_path / "log.txt")))
    assert problem.startswith(f"{path}: {says}") and "\n" not in problem


def test_the_run_says_which_file_went_away(tmp_path, pictures):
    folder = tmp_path / "data"
    subprocess.run(["cp", "-r", str(pictures), str(folder)], check=True)
    script = """
import sys
from pathlib import Path
from tfrun import load, run
from tfrun.dataset.image_folder import ImageFolder
from tfrun.dataset.orientation import orientation_of
class Vanishing(ImageFolder):
    def open(self):
        data = super().open()
        (self.directory / data.splits["train"].ids[5]).unlink()
        return data
folder, runs = sys.argv[1:]
experiment = load(["+experiment=quickstart", "debug=fast", "backbone=none", "export=[]", f"runs={runs}"])
try:
    run(experiment.model_copy(update={"dataset": Vanishing(directory=folder)}), quiet=True)
except Exception as error:
    print(type(error).__name__, error)
"""
    done = subprocess.run([sys.executable, "-c", script, str(folder), str(tmp_path / "runs")], capture_output=True, text=True)
    assert done.stdout.startswith("RunError ") and "went away after it was checked" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_graph_finds_which_way_is_up(tmp_path, orientation, name, order):
    tag = Image.Exif()
    tag[274], tag[271], tag.endian = orientation, "a maker", order
    path = save(tmp_path / name, exif=tag, **({"lossless": True} if name == "a.webp" else {}))
    assert int(orientation_of(tf.io.read_file(str(path)))) == orientation


@pytest.mark.parametrize("contents", [b"", b"\xff\xd8\xff", b"\xff\xd8\xffExif\0\0II*\0", b"\xff\xd8\xffExif\0\0II*\0\xff\xff\xff\x7f" + b"\xff" * 90,
                                      b"RIFF1234WEBPEXIF", b"\x89PNGeXIfMM\0*\0\0\0\x08\xff\xff" + b"\x01\x12" * 30])  # fmt: skip
def test_a_damaged_tag_is_no_tag(contents):
    assert int(orientation_of(tf.constant(contents))) == 1
