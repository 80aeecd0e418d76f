"""Does the same work for several parts at once, in processes of their own, and says what they said in the order of the parts."""
import contextlib
import io
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

# What a forked process does; nothing of it has to be carried over.
WORK = []


def side_by_side(work, parts: list) -> list:
    """The results, in order. Raises what the work raises."""
    WORK[:] = [work, parts]
    results = []
    with ProcessPoolExecutor(max_workers=max(1, min(len(parts), os.cpu_count() or 1)), mp_context=get_context("fork")) as pool:
        for out, err, result in pool.map(told, range(len(parts))):
            sys.stdout.write(out)
            sys.stderr.write(err)
            results.append(result)
    return results


def told(number: int) -> tuple:
    work, parts = WORK
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        result = work(parts[number])
    return out.getvalue(), err.getvalue(), result
