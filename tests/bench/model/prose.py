"""What docs/methods.md says of each method in words: what was done, whose idea it is, what came of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """`verdict` begins with whether the method was kept."""

    title: str
    about: str
    verdict: str


HEAD = """# Further ways of learning, measured

What the teaching material offers beside the public model's own way (frozen layers of MobileNetV2, a logistic head
whose ridge is cross-validated: [game/training](../game/training/README.md)), each on real photographs. `make
bench-model` ran every method, measured, and wrote tables and plots: no number in them was typed. The verdicts are
words, written by hand from the tables of 22 November 2026; where the tables say otherwise by now, the tables are
right. Figures are means of three seeds ± their standard deviation; a gain is taken seed by seed, on the same
photographs. Whole photographs are held out, never single points: for each seed another third of them, or all of a new
site. Of Moorea every third point is used, 66 a photograph. Seconds are of processor time, for one seed. The data are
not part of the project: they are read from `../shared/data` (or `FATHOM_SHARED_DATA`).

A method is kept if it gains more than its spread on more than one set, harms none, and costs no volunteer anything.
"""

WORDS = {
    "layers": Words(
        "Adaptive layers",
        """Which of the frozen network's layers should a project's head listen to? SpotTune (Guo, Shi, Kumar, Grauman,
Rosing and Feris, CVPR 2019, arXiv:1811.08737) lets a small policy network decide, for each picture and each block,
whether the block is the frozen one or a fine-tuned copy. Here every block stays frozen (it is looked at once, and
kept), and the choice is which of six layers (3, 6, 10, 13, 16, 18) the head hears: *for a project*, layer by layer as
long as the loss on photographs left out falls, or by a group lasso (Yuan and Lin, 2006), which hears a layer or does
not; *for each subject*, by a policy network of 16 hidden units whose choices are drawn by Gumbel-softmax with a
straight-through gradient, as in the paper, beside the same training with all gates open. Blocks of more than 96
channels are cut to 96 principal directions. The game asks layers 6 and 13 of points, 13 and 18 of whole images:
chosen by hand, on Moorea and Koh Tao.""",
        """Not kept. No choice beats the layers that the game asks on more than one set. What counts is not to ask the
wrong ones: the last layer alone loses .05 on Moorea, all six up to .06 elsewhere. A group lasso finds layers as good
as those chosen by hand on all four sets (-.006 to +.001), so it is what to try first for a project unlike these;
choosing layer by layer gains .007 ± .005 on Moorea, nothing on Koh Tao, and loses .06 to .10 where photographs are
few. A choice for each subject is worse than the group lasso's for the project on every set: some hundred subjects
teach no policy.""",
    ),
    "adapt": Words(
        "A site without labels",
        """A reef is photographed where no expert ever labelled. The photographs of the new site are known, their
