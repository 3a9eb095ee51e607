"""An app that only the bench has: a decision with guards, two approvals and three clocks, and a register to import."""
