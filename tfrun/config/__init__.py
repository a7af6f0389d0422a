"""From command line to typed experiment: compose (Hydra), load (typed objects), check (cross-field rules)."""
