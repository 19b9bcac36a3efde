"""Measures what recording costs, on Linux, which tells the CPU time of a thread. Run by `make bench`.

    python -m benchmarks.overhead                                   everything, into the result file
    python -m benchmarks.overhead --quick                           genspan beside spans by hand, a minute or two
    python -m benchmarks.overhead --quick --only chat-10kB stream   the same for some of the work
    python -m benchmarks.overhead --sections memory start_up        a part, with all contenders

What is not everything is only printed.
"""

from __future__ import annotations

import argparse
import json

from .contenders import CONTENDERS
from .goals import verdicts
from .page import RESULT, write
from .sections import SECTIONS, Run, circumstances
from .tables import tables
from .workloads import COMPARED

QUICK = ["hand-written", "genspan"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="only what a call costs, of genspan and by hand")
    parser.add_argument("--only", nargs="+", choices=COMPARED, metavar="WORK", help=", ".join(COMPARED))
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, metavar="WHO", help=", ".join(CONTENDERS))
    parser.add_argument("--sections", nargs="+", choices=SECTIONS, metavar="PART", help=", ".join(SECTIONS))
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    run = Run(
        given.contenders or (QUICK if given.quick else list(CONTENDERS)),
        given.only or COMPARED,
        given.rounds,
    )
    sections = given.sections or (["calls"] if given.quick else list(SECTIONS))
    result = {"circumstances": circumstances(run)}
    for name in sections:
        result[name] = SECTIONS[name](run)
        print("\n".join(tables(result, [name])), flush=True)
    if (
        list(run.contenders) == list(CONTENDERS)
        and list(run.workloads) == list(COMPARED)
        and sections == list(SECTIONS)
    ):
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(json.dumps(result, indent=1) + "\n")
        write()
        print("\n".join(["", *verdicts(result)]))


if __name__ == "__main__":
    main()
