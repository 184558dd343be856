"""`fathom consensus`: a bare file in, a consensus out; whatever is wrong is one sentence, and nothing is written."""

import csv
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
from click.testing import CliRunner, Result

from game.cli import fathom
from game.errors import FathomError
from tests.program import DEADLINE_S, program
from tests.science.bare import SMALL, annotation, classification, export, written
from tests.setups import Home


def run(*arguments: str | Path) -> Result:
    """Runs the command in this process. Raises what it raises."""
    command = ["consensus", *(str(argument) for argument in arguments)]
    return CliRunner().invoke(fathom, command, catch_exceptions=False, standalone_mode=False)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text)))


def accuracy(consensus: list[dict[str, str]], truth: Path) -> float:
    true = {row["task"]: row["label"] for row in rows(truth.read_text())}
    return float(np.mean([row["label"] == true[row["task"]] for row in consensus if row["task"] in true]))


def test_the_consensus_goes_to_the_screen_and_the_summary_beside_it(shared_data: Path) -> None:
    crowd = shared_data / "crowd" / "dog"
    shown = run(crowd / "answers.csv")
    consensus = rows(shown.stdout)
    assert [row["task"] for row in consensus] == [str(subject) for subject in range(807)]
    assert accuracy(consensus, crowd / "truth.csv") > 0.8
    assert "8,070 answers of 109 volunteers to 807 subjects; 4 labels: “0”, “1”, “2”, “3”." in shown.stderr
    assert "(the usual, as there is no gold)" in shown.stderr


def test_the_order_of_the_rows_changes_no_byte(shared_data: Path, tmp_path: Path, rng: np.random.Generator) -> None:
    heading, *lines = (shared_data / "crowd" / "s_face" / "answers.csv").read_text().splitlines()
    outputs = []
    for name in ("one", "other"):
        answers = written(tmp_path, "\n".join([heading, *lines]), f"{name}.csv")
        made = tmp_path / f"{name}-consensus.csv", tmp_path / f"{name}-volunteers.csv"
        run(answers, "--out", made[0], "--volunteers", made[1])
        outputs.append([path.read_bytes() for path in made])
        rng.shuffle(lines)
    assert outputs[0] == outputs[1]


def test_gold_is_published_as_it_is_and_tells_how_much_answers_are_worth(shared_data: Path, tmp_path: Path) -> None:
    crowd = shared_data / "crowd" / "sdogs_1000ms"
    gold = written(tmp_path, "".join((crowd / "truth.csv").read_text().splitlines(keepends=True)[:51]), "gold.csv")
    out, people = tmp_path / "consensus.csv", tmp_path / "volunteers.csv"
    said = run(crowd / "answers.csv", "--gold", gold, "--out", out, "--volunteers", people)
    assert said.stdout == ""
    assert "50 gold labels from gold.csv." in said.stderr
    assert "(fitted on 50 gold)" in said.stderr
    true = {row["task"]: row["label"] for row in rows(gold.read_text())}
    consensus = rows(out.read_text())
    assert {row["task"]: row["label"] for row in consensus if row["gold"] == "1"} == true
    assert {row["confidence"] for row in consensus if row["gold"] == "1"} == {"1"}
    volunteers = rows(people.read_text())
    assert [row["volunteer"] for row in volunteers] == [str(volunteer) for volunteer in range(10)]
    for row in volunteers:
        assert row["n_gold"] == "50"
        assert float(row["reliability_low"]) <= float(row["reliability"]) <= float(row["reliability_high"])
        assert sum(float(row[f"said_{label}_when_3"]) for label in range(10)) == pytest.approx(1, abs=1e-6)


