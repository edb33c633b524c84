"""Random sequences of verbs with disturbances, part 1 of 4; each part is a file, so that they run beside each other."""

from support.simulation.check import check_sequences

PART, SEQUENCES = 1, 2500


def test_random_sequences_of_eight_or_more_verbs_keep_every_promise() -> None:
    assert check_sequences(range((PART - 1) * SEQUENCES, PART * SEQUENCES)) == SEQUENCES
