"""Draw the head of a launch report at each evidence grade, from the simulated product: docs/images/launch_grade_*.png.

    python tools/picture_grades.py        needs Chromium at /usr/bin/chromium and playwright

The product and its launch are the same each time. What differs is what is known: who was assigned at random (A), which
regions had it (B), only the metric's own past (C), hardly any past (D), or a chart of a few weeks (E).
"""  # noqa: INP001 - a script, not a package

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

import pm_analytics as pm

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
WIDTH, HEIGHT = 900, 860


def product(folder: Path) -> tuple[Any, pd.DataFrame, pd.DataFrame]:
    """Simulate a year of a product, with a launch for half of its users."""
    made = pm.simulate(folder / "product", users=6_000, days=390, launch_day=340, effect=0.25)
    events = pd.read_parquet(made.events)
    offered = pd.read_parquet(made.exposures).drop_duplicates("user_id")
    return made, events, offered


def questions(folder: Path) -> dict[str, dict[str, object]]:
    """Give the parameters of a report at each grade."""
    made, events, offered = product(folder)
    plain = {
        "launch_name": made.launch_name,
        "launch_at": str(made.launch_at),
        "timezone": "Europe/Amsterdam",
        "feature_events": [made.feature_event],
        "primary_event": made.primary_event,
        "exclude": {"is_internal": "true"},
        "target_lift": 0.05,
    }
    variant = offered.set_index("user_id")["variant"]
    known = events[events["user_id"].isin(variant.index)].copy()
    treated = known["user_id"].map(variant) == "treatment"
    number = known["user_id"].map({user: i % 12 for i, user in enumerate(sorted(variant.index))})
    name = "region " + number.astype(str).str.zfill(2)
    known["region"] = name.where(treated, "other " + name)
    launch = pd.Timestamp(str(made.launch_at))
    launch = launch.tz_localize("Europe/Amsterdam") if launch.tzinfo is None else launch
    regions = sorted(set(known.loc[treated, "region"]))
    everybody = known[treated]
    late = everybody[everybody["timestamp"] >= launch - pd.Timedelta(days=40)]
    daily = late[late["event"] == made.primary_event].set_index("timestamp").resample("D").size()
    paths = {}
    for name, frame in {"all": events, "regions": known, "everybody": everybody, "late": late}.items():
        paths[name] = str(folder / f"{name}.parquet")
        frame.to_parquet(paths[name])
    daily.rename_axis("date").rename("exports").reset_index().to_csv(folder / "chart.csv", index=False)
    series = {"launch_name": made.launch_name, "launch_at": f"{launch:%Y-%m-%d}", "timezone": "Europe/Amsterdam"}
    return {
        "a": plain | {"data": paths["all"], "exposures": str(made.exposures), "experiment": made.experiment},
        "b": plain | {"data": paths["regions"], "compare_by": "region", "compare_with": regions},
        "c": plain | {"data": paths["everybody"]},
        "d": plain | {"data": paths["late"]},
        "e": series | {"data": str(folder / "chart.csv"), "value_column": "exports"},
    }


def main() -> None:
    """Run the five reports and draw their heads."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as spare, sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        for grade, asked in questions(Path(spare)).items():
            made = pm.run_report("launch_impact", asked, into=Path(spare) / grade)
            page.goto(made.page.as_uri())
            page.screenshot(path=str(IMAGES / f"launch_grade_{grade}.png"))
        browser.close()


if __name__ == "__main__":
    main()
