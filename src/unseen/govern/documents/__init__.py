"""Documents made of a policy, reports, records and the ledger; what a person has to decide is asked."""
