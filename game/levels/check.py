"""The checker: says plainly what is wrong in a project's folder, where, and what to write instead."""

import re
from pathlib import Path
from uuid import UUID

from game.errors import LevelError
from game.levels.build import build
from game.levels.check_csv import csv_findings, gold_findings, subject_findings
from game.levels.colours import colour_findings
from game.levels.files import steps_of, text_of, toml_document
from game.levels.keys import TOP, did_you_mean, key_findings
from game.levels.project import ChoiceSet, Group, Label, Level, Project, SubjectKind
from scoring.retirement import RetirementRule

NEW_UUID = """make one with `python -c "import uuid; print(uuid.uuid4())"`"""


def check(folder: Path) -> list[str]:
    """Every finding about the folder and the pictures it names in an installed package; empty means good."""
    findings = content_findings(folder)
    return findings or _picture_findings(build(folder))


def content_findings(folder: Path) -> list[str]:
    """Every finding about the folder alone: form first, and meaning only once the form is good."""
    try:
        document = toml_document(folder / TOP)
        findings = key_findings(document)
        if findings:
            return findings
        findings = csv_findings(folder, document["subjects"]) + _text_findings(folder)
        return findings or _meaning_findings(build(folder))
    except LevelError as unreadable:
        return [str(unreadable)]


def _meaning_findings(project: Project) -> list[str]:
    return [
        *_name_findings(project),
        *_subjects_table_findings(project),
        *_code_findings(project),
        *_group_findings(project),
        *_level_findings(project),
        *_retirement_findings(project),
        *_import_findings(project),
        *colour_findings(f"{TOP}, [[groups]]", {group.code: group.colour for group in project.groups}),
        *colour_findings(f"{TOP}, [[labels]]", {label.code: label.colour for label in project.labels}),
        *_guide_findings(project),
        *subject_findings(project),
        *gold_findings(project),
    ]


def _name_findings(project: Project) -> list[str]:
    findings = []
    if project.slug != project.folder.name:
        findings.append(f"{TOP}: slug = {project.slug!r} should be the folder's name, {project.folder.name!r}.")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", project.slug):
        findings.append(f"{TOP}: slug = {project.slug!r} may hold only small letters, digits and _.")
    try:
        UUID(project.uuid)
    except ValueError:
        findings.append(f"{TOP}: uuid = {project.uuid!r} is not a UUID; {NEW_UUID}.")
    return findings


def _subjects_table_findings(project: Project) -> list[str]:
    place = f"{TOP}, [subjects]"
    points = project.subject_kind is SubjectKind.POINT
    if points and project.patch_px < 32:
        return [f"{place}: a project of points needs patch_px, the side of the patch around a point; write 224."]
    if not points and project.patch_px:
        return [f"{place}: patch_px is only for points; leave it out of a project of whole images."]
    if points and project.package:
        return [f"{place}: a package carries whole images; leave package out of a project of points."]
    return []


def _code_findings(project: Project) -> list[str]:
    """Codes become file names and CSV headings, so they must stay apart even where case is ignored."""
    findings = []
    if len(project.labels) < 2:
        findings.append(f"{TOP}: one label leaves nothing to choose; add another [[labels]].")
    seen: dict[str, str] = {}
    named: tuple[Group | Label, ...] = (*project.groups, *project.labels)
    for entry in named:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", entry.code):
            findings.append(f"{TOP}: the code {entry.code!r} may hold only letters, digits, _ and -, a letter first.")
        aliases = entry.aliases if isinstance(entry, Label) else ()
        for name in (entry.code, *aliases):
            taken = seen.setdefault(name.casefold(), entry.code)
            if taken != entry.code or (entry.code, *aliases).count(name) > 1:
                findings.append(
                    f"{TOP}: {name!r} names both {taken} and {entry.code}; every code and alias is used once."
                )
    return findings


def _group_findings(project: Project) -> list[str]:
    codes = [group.code for group in project.groups]
    findings = [
        f"{TOP}, [[labels]] {label.code}: there is no group {label.group!r}{did_you_mean(label.group, codes)}"
        for label in project.labels
        if label.group is not None and label.group not in codes
    ]
    used = {label.group for label in project.labels}
    findings += [f"{TOP}: no label belongs to the group {code!r}; remove it." for code in codes if code not in used]
    if codes:
        bare = [label.code for label in project.labels if label.group is None]
        findings += [f"{TOP}, [[labels]] {code}: give it a group, one of: {', '.join(codes)}." for code in bare]
    return findings


