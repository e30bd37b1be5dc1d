"""Pictures of digits: photographs made from real digits come out as the set's own images are; and drawing them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backlit import data
from backlit.data import drawing
from backlit.data.images import from_folder, from_photo, is_image
from backlit.errors import DataError, MissingDependency, UsageError

Image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")


def photograph(
    digit: Any,
    *,
    size: tuple[int, int] = (600, 800),
    fill: float = 0.5,
    at: tuple[float, float] = (0.4, 0.6),
    ink: float = 0.25,
    uneven: float = 0.5,
    noise: float = 0.02,
    inverted: bool = False,
) -> Any:
    """A digit (h, w) from 0 to 1 in dark ink on unevenly lit, grainy paper, as a camera sees it."""
    height, width = size
    side = round(fill * min(size))
    strokes = Image.fromarray((255 * digit).astype(np.uint8)).resize((side, side), Image.Resampling.BICUBIC)
    cover = np.zeros(size)
    top, left = round(at[0] * (height - side)), round(at[1] * (width - side))
    cover[top : top + side, left : left + side] = np.asarray(strokes) / 255
    rows, columns = np.mgrid[0 : 1 : 1j * height, 0 : 1 : 1j * width]
    light = 0.9 - uneven * (0.5 * columns + 0.3 * rows)
    seen = light * (1 - (1 - ink) * cover) + noise * np.random.default_rng(1).normal(size=size)
    levels = (255 * np.clip(1 - seen if inverted else seen, 0, 1)).astype(np.uint8)
    return Image.fromarray(levels)


def seven() -> Any:
    """A seven with its own asymmetry, in 28 × 28: a bar on top, and a leg that leans."""
    rows, columns = np.mgrid[0:28, 0:28]
    bar = (rows >= 5) & (rows <= 7) & (columns >= 7) & (columns <= 20)
    leg = (rows > 7) & (rows <= 23) & (abs(columns - (20 - 0.55 * (rows - 7))) <= 1.5)
    return (bar | leg).astype(float)


def likeness(one: Any, other: Any) -> float:
    """The correlation of two pictures."""
    return float(np.corrcoef(one.reshape(-1), other.reshape(-1))[0, 1])


def centred(picture: Any) -> Any:
    """A 28 × 28 picture as MNIST's are made, without a camera between."""
    return from_photo(Image.fromarray((255 * np.pad(picture, 20)).astype(np.uint8)))


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"uneven": 0.0, "noise": 0.0},
        {"uneven": 0.9, "noise": 0.03},
        {"ink": 0.65},
        {"inverted": True},
        {"fill": 0.2, "at": (0.1, 0.9)},
        {"fill": 0.95},
        {"size": (1000, 500)},
        {"size": (70, 60), "fill": 0.8},
        {"size": (3000, 2000), "fill": 0.4},
    ],
    ids=[
        "plain",
        "even",
        "uneven",
        "pencil",
        "inverted",
        "small",
        "large",
        "upright",
        "tiny file",
        "huge file",
    ],
)
def test_a_photograph_comes_out_as_the_digit(how: dict[str, Any]) -> None:
    found = from_photo(photograph(seven(), **how))
    assert found.shape == (28, 28)
    assert (found.min(), found.max()) == (0, 1)
    assert likeness(found, centred(seven())) > 0.93


def test_mnists_rules_are_kept() -> None:
    found = from_photo(photograph(seven(), uneven=0, noise=0))
    ink = found > 0.3
    height = np.ptp(np.flatnonzero(ink.any(axis=1))) + 1
    width = np.ptp(np.flatnonzero(ink.any(axis=0))) + 1
    assert height in (19, 20, 21)
    assert 12 <= width <= 17  # the ratio is kept
    rows, columns = np.mgrid[0:28, 0:28]
    assert (rows * found).sum() / found.sum() == pytest.approx(13.5, abs=0.3)
    assert (columns * found).sum() / found.sum() == pytest.approx(13.5, abs=0.3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_camera_held_sideways(tmp_path: Path, orientation: int) -> None:
    upright = photograph(seven())
    turns: dict[int, list[Any]] = {  # how the sensor saw what EXIF's orientation puts right again
        2: [Image.Transpose.FLIP_LEFT_RIGHT],
        3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.TRANSPOSE],
        6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_270],
    }
    seen = upright
    for turn in turns.get(orientation, []):
        seen = seen.transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "photo.jpg"
    seen.save(path, exif=exif, quality=95)
    np.testing.assert_allclose(from_photo(path), from_photo(upright), atol=0.12)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "1", "I;16", "F", "CMYK", "LA"])
