"""What an agent and an execution are: models, states, allowed transitions. No I/O."""
