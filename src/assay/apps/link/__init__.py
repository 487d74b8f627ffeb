"""What both ends of the link to a terminal speak: frames, proofs, numbered logs."""
