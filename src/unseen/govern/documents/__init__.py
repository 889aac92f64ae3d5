"""Documents that are made of what is known: a policy, reports, records and the ledger; what a person decides is asked."""
