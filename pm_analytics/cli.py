"""``pm-analytics``: list templates, say what one takes, run it, verify it, or see it all work on made-up data.

Exit codes: 0 ok, 1 the analysis or report failed, 2 it was asked in the wrong way, 75 not yet (the data is
not fresh enough: try again later, which is what schedulers take 75 to mean).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from pm_analytics.errors import NotYetError, ParameterError, PmAnalyticsError, UnknownNameError
from pm_analytics.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pm_analytics.reports import Parameter
    from pm_analytics.simulate import SimulatedProduct

OK, FAILED, USAGE, NOT_YET, INTERRUPTED = 0, 1, 2, 75, 130
DEMO_TEMPLATE = "launch_impact"
DEMO_USERS = 20_000


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code; an error of ours is a message, never a traceback."""
    arguments = _parser().parse_args(argv)
    try:
        arguments.command(arguments)
    except NotYetError as error:
        return _say(f"Not yet: {error}", NOT_YET)
    except (ParameterError, UnknownNameError) as error:
        return _say(error, USAGE)
    except PmAnalyticsError as error:
        return _say(error, FAILED)
    except BrokenPipeError:
        # Whoever read us has seen enough (`| head`); what is still unwritten must not be tried again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        return _say("Stopped. Nothing was published.", INTERRUPTED)
    return OK