labels are not. Moorea's file names tell between which poles of a transect a quadrat lies (three stretches of one
reef, one day); Koh Tao's tell the number of the photograph, so its sites are ten numbers in a row of one dive: a mild
change of place, on both. Each site in turn is left out, and four fifths of the other sites' photographs, drawn by
seed, teach. *Standardised* is what AdaBN does to a network's layers (Li, Wang, Shi, Liu and Hou, 2016,
arXiv:1603.04779), done here to the features; *CORAL* gives what was taught the covariance of what is asked (Sun, Feng
and Saenko, AAAI 2016, arXiv:1511.05547); *DANN* learns a hidden layer of 64 from which an adversary cannot tell the
sites apart (Ganin and Lempitsky, ICML 2015, arXiv:1409.7495), beside the same layer without an adversary. The limit
is what labels for half of the site's own photographs would bring.""",
        """Not kept. Whatever aligns sites tells a new one worse than no adaptation, mostly by more than the spread:
standardising them costs .02 on Moorea and .04 on Koh Tao, CORAL .05 and .06, the adversary .04 to .07 against the
game's head; the hidden layer alone is as good as the head on Koh Tao (+.010 ± .020) and worse on Moorea. These sites
differ in what grows there rather than in how it looks: to take away a site's mean is to take away part of the answer.
And there is little to gain, for labels of half of the site's own photographs bring but .02. Another camera or another
sea may be another matter, and cannot be measured with these sets; that alignment works where all of a site is
brighter is what its test shows.""",
    ),
    "shared_heads": Words(
        "Heads of several projects on one layer",
        """Four projects (points of Moorea, patches of Koh Tao, galaxies, plankton: 5, 3, 2 and 6 labels) are seen
alike, by layers 13 and 18 as a whole, and share a hidden layer of 64 (dropout .5, weight decay) with a linear head
each, taught by the mean of their losses (Caruana, 1997); against such a layer of each project's own, and against the
game's head on the same features.""",
        """Not kept. The shared layer is no better than one of a project's own, and neither is better than the game's
head: with five labels a label it gains .02 on galaxies, within the spread, and loses .02 to .06 on the three others;
with all labels it loses .015 to .05. The frozen network is already what the projects share, and their labels have
nothing more in common.""",
    ),
    "few_shot": Words(
        "The first labels of a new project",
        """A new project has 1, 2, 5, 10 or 20 labelled subjects a label, drawn by seed. *Prototypes* call a subject
what the nearest label's mean is called (Snell, Swersky and Zemel, NeurIPS 2017, arXiv:1703.05175), on the features as
the game has them, or on a layer of 64 that small tasks drawn from the three other projects have taught. *ANIL*
(Raghu, Raghu, Bengio and Vinyals, ICLR 2020, arXiv:1909.09157) is MAML whose inner steps move the head alone: layer,
first weights and size of step are learned from the same tasks (300 of them; 1 to 10 examples of 2 to 6 labels); one
first vector for all labels, so that any number of them will do (Ye and Chao, ICLR 2022). What was learned elsewhere
reads layers 13 and 18 as a whole, which all projects have; of Moorea the game itself reads layers 6 and 13. As many
subjects of each label are drawn, however rare it is, and the photographs are judged as they are: where one label is
much the commonest (Moorea), naming it always is right more often than ten of each teach. *As they come* is what a
project really has: subjects at random, as many as two to ten for each label would make, and what a crowd says of them.
Half of the held-out photographs are the gate's, the other half show whether it was right.""",
        """Not kept. Up to five labelled subjects a label prototypes and the game's head are the same within the
spread; from ten on the head is ahead on Moorea, Koh Tao and galaxies, so there is no number below which prototypes
should take over. As answers come, rare labels rarely, prototypes have .02 to .07 more macro-F1 at two and three
subjects for each label, within the spread again, and from five on fewer points of Moorea right. What did follow: the
worker trains from three subjects for each label on, in place of five, because on Moorea nine of ten heads that
learned from so few are public already, with twice the macro-F1 of the commonest label (.230 for .114) and rightly all
of them; with two it is three of ten. Where so few teach hardly anything (Koh Tao, galaxies) the gate, which never
asks how many taught a head, lets none or one of ten pass with three, five and ten alike. What was learned on three
other projects does harm: so few tasks, so unlike one another, teach no common layer. Standardising by all pictures
instead of the labelled few gains nothing beyond the spread, either.""",
    ),
    "volunteers": Words(
        "Learning from simulated volunteers",
        """40 volunteers, whose reliabilities lie within .1 of a mean of .55 to .85, give each subject 1 to 8 answers;
whoever errs takes any other label. The head learns from the label that most of them gave (shared where several were
given as often), or from the game's consensus (reliabilities by EM), whose published posterior it takes to the power
of three: once without any gold, and once as in the game, where the photographs that are held out are the gold by
which volunteers are measured. Above them stands what the truth teaches.""",
        """Kept: it is what the game does. On Moorea two answers a subject teach 96 % or more of what the truth
teaches, whatever the crowd; on Koh Tao, where the spread is .05 to .1, four of a crowd of .75 teach all of it. Beyond
that more answers to the same subjects teach hardly more. With gold the consensus teaches as much as the majority,
within the spread; without gold and with one answer a subject nothing tells how reliable anybody is, the commonest
label is believed too much, and on Koh Tao .10 of accuracy is lost (.535 for .636 at .85). Gold is what mends it.""",
    ),
}
