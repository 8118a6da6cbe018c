"""Runs the notebooks beside this file, without a kernel, and keeps what their cells give.

    .venv/bin/python docs/notebooks/run.py            writes the outputs into each notebook
    .venv/bin/python docs/notebooks/run.py --check    says which cells give something else by now

The cells of a notebook run one after another in this process. A test asks `differences`.
"""

from __future__ import annotations

import ast
import io
import json
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pandas as pd

HERE = Path(__file__).parent
WIDE = ("display.max_columns", 20, "display.width", 110)  # the same in every terminal


def notebooks() -> list[Path]:
    """The notebooks, by name."""
    return sorted(HERE.glob("*.ipynb"))


def run(path: Path) -> dict[str, Any]:
    """The notebook with the outputs that its code gives now."""
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    names: dict[str, Any] = {"__name__": "__main__"}
    count = 0
    for place, cell in enumerate(notebook["cells"], 1):
        if cell["cell_type"] != "code":
            continue
        count += 1
        cell["execution_count"] = count
        source = "".join(cell["source"])
        with pd.option_context(*WIDE):
            cell["outputs"] = _outputs(source, names, count, f"{path.name}, cell {place}")
    return notebook


def _outputs(source: str, names: dict[str, Any], count: int, where: str) -> list[dict[str, Any]]:
    """What a cell prints and what its last expression gives."""
    tree = ast.parse(source, where)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    found = None
    with redirect_stdout(io.StringIO()) as printed:
        exec(compile(tree, where, "exec"), names)  # noqa: S102 - our own notebooks
        if isinstance(last, ast.Expr):
            found = eval(compile(ast.Expression(last.value), where, "eval"), names)  # noqa: S307
    outputs: list[dict[str, Any]] = []
    if printed.getvalue():
        text = printed.getvalue().splitlines(keepends=True)
        outputs.append({"name": "stdout", "output_type": "stream", "text": text})
    if found is not None:
        data = {"text/plain": repr(found).splitlines(keepends=True)}
        if hasattr(found, "_repr_html_"):
            data["text/html"] = found._repr_html_().splitlines(keepends=True)
        outputs.append(
            {
                "data": data,
                "execution_count": count,
                "metadata": {},
                "output_type": "execute_result",
            }
        )
    return outputs


def differences(path: Path) -> list[str]:
    """Cells whose kept outputs aren't what their code gives now."""
    kept, now = json.loads(path.read_text(encoding="utf-8")), run(path)
    pairs = zip(kept["cells"], now["cells"], strict=True)
    return [f"{path.name}, cell {place}" for place, (old, new) in enumerate(pairs, 1) if old != new]


def main(only_check: bool) -> int:
    wrong = [one for path in notebooks() for one in differences(path)] if only_check else []
    for path in notebooks() if not only_check else []:
        made = json.dumps(run(path), ensure_ascii=False, indent=1) + "\n"
        path.write_text(made, encoding="utf-8")
    print("\n".join(wrong) if wrong else f"{len(notebooks())} notebooks")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
