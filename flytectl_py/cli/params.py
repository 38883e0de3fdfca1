"""Inputs of a task as options of a command, and what was typed as the values that the task takes."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from flytectl_py.cli.options import Option, option_name
from flytectl_py.errors import BadInputsError, UsageError, did_you_mean
from flytectl_py.model.interface import MISSING, Input, Output
from flytectl_py.model.task import Task
from flytectl_py.values import convert
from flytectl_py.values.convert import BadValue

if TYPE_CHECKING:
    from flytectl_py.cli.running import Again

AnyTask = Task[..., Any]

INPUT = "input_"
"""What the keys of inputs begin with, so that none is an option's."""

_SHOWN = 30
MOST_BYTES_OF_INPUTS = 256 << 20
"""Of a file for ``--inputs``, so that one that never ends is no trap."""


class ThisMachine:
    """What a conversion asks of its surroundings: the clock and the disk of this machine."""

    def now(self) -> datetime:
        return datetime.now().astimezone()

    def is_file(self, path: str) -> bool:
        return Path(path).is_file()

    def is_dir(self, path: str) -> bool:
        return Path(path).is_dir()


def annotation_of(each: Input | Output) -> Any:
    """Return what an input is annotated with; an input without annotation takes anything."""
    return Any if each.annotation is MISSING else each.annotation


def input_options(
    task: AnyTask, *, for_help: bool, recorded: Mapping[str, Any] = MappingProxyType({})
) -> dict[str, Option]:
    """Return one option for each input of `task`, in the order of its signature.

    :param for_help: also say type, default and docstring of each; reading them costs time that a run need not spend.
    :param recorded: inputs of an earlier run, as JSON, which stand in for those that are not given.
    """
    texts = _descriptions(task) if for_help else {}
    options = {}
    known = [each.name for each in task.interface.inputs]
    for index, each in enumerate(task.interface.inputs):
        name = option_name(each.name, known)
        is_flag = convert.is_flag(annotation_of(each))
        deniable = is_flag and f"no_{each.name}" not in known
        names = (f"{name}/--no-{name.removeprefix('--')}",) if deniable else (name,)
        options[f"{INPUT}{index}"] = Option(
            names=names,
            help=_help(each, texts.get(each.name, ""), recorded) if for_help else "",
            metavar=None if is_flag or not for_help else convert.metavar(annotation_of(each)),
            kind="flag" if is_flag else "texts",
        )
    return options


def _help(each: Input, text: str, recorded: Mapping[str, Any]) -> str:
    if each.name in recorded:
        import json

        value = recorded[each.name]
        about = f"default: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
    elif each.required:
        about = "required"
    else:
        default = convert.to_text(each.default, annotation_of(each)) if each.default is not None else "None"
        plain = default.isprintable() and default == default.strip() != ""
        about = f"default: {default if plain else repr(default)}"
    if each.annotation is not MISSING and convert.metavar(each.annotation) == "JSON":
        about = f"{convert.type_name(each.annotation)}; {about}"
    if others := convert.other_spellings(annotation_of(each)):
        about = f"{about}; by value as well: {others}"
    return f"{text}  [{about}]" if text else f"[{about}]"


def _docstring(task: AnyTask) -> Any:
    """Return the parsed docstring of a task, or None if it has none that can be read."""
    import docstring_parser

    try:
        return docstring_parser.parse(task.func.__doc__ or "")
    except docstring_parser.ParseError:
        return None


def _descriptions(task: AnyTask) -> dict[str, str]:
    parsed = _docstring(task)
    return {each.arg_name: " ".join((each.description or "").split()) for each in parsed.params} if parsed else {}


def description(task: AnyTask) -> str:
    """Return what the docstring says of the task itself, its inputs left out."""
    parsed = _docstring(task)
    if parsed is None:
        return (task.func.__doc__ or "").strip()
    parts = [parsed.short_description, parsed.long_description]
    return "\n\n".join(part for part in parts if part) or f"Run {task.name}."


def summary(task: AnyTask) -> str:
    """Return the first line of the task's docstring."""
    return (task.func.__doc__ or "").strip().partition("\n")[0]


def signature(name: str, task: AnyTask) -> str:
    """Return the task's signature as its author wrote it, defaults included."""
    parts = []
    for each in task.interface.inputs:
        part = each.name if each.annotation is MISSING else f"{each.name}: {convert.type_name(each.annotation)}"
        if not each.required:
            part += f" = {_short(each)}"
        parts.append(part)
    types = [
        convert.type_name(annotation_of(each)) for each in task.interface.outputs if each.annotation is not MISSING
    ]
    outputs = f"tuple[{', '.join(types)}]" if len(types) > 1 else "".join(types)
    return f"{name}({', '.join(parts)})" + (f" -> {outputs}" if outputs else "")


def types_of(task: AnyTask) -> dict[str, Any]:
    """Return the inputs and outputs of a task as --json has them."""
    return {
        "inputs": [
            {
                "name": each.name,
                "type": convert.type_name(annotation_of(each)),
                "required": each.required,
                **({} if each.required else {"default": convert.to_json(each.default)}),
            }
            for each in task.interface.inputs
        ],
        "outputs": [
            {"name": each.name, "type": convert.type_name(annotation_of(each))} for each in task.interface.outputs
        ],
    }


def _short(each: Input) -> str:
    plain = each.default is None or isinstance(each.default, str | int | float | list | dict)
    shown = repr(each.default) if plain else convert.to_text(each.default, annotation_of(each))
    return shown if len(shown) <= _SHOWN else "…"


