"""From a release folder to a model folder, step by step."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from game.artifacts.ways import Way
from game.errors import Conflict
from game.training.answers import read_answers
from game.training.card import card
from game.training.child import childs_card
from game.training.crew import Crew
from game.training.dataset import Dataset, read_dataset
from game.training.evaluate import Evaluation
from game.training.exam import Exam, figures, judge, rounded
from game.training.export import Fitted, open_folder, write_model
from game.training.features import Features, eye_of
from game.training.head import Learned, Lessons, fit_heads, importance, learn, lessons_of
from game.training.intervals import draws
from game.training.learning import Refit
from game.training.network import MOBILENET, Backbone, pretrained
from game.training.onnx_graph import check_graph, graph
from game.training.origins import Origins, check_stranger, origins_of, read_origins
from game.training.pictures import check_pictures, picture_bytes
from game.training.progress import Progress
from game.training.scratch import ALONE, SMALL_CNN, from_scratch, scratch_recipe
from game.training.spectrum import choose, explained
from game.training.temperature import cool
from game.training.transfer import Transfer, compare, rival
from game.training.views import Recipe, recipe_of
from game.training.ways import Asked, Course, Taught
from game.training.zoo import check_name, suited
from scoring.arrays import Floats, Ints


@dataclass(frozen=True)
class Request:
    """`out` must not exist yet; `backbone` is one of torchvision's, or scratch.SMALL_CNN."""

    release: Path
    images: Path
    out: Path
    cache: Path
    seed: int = 0
    backbone: str = MOBILENET
    asked: Asked = field(default_factory=Asked)
    n_processes: int = 1


def fit(request: Request, progress: Progress) -> Evaluation:
    """Writes the model folder, whole or not at all. Raises FathomError with a plain sentence for bad input."""
    _check(request)
    dataset = _read(request, progress)
    images = partial(picture_bytes, request.images)
    course, frozen = _frozen(request, dataset, images, progress)
    taught, trials = choose(frozen, course, request.asked)
    way = next(one.way for one in trials if one.chosen)
    learned, temperature = cool(taught.learned, course.lessons, request.seed)
    progress("examine", 0, 1, "Examining it, and learning again from less")
    exam = _exam(request, course, frozen, replace(taught, learned=learned), temperature)
    evaluation = judge(exam)
    progress("evaluate", 1, 1, f"{evaluation.accuracy:.1%} of {evaluation.n} hold-out subjects recognised")
    metrics = figures(exam, evaluation) | _learned_from(request, dataset, taught)
    metrics["method"] = rounded(explained(trials, request.asked))
    if taught.backbone.name != SMALL_CNN:
        metrics["transfer"] = rounded(asdict(_transfer(request, exam, images, progress)))
    progress("export", 0, 1, "Making one file of it, and checking that the file says the same")
    onnx = graph(taught.eye, learned.head, dataset.labels)
    check_graph(onnx, taught.eye, learned.head, dataset.subjects, images)
    fitted = Fitted(
        taught.backbone, taught.eye.recipe, learned.head, _predictions(dataset, taught.features, learned), exam.p,
        metrics,
        _cards(dataset, taught, evaluation, metrics),
        request.seed, onnx, _origins(request, dataset, way),
    )  # fmt: skip
    write_model(fitted, dataset, request.out)
    progress("write", 1, 1, f"Wrote {request.out.name}")
    return evaluation


def _check(request: Request) -> None:
    """What would only be found out after minutes of reading and looking."""
    if request.out.exists():
        raise Conflict(f"{request.out} exists already; a model never replaces another one's folder.")
    if request.backbone != SMALL_CNN:
        check_name(request.backbone)
    if request.asked.other is not None:
        open_folder(request.asked.other)


def _read(request: Request, progress: Progress) -> Dataset:
    progress("read", 0, 1, "Reading the release")
    dataset = read_dataset(request.release)
    if request.asked.other is not None:
        check_stranger(request.asked.other, dataset)
    check_pictures(dataset.subjects, request.images)
    progress("read", 1, 1, f"{len(dataset.consensus.subject)} subjects to learn from, {len(dataset.gold.true)} gold")
    return dataset


