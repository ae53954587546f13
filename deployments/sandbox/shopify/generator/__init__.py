"""Orders as shoppers place them: seeded, right to the cent, and each with a note of what should become of it."""
