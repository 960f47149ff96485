"""What the previews of segments and of exports have in common."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolkit.terminal import say
from toolkit.translatable import _

if TYPE_CHECKING:
    from toolkit.preview import Preview

MembersOption = Annotated[
    int | None, typer.Option(help="How many members of each segment the page of --html shows.", min=0)
]
HtmlOption = Annotated[Path | None, typer.Option(help="Write the preview with its charts to this HTML file.")]
LeftOutOption = Annotated[
    Path | None, typer.Option(help="Write excluded customers, with reasons, to this .csv or .parquet file.")
]


def keep_preview(preview: "Preview", *, html: Path | None, left_out: Path | None) -> None:
    """Write what was asked for of a preview, and say on standard error where it is."""
    if html is not None:
        say(_("Written: {path}", path=preview.to_html(html)), err=True)
    if left_out is not None:
        say(_("Written: {path}", path=preview.write_left_out(left_out)), err=True)