def _frozen(
    request: Request, dataset: Dataset, images: Callable[[str], bytes], progress: Progress
) -> tuple[Course, Taught]:
    """What every way begins with: a head on what a network sees that was taught elsewhere."""
    backbone, recipe = _backbone(request, dataset, images, progress)
    eye = eye_of(backbone.trunk, recipe)
    crew = Crew(request.n_processes, progress)
    features = crew.see(dataset.subjects, eye, images, request.cache / "features")
    lessons = lessons_of(dataset.subjects, dataset.consensus, features[dataset.consensus.subject])
    learned = learn(lessons, eye.widths, request.seed, progress)
    course = Course(dataset, lessons, images, request.cache, request.seed, progress, request.n_processes)
    return course, Taught(backbone, eye, features, learned)


def _backbone(
    request: Request, dataset: Dataset, images: Callable[[str], bytes], progress: Progress
) -> tuple[Backbone, Recipe]:
    """Somebody else's weights if they can be had, else a small network of our own, and what to look at with it."""
    recipe = recipe_of(dataset.kind, dataset.patch_px)
    name = request.backbone
    if name != SMALL_CNN:
        recipe = recipe if name == MOBILENET else suited(recipe, name)
        found = pretrained(request.cache, recipe, name)
        if found is not None:
            return found, recipe
        progress(
            "scratch", 0, 1, f"Warning: no weights of {name} can be had, so a weaker network is taught from scratch"
        )
    small = scratch_recipe(recipe)
    return from_scratch(dataset, small, images, request.seed, progress), small


def _predictions(dataset: Dataset, features: Features, learned: Learned) -> Floats:
    """(S, K). A subject that was learned from is judged by a head that saw nothing of its image: no echo."""
    p = learned.head(features)
    p[dataset.consensus.subject] = learned.unseen
    return p


def _exam(request: Request, course: Course, frozen: Taught, taught: Taught, temperature: float) -> Exam:
    dataset, gold = course.dataset, course.dataset.gold.subject
    refit = None if taught.teacher else _refit(course.lessons, frozen, dataset)
    layers = taught.backbone is not frozen.backbone and not taught.teacher
    by_frozen = frozen.learned.head(frozen.features[gold]) if layers else None
    answers, p = read_answers(request.release, dataset), taught.learned.head(taught.features[gold])
    return Exam(dataset, answers, p, temperature, refit, request.seed, by_frozen)


def _refit(lessons: Lessons, taught: Taught, dataset: Dataset) -> Refit:
    """A head like that of `taught`, of some lessons only, and what it says of the gold."""
    widths, ridge, gold = taught.eye.widths, taught.learned.ridge, taught.features[dataset.gold.subject]

    def refit(places: Ints) -> Floats:
        some = Lessons(
            lessons.features[places], lessons.posterior[places], lessons.confidence[places], lessons.image[places]
        )
        return fit_heads(some, importance(some), widths, (ridge,))[ridge](gold)

    return refit


def _origins(request: Request, dataset: Dataset, way: Way) -> Origins:
    """A model that is taken as it is knows what its teacher knows."""
    ours, other = origins_of(dataset), request.asked.other
    return ours | read_origins(other) if way is Way.DIRECT and other is not None else ours


def _transfer(request: Request, exam: Exam, images: Callable[[str], bytes], progress: Progress) -> Transfer:
    scratch = rival(exam.dataset, images, request.cache, request.seed, progress)
    return compare(exam.p.argmax(axis=1), scratch, exam.dataset.gold.true, draws(exam.image, request.seed))


def _cards(dataset: Dataset, taught: Taught, evaluation: Evaluation, metrics: dict[str, Any]) -> dict[str, str]:
    return {
        "card.md": card(dataset, taught.eye.recipe, evaluation, metrics),
        "card-child.md": childs_card(dataset, evaluation, metrics),
    }


def _learned_from(request: Request, dataset: Dataset, taught: Taught) -> dict[str, Any]:
    in_want = taught.backbone.weights_from == ALONE and request.backbone != SMALL_CNN
    # What comes as it is from elsewhere has learned from no subject and no answer of this project.
    lessons = () if taught.teacher else dataset.consensus.subject
    return {
        **({"n_answers": 0, "learning_curve": []} if taught.teacher else {}),
        "taught_by": asdict(taught.teacher) if taught.teacher else None,
        "n_training": len(lessons),
        "n_images_training": len({dataset.subjects[place].whole for place in lessons}),
        "n_images_holdout": len({dataset.subjects[place].whole for place in dataset.gold.subject}),
        "backbone": taught.backbone.name,
        "weights_from": taught.backbone.weights_from,
        "no_weights_of": request.backbone if in_want else None,
        "ridge": taught.learned.ridge,
    }
