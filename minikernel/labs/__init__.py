"""Floor 6. Labs: exercises on the living guest tree, and the checks that score what a student hands in."""
