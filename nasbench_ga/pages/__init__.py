"""Pages for people: what they say as data, and as one HTML file or as Markdown with pictures beside it."""

from nasbench_ga.pages.page import Block, Details, Heading, Notes, Page, Paragraph, Picture, Table

__all__ = ["Block", "Details", "Heading", "Notes", "Page", "Paragraph", "Picture", "Table"]
