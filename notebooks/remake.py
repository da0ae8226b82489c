"""Run notebooks from top to bottom and save them as a reader needs them.

    python notebooks/remake.py                                # all of them
    python notebooks/remake.py notebooks/04_content_loss.ipynb
    python notebooks/remake.py --network vgg19 notebooks/10_the_paper.ipynb

The figures are kept; widgets, which are blank without a kernel, are not, nor is
anything that changes from run to run or machine to machine.
"""

import argparse
import base64
import io
import json
import re
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.output_widget import OutputWidget
from PIL import Image

HERE = Path(__file__).resolve().parent
WIDGET = "application/vnd.jupyter.widget-view+json"


class SilentOutput(OutputWidget):
    """The output area of a widget, which keeps what it is sent and says nothing back.

    nbclient's own answers on the channel on which it awaits the end of the cell, and
    sometimes both sides then wait for ever.
    """

    def send(self, *_, **__) -> None:
        """Say nothing."""


def run(path: Path, **constants) -> nbformat.NotebookNode:
    """Execute a notebook in a new kernel, in its own folder.

    Args:
        path: The notebook.
        **constants: Of its setup cell, to be set first, such as `QUICK=True`.

    Returns:
        The executed notebook; the file is left as it is.
    """
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            for name, value in constants.items():
                line = re.compile(rf"^{name} = \S+", re.MULTILINE)
                cell.source = line.sub(f"{name} = {literal(value)}", cell.source)
    client = NotebookClient(
        notebook,
        timeout=900,
        resources={"metadata": {"path": str(path.parent)}},
        coalesce_streams=True,
    )
    client.widget_registry["@jupyter-widgets/output"]["OutputModel"] = SilentOutput
    client.execute()
    return notebook


def literal(value) -> str:
    """Write a constant as ruff would."""
    return json.dumps(value) if isinstance(value, str) else repr(value)


def clean(notebook: nbformat.NotebookNode) -> None:
    """Keep of the outputs what a reader without a kernel can see."""
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {
                "display_name": "Python 3 (ipykernel)",
                "language": "python",
                "name": "python3",
            },
            "language_info": {"name": "python"},
        }
    )
    count = 0
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict(
            {"tags": cell.metadata.tags} if "tags" in cell.metadata else {}
        )
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count
            cell.outputs = [
                output
                for output in cell.outputs
                if WIDGET not in output.get("data", {})
            ]
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    output.execution_count = count
                if "image/png" in output.get("data", {}):
                    output.data["image/png"] = lighten(output.data["image/png"])


def lighten(png: str) -> str:
    """Store a figure with 256 colours: a third of the size, and hardly a difference.

    Args:
        png: The file, in base64 as notebooks keep it.

    Returns:
        Likewise; the one given where it is the smaller.
    """
    picture = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    file = io.BytesIO()
    picture.quantize(256).save(file, "PNG", optimize=True)
    return min(png, base64.b64encode(file.getvalue()).decode(), key=len)


def main() -> None:
    """Remake the notebooks named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="*", type=Path, metavar="NOTEBOOK")
    parser.add_argument("--network", choices=("vgg16", "vgg19"))
    options = parser.parse_args()
    constants = {"NETWORK": options.network} if options.network else {}
    for path in options.paths or sorted(HERE.rglob("[0-9]*.ipynb")):
        began = time.perf_counter()
        notebook = run(path, **constants)
        clean(notebook)
        nbformat.write(notebook, path)
        print(f"{path.name}: {time.perf_counter() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
