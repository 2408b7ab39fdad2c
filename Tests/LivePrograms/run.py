# Runs the functions called `test_…` of the modules named, all of them without a name.

import importlib
import os
import sys
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

MODULES = ["tcp", "streams", "limits", "slow", "drain"]


def main(names):
    unknown = [name for name in names if name not in MODULES]
    if unknown:
        sys.exit(f"there is no {', '.join(unknown)}; there are {', '.join(MODULES)}")
    passed, failed = 0, 0
    for name in names or MODULES:
        module = importlib.import_module(f"live_{name}")
        for title, test in list(vars(module).items()):
            if not title.startswith("test_"):
                continue
            begun = time.monotonic()
            try:
                told = test()
                passed += 1
                outcome = "passed"
            except Exception:
                traceback.print_exc()
                failed += 1
                outcome, told = "FAILED", None
            seconds = time.monotonic() - begun
            print(f"{outcome} {name}: {title[5:].replace('_', ' ')} ({seconds:.1f} s)" + (f": {told}" if told else ""))
            sys.stdout.flush()
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main(sys.argv[1:])
