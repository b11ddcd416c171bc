"""The console script `nasbench-ga COMMAND ...`: the same commands as `python -m nasbench_ga.COMMAND ...`."""

from __future__ import annotations

import importlib
import sys

COMMANDS = {
    "run": ("nasbench_ga.run", "search a space many times over and record what was found"),
    "compare": ("nasbench_ga.compare", "compare records of runs: tests, effect sizes, pictures, one report"),
    "regress": ("nasbench_ga.regress", "compare searches exactly with what they found before"),
    "tables": (
        "nasbench_ga.tables.__main__",
        "list, show, fetch, convert and check tables of published results",
    ),
    "training": ("nasbench_ga.training.__main__", "list and fetch data sets of images"),
}


def main() -> int:
    """Hands over to a command; gives its exit status."""
    arguments = sys.argv[1:]
    if not arguments or arguments[0] in ("-h", "--help"):
        print("usage: nasbench-ga COMMAND [OPTIONS]; COMMAND --help says more\n")
        for name, (_, what) in COMMANDS.items():
            print(f"  {name:8} {what}")
        return 0
    if arguments[0] not in COMMANDS:
        from nasbench_ga.errors import UnknownNameError

        print(f"error: {UnknownNameError('command', arguments[0], COMMANDS)}", file=sys.stderr)
        return 2
    module, _ = COMMANDS[arguments[0]]
    return int(importlib.import_module(module).main(arguments[1:]))


if __name__ == "__main__":
    sys.exit(main())