def _say(message: object, code: int) -> int:
    print(message, file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pm-analytics", description="Find out what a launch really changed: reports from templates."
    )
    parser.add_argument("--version", action="version", version=f"pm-analytics {VERSION}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_library(commands)
    _add_run(commands)
    _add_verify(commands)
    _add_demo(commands)
    return parser


def _add_library(commands: Any) -> None:  # noqa: ANN401 - argparse keeps this class to itself
    listing = commands.add_parser("templates", help="list the report templates")
    listing.set_defaults(command=_templates)
    params = commands.add_parser("params", help="say what parameters a template takes")
    params.add_argument("name", metavar="NAME")
    params.set_defaults(command=_params)
    for command in (listing, params):
        _add_folders(command)


def _add_run(commands: Any) -> None:  # noqa: ANN401 - as above
    run = commands.add_parser("run", help="run a template and publish one offline page")
    run.add_argument("name", metavar="NAME", help="a template's name, or the path of a notebook")
    how = "one parameter, read by its declared type; lists as a,b or [a, b]; may be repeated"
    run.add_argument("-p", "--parameter", action="append", default=[], metavar="NAME=VALUE", help=how)
    run.add_argument("-f", "--file", type=Path, metavar="FILE.yml", help="parameters as YAML; -p overrides them")
    run.add_argument("--timeout", type=float, metavar="SECONDS", help="deadline for the whole notebook")
    run.set_defaults(command=_run)
    _add_into(run)
    _add_folders(run)


def _add_verify(commands: Any) -> None:  # noqa: ANN401 - as above
    again = commands.add_parser("verify", help="compute a published report again and compare every claim and word")
    again.add_argument("report", type=Path, metavar="REPORT", help="its page, its folder, or a file beside it")
    again.add_argument("--timeout", type=float, metavar="SECONDS", help="deadline for the whole notebook")
    again.set_defaults(command=_verify)
    _add_folders(again)


def _add_demo(commands: Any) -> None:  # noqa: ANN401 - as above
    demo = commands.add_parser("demo", help="simulate a product with known truth and report on its launch")
    demo.add_argument("--users", type=int, default=DEMO_USERS, metavar="N", help="simulated users (%(default)s)")
    demo.add_argument("--seed", type=int, default=1, metavar="N", help="which simulated product (%(default)s)")
    demo.set_defaults(command=_demo)
    _add_into(demo)


def _add_into(command: argparse.ArgumentParser) -> None:
    what = "folder of the reports (%(default)s)"
    command.add_argument("--into", type=Path, default=Path("reports"), metavar="DIR", help=what)


def _add_folders(command: argparse.ArgumentParser) -> None:
    what = "one more folder of templates; may be repeated"
    command.add_argument("--templates", type=Path, action="append", default=[], metavar="DIR", help=what)


def _templates(arguments: argparse.Namespace) -> None:
    from pm_analytics.reports import templates

    for template in templates(arguments.templates):
        print(f"{template.name}\n    {template.title}")
        for line in wrap(template.description, 96):
            print(f"    {line}")
    print("\nTo see what one takes: pm-analytics params NAME")


def _params(arguments: argparse.Namespace) -> None:
    from pm_analytics.reports import find, parameters

    rows = [("parameter", "type", "default", "help")]
    rows += [_row(parameter) for parameter in parameters(find(arguments.name, arguments.templates))]
    widths = [min(32, max(len(row[column]) for row in rows)) for column in range(3)]
    for name, kind, default, text in rows:
        print(f"{name:<{widths[0]}}  {kind:<{widths[1]}}  {default:<{widths[2]}}  {text}".rstrip())


def _row(parameter: Parameter) -> tuple[str, str, str, str]:
    default = "required" if parameter.required else json.dumps(parameter.default, ensure_ascii=False)
    return parameter.name, str(parameter.kind), default, parameter.help


def _run(arguments: argparse.Namespace) -> None:
    from pm_analytics.reports import check, find

    template = find(arguments.name, arguments.templates)
    given = {**_from_file(arguments.file), **dict(map(_pair, arguments.parameter))}
    parameters = check(template, given, text=True)
    folders = {"into": arguments.into, "templates": arguments.templates}
    _report(arguments.name, parameters, timeout=arguments.timeout, **folders)


def _report(name: str, parameters: dict[str, Any], **options: Any) -> None:  # noqa: ANN401 - passed on
    """Run a report; the page's path is the last line, for people and scripts alike."""
    from pm_analytics.reports import run_report

    print(f"Running {name} ...", file=sys.stderr)
    run = run_report(name, parameters, **options)
    print(f"Done in {run.record.seconds:.0f} seconds. Open this page:", file=sys.stderr)
    print(run.page)


def _verify(arguments: argparse.Namespace) -> None:
    from pm_analytics.errors import ReportError
    from pm_analytics.reports import verify

    print(f"Computing {arguments.report} again ...", file=sys.stderr)
    found = verify(arguments.report, timeout=arguments.timeout, templates=arguments.templates)
    if not found.ok:
        raise ReportError(str(found))
    print(found)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise ParameterError(f"-p {text!r} is not NAME=VALUE. Write for example: -p launch_name='Bulk edit'")
    return name.strip(), value


def _from_file(path: Path | None) -> dict[str, Any]:
    """Read a parameter file; its values stay text until the declared types read them."""
    from pm_analytics.reports.fitting import read_yaml
    from pm_analytics.reports.kinds import Misfit

    if path is None:
        return {}
    try:
        values = read_yaml(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, Misfit) as error:
        raise ParameterError(f"The parameter file {path} cannot be read: {error}.") from error
    if not isinstance(values, dict):
        raise ParameterError(f"The parameter file {path} must hold lines of the form 'name: value'.")
    return values


def _demo(arguments: argparse.Namespace) -> None:
    from pm_analytics.simulate import simulate

    print(f"Simulating {arguments.users:,} users of a product ...", file=sys.stderr)
    product = simulate(arguments.into / "demo_data", users=arguments.users, seed=arguments.seed, overwrite=True)
    _report(DEMO_TEMPLATE, demo_parameters(product), into=arguments.into)


def demo_parameters(product: SimulatedProduct) -> dict[str, Any]:
    """Say to the launch report where the simulated product keeps what."""
    return {
        "data": str(product.events),
        "timezone": "Europe/Amsterdam",
        "launch_name": product.launch_name,
        "launch_at": str(product.launch_at),
        "feature_events": [product.feature_event],
        "entry_events": [product.interest_event],
        "funnel_steps": list(product.onboarding_steps),
        "exposures": str(product.exposures),
        "experiment": product.experiment,
        "primary_event": product.primary_event,
        "guardrail_events": list(product.guardrail_events),
        "exclude": {"is_internal": "true"},
        "truth": str(product.truth_path),
    }


if __name__ == "__main__":
    sys.exit(main())
