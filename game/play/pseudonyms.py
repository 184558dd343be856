"""Names for guests: drawn from a list, so that nothing personal is asked."""

from collections.abc import Callable

from scoring.chance import Chance, one_of

MANNERS = """
amber azure bold brave breezy bright brisk calm candid cheerful clear clever coral cosy crisp curious daring deft
dreamy eager early electric gentle gleaming golden graceful happy hidden humble indigo jolly keen kind lively lucky
lunar mellow merry mighty misty nimble noble patient pearly playful polite proud quick quiet radiant ready rosy
royal salty sandy serene shiny silent silver sleek smart snappy snug solar sparkling speckled spry steady striped
sunny swift tidal tiny tranquil velvet violet vivid warm watchful wandering wild wise witty young zesty
""".split()
CREATURES = """
angelfish anemone barnacle batfish blenny boxfish butterflyfish chromis clam clownfish conch copepod cowrie crab
cuttlefish damselfish dolphin dugong eel feather-star flounder fusilier goby grouper gurnard halfbeak hawkfish
hermit jellyfish kelp krill limpet lionfish lobster manatee manta medusa moray mussel nautilus nudibranch octopus
orca otter oyster parrotfish penguin pipefish plover polyp porpoise prawn puffin ray sardine scallop sea-horse
sea-star seal shrimp snapper sponge squid starling stingray sunfish surgeonfish tang tern triggerfish trumpetfish
tuna turtle urchin walrus whale whelk wrasse
""".split()


def draw_pseudonym(rng: Chance, taken: Callable[[str], bool]) -> str:
    """For example "Curious Octopus", with a number once that name is taken."""
    name = f"{one_of(MANNERS, rng).title()} {one_of(CREATURES, rng).replace('-', ' ').title()}"
    drawn = name
    while taken(drawn):
        drawn = f"{name} {one_of(range(2, 100_000), rng)}"
    return drawn
