"""What is written down works: code blocks run, links lead somewhere, every column has a glossary entry."""

import re
from pathlib import Path

import pandas as pd
import pytest

import pm_analytics as pm
from pm_analytics import names

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
RUN = [ROOT / "README.md", *sorted((ROOT / "docs" / "guides").glob("*.md"))]
SHOP = {"app_opened": "visit", "item_edited": "cart", "report_exported": "pay", "bulk_edit_saved": "export_used"}
FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)


def blocks(page):
    return re.findall(r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def anchors(page):
    """Give the anchors of a page's headings as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links():
    """List every page's links to places inside the project."""
    found = []
    for page in PAGES:
        text = FENCED.sub("", page.read_text(encoding="utf-8"))
        found += [(page, link) for link in re.findall(r"\]\(([^)]+)\)", text)]
    return [(page, link) for page, link in found if not re.match(r"[a-z]+:", link)]


def glossary():
    """List the headwords, in the order of the page."""
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    heads = re.findall(r"^- ((?:\*\*.+?\*\*(?:, )?)+)", text, re.MULTILINE)
    return [re.findall(r"\*\*(.+?)\*\*", head) for head in heads]


@pytest.fixture(scope="module")
def product(tmp_path_factory):
    return pm.simulate(tmp_path_factory.mktemp("product"), users=2_000)


@pytest.fixture(scope="module")
def desk(tmp_path_factory, product):
    """Lay out the files that the pages talk about."""
    folder = tmp_path_factory.mktemp("desk")
    events = pd.read_parquet(product.events)
    shop = events[events["event"].isin(SHOP)].dropna(subset="user_id").head(20_000)
    local = shop["timestamp"].dt.tz_convert("Europe/Amsterdam").dt.strftime("%Y-%m-%d %H:%M:%S")
    shop = shop.assign(event=shop["event"].map(SHOP), timestamp=local, plan=shop["plan"].str.title())
    late = shop.tail(1).assign(event="export_used", timestamp="2026-04-20 12:00:00")
    pd.concat([shop, late]).to_csv(folder / "my_export.csv", index=False)
    (folder / "parts").mkdir()
    shop.to_parquet(folder / "parts" / "january.parquet", index=False)
    return folder


@pytest.fixture
def namespace(product, desk, monkeypatch):
    """Give what a reader has at hand when a page begins."""
    monkeypatch.chdir(desk)
    monkeypatch.setenv("PM_ANALYTICS_CACHE", str(desk / "cache"))
    log = pm.read_events(product.events, timezone="Europe/Amsterdam").without(is_internal=True)
    exposures = pm.Exposures.from_file(product.exposures, experiment="bulk_edit")
    return {"pm": pm, "product": product, "log": log, "exposures": exposures, "launch": product.launch_at}


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.stem)
def test_the_code_of_a_page_runs_from_top_to_bottom(page, namespace):
    written = blocks(page)
    assert written
    for number, code in enumerate(written, 1):
        exec(compile(code, f"{page.name}, block {number}", "exec"), namespace)  # noqa: S102 - it is ours


def test_a_reading_without_a_comparison_is_not_judged(namespace):
    """As docs/guides/reports.md says of its last block."""
    code = next(code for code in blocks(ROOT / "docs" / "guides" / "reports.md") if "launch_readout" in code)
    exec(code, namespace)  # noqa: S102 - it is ours
    readout = namespace["readout"]
    assert (readout.verdict.state, readout.grade) == ("CANNOT JUDGE", "D")


@pytest.mark.parametrize(("page", "link"), links(), ids=lambda part: getattr(part, "stem", part))
def test_links_inside_the_project_lead_somewhere(page, link):
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    assert target.exists()
    assert not anchor or anchor in anchors(target)


def test_every_column_name_has_a_glossary_entry():
    columns = {value for name, value in vars(names).items() if name.isupper()}
    explained = {word.strip("`") for words in glossary() for word in words if word.startswith("`")}
    assert columns - explained == set()


def test_the_glossary_explains_no_column_that_does_not_exist():
    columns = {value for name, value in vars(names).items() if name.isupper()}
    explained = {word.strip("`") for words in glossary() for word in words if word.startswith("`")}
    assert explained - columns == set()


def test_the_glossary_is_in_alphabetical_order():
    heads = [re.sub(r"[\W_]+", "", words[0].lower()) for words in glossary()]
    assert heads == sorted(heads)


def test_decisions_are_numbered_without_gaps_and_short():
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert text.startswith(f"# {int(page.name[:4])}. ")
        headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert headings == ["Context", "Decision", "Consequences"], page.name
        assert len(text.splitlines()) <= 60


def test_the_picture_of_the_readme_is_small():
    picture = ROOT / "docs" / "images" / "launch_report.png"
    assert picture.stat().st_size < 300_000
