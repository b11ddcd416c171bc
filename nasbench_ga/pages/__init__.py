"""Pages for people: what they say as data, as one HTML file, as Markdown with pictures, and on the terminal."""

from nasbench_ga.pages.html import write_html
from nasbench_ga.pages.markdown import write_markdown
from nasbench_ga.pages.page import Block, Details, Heading, Notes, Page, Paragraph, Picture, Table
from nasbench_ga.pages.terminal import print_page

__all__ = [
    "Block",
    "Details",
    "Heading",
    "Notes",
    "Page",
    "Paragraph",
    "Picture",
    "Table",
    "print_page",
    "write_html",
    "write_markdown",
]