def test_a_good_model_helps_where_people_err(shared_data: Path, tmp_path: Path) -> None:
    crowd = shared_data / "crowd" / "labelme"
    true = rows((crowd / "truth.csv").read_text())
    labels = [f"{0.86 if str(label) == row['label'] else 0.02:.2f}" for row in true for label in range(8)]
    table = [f"{row['task']},{','.join(labels[8 * at : 8 * at + 8])}" for at, row in enumerate(true)]
    heading = "task," + ",".join(str(label) for label in range(8))
    predictions = written(tmp_path, "\n".join([heading, *table]), "p.csv")
    alone = accuracy(rows(run(crowd / "answers.csv").stdout), crowd / "truth.csv")
    helped = run(crowd / "answers.csv", "--predictions", predictions)
    assert "1,000 predictions from p.csv." in helped.stderr
    assert accuracy(rows(helped.stdout), crowd / "truth.csv") > alone + 0.05


def test_a_head_on_features_learns_from_the_crowd_and_helps_it(shared_data: Path) -> None:
    crowd = shared_data / "crowd" / "labelme"
    helped = run(crowd / "answers.csv", "--features", crowd / "features_vgg512.npy")
    assert "Features of 1,000 of 1,000 subjects, 512 each." in helped.stderr
    assert accuracy(rows(helped.stdout), crowd / "truth.csv") > 0.88


def test_parquet_goes_in_and_comes_out(tmp_path: Path) -> None:
    answers, out = tmp_path / "answers.parquet", tmp_path / "consensus.parquet"
    columns = {"subject": [1, 1, 2, 2], "volunteer": [7, 8, 7, 8], "label": ["cat", "cat", "dog", None]}
    pyarrow.parquet.write_table(pyarrow.table(columns), answers)
    run(answers, "--out", out)
    made = pyarrow.parquet.read_table(out).to_pydict()
    assert made["subject"] == ["1", "2"]
    assert made["label"] == ["cat", "dog"]
    assert made["n"] == [2, 1]


def test_a_zooniverse_export_needs_nothing_else(tmp_path: Path) -> None:
    answers = [("5", "ann", "Yes"), ("5", "bob", "Yes"), ("6", "ann", "No"), ("6", "not-logged-in-1", "No")]
    path = export(tmp_path, [classification(what, who, annotation("T0", label)) for what, who, label in answers])
    assert [(row["subject"], row["label"]) for row in rows(run(path).stdout)] == [("5", "Yes"), ("6", "No")]


def test_an_explanation_is_shown_instead_of_the_consensus(shared_data: Path, tmp_path: Path) -> None:
    answers, out = shared_data / "crowd" / "dog" / "answers.csv", tmp_path / "consensus.csv"
    shown = run(answers, "--explain", "3", "--out", out).stdout
    assert shown.startswith("task 3: “0”, 10 answers")
    assert len(rows(out.read_text())) == 807
    both = run(answers, "--explain", "3", "--out", "-").stdout
    assert both.startswith("task,label,confidence")
    assert shown in both


