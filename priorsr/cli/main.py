"""`priorsr`: its commands, and the report of a user's mistake."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from traceback import extract_tb
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from priorsr.cli import bench, catalogue, data, demo, doctor, export, plugin, train, upscale, weights
from priorsr.cli.console import abandon_output, errors, keywords_as_options, takes_output, write_in_any_encoding
from priorsr.cli.extras import extra_with
from priorsr.cli.help import Command
from priorsr.cli.several import SeveralValues, plugins_first
from priorsr.errors import PriorsrError, PriorsrWarning
from priorsr.scripts import VARIABLE, add_scripts
from priorsr.text import printable

NEAR = 40  # characters quoted beside those that an encoding lacks
_python_warning_text = warnings.formatwarning
UsageError: type[typer.BadParameter] = typer.BadParameter.__mro__[1]  # which Typer does not export


class Commands(TyperGroup):
    """The commands of `priorsr`; --plugins may stand before or after one.

    A command that Ctrl-C ends prints the text of its KeyboardInterrupt, such as how to continue a training; so does one
    whose clearing up then fails, such as with a package that was being imported.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, plugins_first(args))

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, Exception) as error:
            interruption = _interruption(error)
            if interruption is None:
                raise
            if str(interruption):
                errors.print(keywords_as_options(str(interruption)), soft_wrap=True, markup=False)
            raise typer.Exit(130) from None
        except SystemExit as ended:
            file, line, *_ = extract_tb(ended.__traceback__)[-1]
            raise PriorsrError(
                f"{file}, line {line}: ends the program (SystemExit: {ended}); code of a component was expected to "
                "raise an error"
            ) from ended


app = typer.Typer(
    cls=Commands,
    help="Build, train, score and compare prior-guided face super-resolution models.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("list", cls=Command)(catalogue.list_components)
app.command("info", cls=Command)(catalogue.info)
app.command("doctor", cls=Command)(doctor.doctor)
app.command("demo", cls=Command)(demo.demo)
app.command("train", cls=SeveralValues)(train.train)
app.command("upscale", cls=Command)(upscale.upscale)
app.command("export", cls=Command)(export.export)
app.add_typer(data.app, name="data", help="Make, import and examine face sets.")
app.add_typer(bench.app, name="bench", help="Score models, compare them, and publish the results.")
app.add_typer(plugin.app, name="plugin", help="Start a plugin, and check components.")
app.add_typer(weights.app, name="weights", help="Examine, convert and pack weights.")


@app.callback(invoke_without_command=True)
def options(
    plugins: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE.py",
            help="Use the components that a script registers, by name; repeatable, before or after the command. "
            f"{VARIABLE} lists such files, too.",
        ),
    ] = None,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    add_scripts(plugins or ())
    if version:
        from priorsr.version import __version__

        typer.echo(__version__)
        raise typer.Exit


def main() -> None:
    """Run the command line; a mistake of the user or a refusal of the system gives one sentence and exit code 2."""
    warnings.formatwarning = _warning_text
    write_in_any_encoding()
    try:
        code = app(standalone_mode=False, prog_name="priorsr")
        sys.stdout.flush()
        sys.exit(code)
    except (KeyboardInterrupt, typer.Abort):  # Ctrl-C before a command has begun
        sys.exit(130)
    except PriorsrError as error:
        _print_error(str(error))
    except UsageError as error:
        if error.format_message():  # else the help was printed
            _print_error(error.format_message().replace("Value error, ", ""))  # pydantic's prefix
    except ModuleNotFoundError as error:
        extra = extra_with(error.name or "")
        if extra is None:
            raise
        _print_error(f"this needs the package {error.name!r}: install it with pip install 'priorsr[{extra}]'")
    except UnicodeEncodeError as error:
        near = error.object[max(0, error.start - NEAR) : error.end + NEAR]
        _print_error(f"{near!r} cannot be written in the encoding {error.encoding}; PYTHONUTF8=1 was expected")
    except BrokenPipeError:  # the reader of a pipe has seen enough
        abandon_output()
        sys.exit(1)
    except OSError as error:
        where = error.filename or ("standard output" if not takes_output() else "")
        _print_error(f"{where}: {error.strerror}" if where else str(error))
        abandon_output()
    sys.exit(2)


def _interruption(error: BaseException | None) -> KeyboardInterrupt | None:
    """Return the interruption that an error is, or after which it was raised; None if there was none."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error


def _warning_text(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    """Format a warning of ours as one sentence, and any other as Python does; either may quote text of strangers."""
    ours = issubclass(category, PriorsrWarning)
    text = f"note: {message}\n" if ours else _python_warning_text(message, category, filename, lineno, line)
    return printable(text, keep="\n")


def _print_error(mistake: str) -> None:
    from priorsr.terminal import styled

    text = keywords_as_options(" ".join(mistake.split()))
    errors.print(styled(("error:", "bold red"), " ", text), soft_wrap=True)


if __name__ == "__main__":
    main()
