"""How well photographs of digits are read: MNIST's test digits as ink on paper, made by this program, not by a camera.

400 digits (numbers 6,000 to 6,399) in nine ways, each read by a network on MNIST and by one on the 8 × 8 digits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image, ImageFilter

import backlit
from backlit.data.images import from_photo

FIRST, COUNT = 6000, 400
WAYS: dict[str, dict[str, Any]] = {
    "plain": {"uneven": 0.0, "grain": 0.0},
    "uneven light": {},
    "strong grain": {"uneven": 0.9, "grain": 0.04},
    "small": {"fills": 0.25},
    "large": {"fills": 0.95},
    "pencil": {"ink": 0.7},
    "inverted": {"inverted": True},
    "lined paper": {"lined": True},
    "portrait": {"size": (1600, 800)},
}


def photograph(
    digit: Any,
    rng: np.random.Generator,
    *,
    size: tuple[int, int] = (900, 1200),
    fills: float = 0.55,
    ink: float = 0.25,
    grain: float = 0.02,
    uneven: float = 0.5,
    inverted: bool = False,
    lined: bool = False,
) -> Image.Image:
    """A digit (28, 28) of numbers from 0 to 1 as dark ink somewhere on unevenly lit paper."""
    height, width = size
    side = int(fills * min(size))
    drawn = Image.fromarray((255 * digit).astype(np.uint8)).resize((side, side), Image.Resampling.BICUBIC)
    cover = np.zeros(size)
    top, left = (int(rng.uniform(0.1, 0.9) * (room - side)) for room in size)
    cover[top : top + side, left : left + side] = np.asarray(drawn) / 255
    down, across = np.mgrid[0:height, 0:width]
    down, across = down / height - 0.5, across / width - 0.5
    slope = rng.uniform(-1, 1, 2)
    light = 0.85 - uneven * (0.5 * (across * slope[0] + down * slope[1]) + 0.3 * (across**2 + down**2))
    paper = np.clip(light, 0.15, 1)
    if lined:
        paper = paper * (1 - 0.12 * (np.arange(height)[:, None] % 90 < 3))
    grey = paper * (1 - (1 - ink) * cover) + grain * rng.normal(size=size)
    grey = 1 - grey if inverted else grey
    picture = Image.fromarray((255 * np.clip(grey, 0, 1)).astype(np.uint8))
    return picture.filter(ImageFilter.GaussianBlur(1.5))


def networks() -> dict[tuple[int, int], Any]:
    """A trained network for each shape of picture."""
    x, y = backlit.data.load("mnist").arrays(np.float32)
    large = backlit.Network(
        [784, 100, 10], activations=["relu", "softmax"], cost="cross_entropy", dtype=np.float32
    )
    large.fit(x, y, epochs=8, batch_size=50, eta=0.1, progress=False)
    x, y = backlit.data.load("digits").arrays()
    small = backlit.Network([64, 50, 10], activations=["relu", "softmax"], cost="cross_entropy")
    small.fit(x[:1400], y[:1400], epochs=40, batch_size=20, eta=0.1, progress=False)
    print(f"8 × 8 digits never seen: {(small.predict_labels(x[1400:]) == y[1400:]).mean():.1%} read right")
    return {(28, 28): large, (8, 8): small}


def main() -> None:
    """Prints the part read right, way by way."""
    nets = networks()
    test = backlit.data.load("mnist").test
    assert test is not None
    x, y = (rows[FIRST : FIRST + COUNT] for rows in test.arrays())
    print(f"the {COUNT} digits themselves: {(nets[28, 28].predict_labels(x) == y).mean():.1%} read right")
    print("as pictures:       28 × 28    8 × 8")
    for way, options in WAYS.items():
        rng = np.random.default_rng(1)
        right = dict.fromkeys(nets, 0)
        for digit, label in zip(x.reshape(-1, 28, 28), y, strict=True):
            picture = photograph(digit, rng, **options)
            for shape, net in nets.items():
                right[shape] += int(net.predict_labels(from_photo(picture, shape).reshape(1, -1))[0] == label)
        print(f"  {way:14s}" + "".join(f"{number / COUNT:10.1%}" for number in right.values()), flush=True)


if __name__ == "__main__":
    main()