def read_inputs(
    task: AnyTask, typed: Mapping[str, Any], inputs_file: str | None, again: Again | None = None
) -> dict[str, Any]:
    """Return the inputs of `task` by name: what was typed, over what ``--inputs`` holds, over those of another run.

    :param typed: by the keys of `input_options`: a flag's bool, or all texts that were given; None or empty where an
        option was not given.
    :param inputs_file: a JSON file, or ``-`` for stdin.
    :raises BadInputsError: inputs that are missing, unknown or of the wrong type; all of them at once.
    """
    world = ThisMachine()
    inputs = task.interface.inputs
    from_file = {} if inputs_file is None else _read_file(task, inputs_file)
    names = [each.name for each in inputs]
    problems = [
        f"{inputs_file}: no input '{name}'; "
        + (did_you_mean(name, names) or f"it takes: {', '.join(names) or 'nothing'}")
        for name in from_file
        if name not in names
    ]
    values: dict[str, Any] = {}
    for index, each in enumerate(inputs):
        annotation = annotation_of(each)
        label = option_name(each.name, names)
        try:
            text = _once(typed.get(f"{INPUT}{index}"), annotation)
            if text is not None:
                values[each.name] = text if isinstance(text, bool) else _from_text(annotation, text, world)
            elif each.name in from_file:
                label = f"{inputs_file}: {each.name}"
                values[each.name] = convert.from_json(annotation, from_file[each.name], world)
            elif again is not None and each.name in again.inputs:
                values[each.name] = _from_record(annotation, again.inputs[each.name], world)
            elif each.required:
                problems.append(_missing(label, annotation))
        except BadValue as bad:
            problems.append(bad.sentence(label))
    if problems:
        error = BadInputsError(task.name, problems)
        error.where = problems[0].partition(":")[0]
        raise error
    return values


def wrong_values(task: AnyTask, typed: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each text that was typed and that its input does not take; the other parameters are those
    of `read_inputs`. What comes from stdin is not read.
    """
    inputs = task.interface.inputs
    names = [each.name for each in inputs]
    problems = []
    for index, each in enumerate(inputs):
        annotation = annotation_of(each)
        try:
            text = _once(typed.get(f"{INPUT}{index}"), annotation)
            if isinstance(text, str) and text != "-":
                _from_text(annotation, text, ThisMachine())
        except BadValue as bad:
            problems.append(bad.sentence(option_name(each.name, names)))
    return problems


def _once(typed: Any, annotation: Any) -> Any:
    """Return the one text, or the flag, that was given, or None."""
    if typed is None or isinstance(typed, bool):
        return typed
    texts = list(typed)
    if len(texts) > 1:
        given = " and ".join(f"'{text}'" for text in texts)
        detail = f"given {'twice' if len(texts) == 2 else f'{len(texts)} times'}: {given}"
        raise BadValue("", convert.describe(annotation), detail=detail, example=convert.example(annotation))
    return texts[0] if texts else None


def _from_record(annotation: Any, data: Any, world: ThisMachine) -> Any:
    from flytectl_py.records.kept import is_whole

    if not is_whole(data):
        raise BadValue("", convert.describe(annotation), detail="is not in the record as a whole, so give it")
    try:
        return convert.from_json(annotation, data, world)
    except BadValue as bad:
        # The record has JSON, and whoever gives another value types text.
        raise bad.with_example(convert.example(annotation)) from bad.__cause__


def _missing(label: str, annotation: Any) -> str:
    if convert.is_flag(annotation):
        return f"{label} is missing: pass {label} or --no-{label.removeprefix('--')}"
    lacking = BadValue("", convert.describe(annotation), detail="is missing", example=convert.example(annotation))
    return lacking.sentence(label)


def _from_text(annotation: Any, text: str, world: ThisMachine) -> Any:
    """Convert what was typed; a composite may stand in ``@file`` or come from stdin as ``-``."""
    if not (text == "-" or text.startswith("@")) or convert.metavar(annotation) != "JSON":
        return convert.from_text(annotation, text, world)
    try:
        return convert.from_json(annotation, convert.parse_json(_read(text.removeprefix("@"))), world)
    except UsageError as error:
        raise BadValue(f"'{text}'", convert.describe(annotation), detail=str(error)) from error


def _read_file(task: AnyTask, file: str) -> dict[str, Any]:
    try:
        data = convert.parse_json(_read(file))
    except BadValue as bad:
        raise BadInputsError(task.name, [bad.sentence(f"--inputs {file}")]) from bad
    if not isinstance(data, dict):
        raise BadInputsError(task.name, [f'--inputs {file}: takes a JSON object of inputs by name, e.g. {{"x": 1}}'])
    return data


def _read(file: str) -> str:
    """Return the text of a file, or of stdin for ``-``.

    :raises UsageError: it cannot be read, or is no UTF-8 text.
    """
    try:
        if file == "-":
            raw = sys.stdin.buffer.read(MOST_BYTES_OF_INPUTS + 1)
        else:
            with Path(file).open("rb") as opened:
                raw = opened.read(MOST_BYTES_OF_INPUTS + 1)
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}", where=file) from error
    if len(raw) > MOST_BYTES_OF_INPUTS:
        raise UsageError(
            f"{'stdin' if file == '-' else file} holds more than {MOST_BYTES_OF_INPUTS >> 20} MiB",
            hint="give large data as a file: an input of the type flyte.io.File takes its path",
            where=file,
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{'stdin' if file == '-' else file} is not UTF-8 text: {error}", where=file) from error
