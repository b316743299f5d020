"""What is done on the pages for datasets and keys, as people do it."""

from playwright.sync_api import FilePayload, Locator, Page, expect

PATIENCE = 40_000
"""The first requests of a cloud start processes."""

TEA = """# Tea

Tea is made of leaves.

## Gyokuro

Gyokuro is shaded for three weeks before it is picked.

## Water

Water for gyokuro has fifty degrees.
"""


def file(name: str, content: str | bytes) -> FilePayload:
    data = content.encode() if isinstance(content, str) else content
    return FilePayload(name=name, mimeType="", buffer=data)


def create_dataset(page: Page, name: str) -> None:
    page.get_by_text("New dataset").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Description").fill("What we know of tea")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    expect(page.get_by_text("There are none yet.")).to_be_visible()


def upload(page: Page, *files: FilePayload) -> None:
    page.locator("input[type=file]").set_input_files(list(files))


def records(page: Page) -> Locator:
    return page.get_by_role("list", name="Records").get_by_role("listitem")


def made_key(page: Page) -> str:
    """The text of the new key, as it is shown once."""
    shown = page.get_by_role("region", name="The new key")
    expect(shown).to_contain_text("it will not be shown again")
    return shown.locator("code").inner_text()


def revoke(page: Page, name: str) -> None:
    page.get_by_role("button", name=f"Revoke {name}").click()
    page.get_by_role("dialog", name="Revoke this key?").get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("button", name=f"Revoke {name}")).to_have_count(0)
