"""What people prefer, as pairs, and a reward model learned from them."""