def _level_findings(project: Project) -> list[str]:
    findings: list[str] = []
    earlier: list[str] = []
    for level in project.levels:
        findings += _one_level_findings(level, earlier, project)
        earlier.append(level.key)
    if not project.levels:
        findings.append(f"{TOP}: a project needs at least one [[levels]].")
    elif all(level.opens_after for level in project.levels):
        findings.append(f"{TOP}, [[levels]]: no level is open from the start; leave opens_after out of the first.")
    return findings


def _one_level_findings(level: Level, earlier: list[str], project: Project) -> list[str]:
    place = f"{TOP}, [[levels]] {level.key}"
    findings = []
    if not re.fullmatch(r"[a-z][a-z0-9-]*", level.key):
        findings.append(f"{place}: the key may hold only small letters, digits and -.")
    if level.key in earlier:
        findings.append(f"{place}: another level has this key; choose a new one.")
    if level.opens_after is not None and level.opens_after not in earlier:
        nearest = did_you_mean(level.opens_after, earlier)
        findings.append(f"{place}: opens_after = {level.opens_after!r} is no earlier level{nearest}")
    if level.choice_set is ChoiceSet.GROUPS and len(project.groups) < 2:
        findings.append(f'{place}: choices = "groups" needs two [[groups]] or more; write choices = "labels".')
    return findings


def _retirement_findings(project: Project) -> list[str]:
    rule = project.retirement
    if rule.minimum > rule.maximum:
        return [f"{TOP}, [retirement]: minimum = {rule.minimum} is more than maximum = {rule.maximum}; swap them."]
    if rule.minimum_with_model > max(rule.minimum, RetirementRule().minimum_with_model):
        given = f"minimum_with_model = {rule.minimum_with_model} is more than minimum = {rule.minimum}"
        return [f"{TOP}, [retirement]: {given}; the model may only make it less, so choose a smaller one."]
    return []


def _import_findings(project: Project) -> list[str]:
    return [
        f"{TOP}, [import]: {name!r} is refused and also a label or an alias; remove it from one of the two."
        for name in project.imports.refused
        if project.label_index(name) is not None
    ] + [
        f"{TOP}, [import]: {key} = {given!r} should be a regular expression with one group in (), as r'^(.+)_[0-9]+'."
        for key, given in (("photograph", project.imports.photograph), ("site", project.imports.site))
        if given is not None and not _finds_one_group(given)
    ]


def _finds_one_group(expression: str) -> bool:
    try:
        return re.compile(expression).groups == 1
    except re.error:
        return False


def _text_findings(folder: Path) -> list[str]:
    path = folder / "tutorial.md"
    if not path.exists():
        return ["tutorial.md is missing; write three to five short steps with a line --- between them."]
    from_step = [f"tutorial.md: step {n} is empty; write it or remove a line ---." for n in _empty_steps(path)]
    pages = [page for page in (folder / "guide").glob("*.md") if not text_of(page).strip()]
    return from_step + [f"guide/{page.name} is empty; write what to look for." for page in pages]


def _empty_steps(path: Path) -> list[int]:
    return [number for number, step in enumerate(steps_of(text_of(path)), start=1) if not step]


def _guide_findings(project: Project) -> list[str]:
    """Every choice that a level offers needs a page, and the page a first paragraph that can stand alone."""
    offered = {choice.code: choice.name for level in project.levels for choice in level.choices}
    known: tuple[Group | Label, ...] = (*project.groups, *project.labels)
    codes = [entry.code for entry in known]
    findings = [
        f"guide/{code}.md is missing; write what {name} looks like and what it is confused with."
        for code, name in offered.items()
        if project.guide_page(code) is None
    ]
    for path in sorted((project.folder / "guide").iterdir()) if (project.folder / "guide").is_dir() else []:
        if path.suffix != ".md" or path.stem not in codes:
            findings.append(f"guide/{path.name} belongs to no label or group{did_you_mean(path.stem, codes)}")
    for page in project.guide:
        if page.hint.startswith("#"):
            findings.append(f"guide/{page.code}.md begins with a heading; begin with a sentence, it is also the hint.")
    return findings


def _picture_findings(project: Project) -> list[str]:
    if project.package is None:
        return []
    try:
        return [
            f"subjects.csv: {file!r} is not among the files of {project.package.name}; remove the row."
            for file in project.subjects
            if not project.package.path(file).is_file()
        ]
    except LevelError as absent:
        return [f"{TOP}, [subjects]: {absent}"]