def test_every_mode_of_picture(mode: str) -> None:
    plain = photograph(seven(), uneven=0, noise=0)
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(plain).astype(np.uint16) * 257)
    elif mode == "1":
        picture = plain.point(lambda level: 255 * (level > 128)).convert("1")
    else:
        picture = plain.convert(mode)
    assert picture.mode == mode
    assert likeness(from_photo(picture), centred(seven())) > 0.93


@pytest.mark.parametrize("shade", [0, 255])
def test_strokes_on_nothing(shade: int) -> None:
    """Drawing programs leave the ground transparent: dark strokes then stand on white, light ones on black."""
    alpha = np.asarray(Image.fromarray((255 * seven()).astype(np.uint8)).resize((200, 200)))
    picture = np.dstack([np.full((200, 200, 3), shade, np.uint8), alpha])
    assert likeness(from_photo(Image.fromarray(picture)), centred(seven())) > 0.93


def test_the_table_beside_the_paper_and_specks_are_left_out() -> None:
    levels = np.asarray(photograph(seven(), fill=0.45, at=(0.5, 0.5))).copy()
    levels[:, :60] = 30
    levels[560:, :] = 60
    levels[100:104, 700:704] = 20
    assert likeness(from_photo(Image.fromarray(levels)), centred(seven())) > 0.93


def test_a_picture_of_the_right_size_is_taken_as_it_is(digits) -> None:
    x, _ = digits
    levels = (255 * x[3]).round().astype(np.uint8)
    np.testing.assert_allclose(from_photo(Image.fromarray(levels), (8, 8)), levels / 255)
    np.testing.assert_allclose(from_photo(Image.fromarray(255 - levels), (8, 8)), levels / 255)


def test_real_digits_photographed_are_recognised_as_the_digits_themselves(mnist: Path) -> None:
    """The nearest of 6,000 real examples says which digit it is: as often for the photographs as for the originals."""
    dataset = data.load("mnist", data_dir=mnist)
    assert dataset.test is not None
    known, names = dataset.limited(6000).arrays(np.float32)
    x, y = dataset.test.limited(50).arrays(np.float32)
    photos = np.stack(
        [from_photo(photograph(row.reshape(28, 28), size=(300, 400))).reshape(-1) for row in x]
    ).astype(np.float32)

    def right(rows: Any) -> float:
        distance = (known**2).sum(axis=1) - 2 * rows @ known.T
        return float((names[distance.argmin(axis=1)] == y).mean())

    assert right(x) > 0.85
    assert right(photos) >= right(x) - 0.04


def test_real_digits_as_small_ones(mnist: Path, digits) -> None:
    """MNIST's hands are not those of the 8 × 8 digits, and yet two thirds and more are known by their nearest
    neighbour.
    """
    small, names = digits
    known = small.reshape(len(small), -1)
    dataset = data.load("mnist", data_dir=mnist).test
    assert dataset is not None
    x, y = dataset.limited(60).arrays()
    photos = np.stack(
        [from_photo(photograph(row.reshape(28, 28), size=(300, 400)), (8, 8)).reshape(-1) for row in x]
    )
    distance = (known**2).sum(axis=1) - 2 * photos @ known.T
    assert (names[distance.argmin(axis=1)] == y).mean() > 0.66


def test_small_pictures_stand_upright() -> None:
    upright = photograph(seven(), uneven=0, noise=0)
    shear = (1, 0.3, -90, 0, 1, 0)
    slanted = upright.transform(upright.size, Image.Transform.AFFINE, shear, fillcolor=229)
    assert likeness(from_photo(slanted, (8, 8)), from_photo(upright, (8, 8))) > 0.97
    assert likeness(from_photo(slanted), from_photo(upright)) < 0.9  # MNIST's keep their slant


def test_small_pictures_have_the_sets_weight(digits) -> None:
    found = from_photo(photograph(seven()), (8, 8))
    assert found.shape == (8, 8)
    assert found.mean() == pytest.approx(digits[0].mean(), abs=0.02)
    assert set((16 * found).reshape(-1).tolist()) <= set(range(17))
    for shape in ((8, 3), (3, 8), (16, 16), (2, 2)):
        assert from_photo(photograph(seven()), shape).shape == shape