def test_repeated_answers_are_refused_until_it_is_said_which_counts(shared_data: Path) -> None:
    answers = shared_data / "crowd" / "cifar10s" / "answers.csv"
    with pytest.raises(FathomError, match=r"25 answers repeat .* --keep first or --keep last"):
        run(answers)
    kept = run(answers, "--keep", "last")
    assert "25 answers repeat" in kept.stderr
    assert sum(int(row["n"]) for row in rows(kept.stdout)) == 6200


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("none.csv",), "none.csv cannot be read: No such file or directory."),
        (("empty.csv",), "empty.csv is empty."),
        (("gold.csv",), "gold.csv has no column “worker”"),
        (("answers.csv", "--gold", "unicorn.csv"), "unicorn.csv, line 2: “unicorn” is a label that no answer names"),
        (("answers.csv", "--predictions", "gold.csv"), "gold.csv has no column for “cat”, “dog”"),
        (("answers.csv", "--features", "gold.csv"), "gold.csv is no .npy or .npz file"),
        (("answers.csv", "--features", "x.npy", "--predictions", "p.csv"), "Give either --predictions or --features"),
        (("answers.csv", "--feature-ids", "ids.txt"), "--feature-ids says whose the rows of --features are"),
        (("answers.csv", "--labels", "cat"), "--labels is “cat”; it should list at least two labels"),
        (("answers.csv", "--labels", "cat,eel"), "answers.csv, line 3: --labels does not list “dog”."),
        (("answers.csv", "--zooniverse-task", "T0"), "answers.csv is no Zooniverse classification export"),
        (("answers.csv", "--explain", "9"), "Nobody was asked about the task “9”."),
        (("answers.csv", "--volunteers", "answers.csv"), "answers.csv is one of the files that are read"),
        (("answers.csv", "--volunteers", "nowhere/v.csv"), "There is no folder nowhere to write v.csv in."),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_one_sentence_and_nothing_is_written(
    arguments: tuple[str, ...], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, SMALL)
    written(tmp_path, "", "empty.csv")
    written(tmp_path, "task,label\n1,cat\n", "gold.csv")
    written(tmp_path, "task,label\n1,unicorn\n", "unicorn.csv")
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(FathomError) as refused:
        run(*arguments, "--out", "consensus.csv")
    assert str(refused.value).startswith(sentence) or sentence in str(refused.value)
    assert "\n" not in str(refused.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_the_program_ends_with_exit_code_2_and_a_sentence(tmp_path: Path) -> None:
    answers = written(tmp_path, "task,label\n1,2\n")
    with program(Home(tmp_path), "consensus", answers, "--out", tmp_path / "out.csv") as refused:
        said, complaint = refused.communicate(timeout=DEADLINE_S)
    assert (refused.returncode, said) == (2, "")
    assert complaint.startswith("answers.csv has no column “worker”")
    assert complaint.count("\n") == 1
    assert not (tmp_path / "out.csv").exists()


def test_whoever_stops_reading_the_screen_sees_no_error(shared_data: Path, tmp_path: Path) -> None:
    with program(Home(tmp_path), "consensus", shared_data / "crowd" / "dog" / "answers.csv") as begun:
        assert begun.stdout
        assert begun.stderr
        begun.stdout.close()
        complaint = begun.stderr.read()
        assert begun.wait(timeout=DEADLINE_S) == 0
    assert "Traceback" not in complaint


def test_no_database_is_made_and_no_torch_is_loaded(shared_data: Path, tmp_path: Path) -> None:
    script = (
        "import sys; from game.cli import fathom; fathom.main(sys.argv[1:], standalone_mode=False); "
        "print(sorted({'torch', 'pyarrow', 'pandas'} & set(sys.modules)))"
    )
    answers, out = shared_data / "crowd" / "dog" / "answers.csv", tmp_path / "out.csv"
    done = subprocess.run(
        [sys.executable, "-c", script, "consensus", answers, "--out", out], capture_output=True, text=True, check=True,
        env=os.environ | {"FATHOM_DATA": str(tmp_path)}, timeout=DEADLINE_S,
    )  # fmt: skip
    assert done.stdout == "[]\n"
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def test_guesswork_is_called_guesswork(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [f"{task},{worker},{rng.integers(3)}" for task in range(200) for worker in rng.permutation(30)[:6]]
    (tmp_path / "answers.csv").write_text("task,worker,label\n" + "\n".join(rows) + "\n")
    told = run(tmp_path / "answers.csv", "--out", tmp_path / "out.csv")
    assert "hardly more than guesses" in told.stderr


def test_an_ending_that_is_neither_csv_nor_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "answers.csv").write_text("task,worker,label\n1,a,x\n1,b,y\n")
    with pytest.raises(FathomError, match=r"as \.csv or \.parquet, not as \.xlsx"):
        run(tmp_path / "answers.csv", "--out", tmp_path / "out.xlsx")
    assert not (tmp_path / "out.xlsx").exists()
