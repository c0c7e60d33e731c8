"""Many training runs from one plan: the plan, the pool that starts them, the table they show."""