# ------------------------------------------------------------------------------------------------------------- refused


def blank(**how: Any) -> Any:
    return photograph(np.zeros((28, 28)), **how)


@pytest.mark.parametrize(
    "picture",
    [blank, lambda: blank(uneven=0.9), lambda: blank(uneven=0, noise=0), lambda: Image.new("L", (1, 1))],
)
def test_a_blank_sheet(refused, picture: Callable[[], Any]) -> None:
    assert refused(from_photo, picture(), kind=DataError) == (
        "the picture: no ink was found on it; take a picture of one digit, dark on light or light on dark, that "
        "fills much of it"
    )


def test_what_is_no_picture(refused, tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    assert (
        refused(from_photo, path, kind=DataError)
        == f"{path}: there is no such file; look at its name and folder"
    )
    path.write_bytes(b"not a picture")
    assert refused(from_photo, path, kind=DataError) == (
        f"{path} is no whole picture (cannot identify image file {str(path)!r}); save it again as PNG or JPEG"
    )
    for ending in ("png", "jpg", "gif", "bmp", "tif"):
        path = tmp_path / f"photo.{ending}"
        photograph(seven(), noise=0).convert("L").save(path)
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        said = refused(from_photo, path, kind=DataError)
        assert said.startswith(f"{path} is no whole picture (")
        assert said.endswith("); save it again as PNG or JPEG")
    assert "is no whole picture (" in refused(from_photo, tmp_path, kind=DataError)


def test_a_picture_without_permission(refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(*_: Any, **__: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Image, "open", deny)
    path = tmp_path / "photo.png"
    assert (
        refused(from_photo, path, kind=DataError) == f"{path} can't be read: permission denied; ask its owner"
    )


def test_a_bomb_is_refused(refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "photo.png"
    photograph(seven()).save(path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        assert "is no whole picture (Image size" in refused(from_photo, path, kind=DataError)


def test_shapes_that_cant_be(refused) -> None:
    assert (
        refused(from_photo, blank(), (1, 8), kind=UsageError)
        == "shape is (height, width), each at least 2; got (1, 8)"
    )


def test_without_pillow_the_extra_is_named(refused, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    assert refused(from_photo, "photo.png", kind=MissingDependency) == (
        "reading pictures needs Pillow, which is not installed: pip install 'backlit[images]'"
    )


def test_a_folder_of_pictures(refused, tmp_path: Path) -> None:
    said = f"{tmp_path} holds no pictures (.png, .jpg, .jpeg, .bmp, .gif, .tif, .tiff, .webp); put some there"
    assert refused(from_folder, tmp_path, kind=DataError) == f"{said}, or give another folder"
    for name in ("b.PNG", "a.jpeg", "notes.txt", "c.webp"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "d.png").mkdir()
    assert [path.name for path in from_folder(tmp_path)] == ["a.jpeg", "b.PNG", "c.webp"]
    assert is_image(Path("a.TIFF"))
    assert not is_image(Path("a.csv"))
    nowhere = tmp_path / "nowhere"
    assert refused(from_folder, nowhere, kind=DataError) == (
        f"{nowhere} can't be read as a folder of pictures: No such file or directory; look at its name"
    )


# ------------------------------------------------------------------------------------------------------------- drawing


def test_a_picture_without_colour_is_a_ramp_two_characters_wide() -> None:
    picture = np.array([[0, 0.25, 0.5], [0.75, 1, 2]])
    assert drawing.draw(picture, colour=False) == ["  ░░▒▒", "▓▓████"]


def test_a_picture_in_colour_has_two_pixels_a_character() -> None:
    lines = drawing.draw(np.array([[0.0, 1.0], [1.0, 0.0], [0.5, 0.5]]), colour=True)
    assert lines == [
        "\x1b[38;5;232;48;5;255m▀\x1b[38;5;255;48;5;232m▀\x1b[0m",
        "\x1b[38;5;244;48;5;232m▀\x1b[38;5;244;48;5;232m▀\x1b[0m",
    ]


def test_pictures_side_by_side() -> None:
    lines = drawing.side_by_side([["ab", "cd"], ["ef", "gh"]], ["1", "three"], [2, 2])
    assert len(drawing.draw(np.zeros((4, 3)), colour=True)) == 2
    assert lines == ["ab  ef   ", "cd  gh   ", "1   three"]
