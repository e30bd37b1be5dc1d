"""How long the package takes to be there: `import backlit` beside `import numpy`, and `backlit --help`."""

from __future__ import annotations

import subprocess
import sys
import time

ROUNDS = 11


def seconds(*command: str) -> float:
    """The wall time of one process, the interpreter's own start included."""
    began = time.perf_counter()
    subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    """Prints times and the ratio of the imports, each taken in turn; the interpreter's bare start is taken off."""
    commands = {
        "python": ("-c", "pass"),
        "import numpy": ("-c", "import numpy"),
        "import backlit": ("-c", "import backlit"),
        "backlit.Network": ("-c", "import backlit; backlit.Network"),
        "backlit --help": ("-m", "backlit", "--help"),
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            times[name].append(seconds(*command))
    print(f"seconds, least and median of {ROUNDS}:")
    for name, taken in times.items():
        print(f"  {name:15s} {min(taken):6.3f} {sorted(taken)[ROUNDS // 2]:6.3f}")
    bare = min(times["python"])
    numpy = min(times["import numpy"]) - bare
    for name, wanted in (("import backlit", "   (at most 1.5 is wanted)"), ("backlit.Network", "")):
        print(f"  {name} / import numpy: {(min(times[name]) - bare) / numpy:.2f}{wanted}")


if __name__ == "__main__":
    main()
