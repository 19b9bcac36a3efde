"""Measures what recording costs.

python -m benchmarks.overhead                                     everything; `make bench`
python -m benchmarks.overhead --quick                             by hand and genspan, a minute, printed alone
python -m benchmarks.overhead --quick --only chat-10kB stream     the same for some of the work
"""

from __future__ import annotations

import argparse

from .contenders import CONTENDERS, DISCARD, MODES
from .driver import interleaved, workers
from .figures import added, ratio, spread
from .workloads import WORKLOADS

QUICK = ["hand-written", "genspan"]


def quick(contenders: list[str], workloads: list[str], mode: str, rounds: int) -> None:
    """Prints, for each kind of work, what a call takes and what the contenders add to it."""
    print(f"{'µs of CPU a call':32}{'bare':>9}" + "".join(f"{CONTENDERS[name].title:>24}" for name in contenders))
    with workers(contenders) as processes:
        for name in workloads:
            measured = interleaved(processes, rounds, "measure", workload=name, mode=mode, export=DISCARD)
            bare = spread([each["off"] for of in measured.values() for each in of])
            cells = {who: added(of) for who, of in measured.items()}
            line = f"{WORKLOADS[name].title:32}{bare['median']:9.0f}"
            for who, cell in cells.items():
                line += f"{cell['median']:9.0f} ({cell['low']:.0f}-{cell['high']:.0f})".rjust(24)
                compared = ratio(cell, cells[contenders[0]])
                if who != contenders[0] and compared is not None:
                    line += f" {compared:5.2f} x"
            print(line, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="only what a call costs, and print it")
    parser.add_argument("--only", nargs="+", choices=WORKLOADS, metavar="WORK", help=", ".join(WORKLOADS))
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, metavar="WHO", help=", ".join(CONTENDERS))
    parser.add_argument("--mode", choices=MODES, default="content", help="how to record; with --quick")
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    quick(given.contenders or QUICK, given.only or list(WORKLOADS), given.mode, given.rounds)


if __name__ == "__main__":
    main()
