"""What the sequence models share: inputs, networks, losses, the trainer and the part of the protocol that is theirs."""
