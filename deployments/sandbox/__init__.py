"""Stand-ins to run against. They share no code with the rest of the house."""
