"""The questions of all documents, each under the key by which a person answers it."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["QUESTIONS", "RISKS"]

#: The three events that the CNIL's method asks about: key, and what happens to the data.
RISKS: Mapping[str, str] = {
    "access": "somebody sees the data who must not",
    "change": "the data is changed and should not be",
    "loss": "the data is gone",
}
_ABOUT_RISKS = {
    "impacts": "What would it mean for the people in the pictures if {what}?",
    "threats": "How could it come about that {what}?",
    "sources": "Who or what could cause that {what}?",
    "severity": "How severe is it if {what}? Write a level and why, as 2: reason (1 negligible to 4 maximum)",
    "likelihood": "How likely is it that {what}? Write a level and why, as 2: reason (1 negligible to 4 maximum)",
}

_COMMON = {
    "controller-name": "Who answers for the data?",
    "controller-address": "Where does the controller reside?",
    "controller-contact": "How is the controller reached?",
    "dpo": "Is there a data protection officer, and how is that person reached?",
    "joint-controllers": "Who else decides on purposes and means? Write none if nobody does",
    "representative": "Who represents a controller outside the Union? Write none if that does not apply",
    "purpose": "What is the data used for, in words that the people in it understand?",
    "retention": "For how long is the data kept, or by what is that decided?",
    "data-sources": "Where does the data come from?",
    "data-subjects": "Who can be in the pictures: passers-by, patients, staff, children?",
    "data-categories": "What can be seen of people, and is anything of a special category (GDPR Art. 9)?",
    "recipients": "To whom outside is data given? Write nobody if to nobody",
    "transfers": "Does data leave for other countries, to whom, and with what safeguard? Write none if not",
    "security-measures": "Which organisational measures are there: rooms, training, disks, backups, incidents?",
    "processors": "Who processes the data on the controller's behalf, and under which contracts? Write none if nobody",
    "processor": "Who is the processor: name, contact, representative and data protection officer?",
    "legitimate-interests": "Which legitimate interests are pursued, and why do they outweigh those of the people?",
    "automated-decisions": "Are people judged by machine, with what logic and consequences? Write no if they are not",
    "obligation": "Must people give the data, by law or by contract, and what follows if they do not?",
    "complaint-authority": "Which supervisory authority takes complaints, and how is it reached?",
    "notice-url": "At which address can everybody read the whole notice? Write where it hangs if there is none",
}
_DPIA = {
    "dpia-name": "What is the processing called?",
    "dpia-author": "Who wrote this assessment?",
    "dpia-evaluator": "Who evaluates it?",
    "dpia-validator": "Who validates it, for the controller?",
    "dpia-dpo-opinion": "What does the data protection officer say of it?",
    "dpia-people-opinion": "What do the people concerned, or those who speak for them, say of it?",
    "dpia-standards": "Which codes of conduct, certificates or guidelines apply?",
    "dpia-assets": "On which machines, disks, networks and paper does the data lie?",
    "dpia-necessity": "Why is each kind of data needed, and why would less not do?",
    "dpia-accuracy": "How is it made sure that the data is right, and up to date where that matters?",
    "dpia-retention-reason": "Why must data be kept for so long?",
    "dpia-informed": "How do people learn of it: signs, notices, in which languages, where?",
    "dpia-consent": "How was consent obtained, and how is it taken back?",
    "dpia-access": "How do people get access to their data, and a copy of it?",
    "dpia-erasure": "How do people have data rectified or erased?",
    "dpia-objection": "How do people restrict the processing, or object to it?",
    **{
        f"risk-{risk}-{key}": text.format(what=what)
        for risk, what in RISKS.items()
        for key, text in _ABOUT_RISKS.items()
    },
}
_SAFE_HARBOR = {
    **{
        f"safe-harbor-{letter}": f"Is row ({letter.upper()}) met, and how is that known?"
        for letter in "abcdefghijklmnopqr"
    },
    "safe-harbor-pictures": "Can pictures that were not looked at show writing?",
    "actual-knowledge": "Does the covered entity know that what remains could identify somebody?",
}
_CARD = {
    "card-name": "What is the data set called?",
    "card-description": "What is in the data set, and what is it for?",
    "card-url": "At which address is the data set described?",
    "card-license": "Under which licence may it be used? Give its address, best one that spdx.org lists",
    "card-published": "On which date is it published? Write as 2026-11-25",
    "card-creator": "Which organisation made the data set?",
    "card-archive": "Where can all files be fetched as one archive? Write its address, a space, and its SHA-256",
    "card-version": "Which version is it? Write as 1.0.0",
    "card-collection": "How was the data collected?",
    "card-use": "What may the data set be used for?",
    "card-timeframe": "When was it collected? Write a list of two dates, from and to",
    "card-biases": "Who and what is shown too often, or too seldom, for the use it is meant for?",
    "card-social-impact": "What could follow from its use, good and bad, and for whom?",
    "card-maintenance": "Who maintains it, how often is it updated, when does it end?",
}
_RISK = {
    "risk-trigger": "Which activities of section 7150(b) apply: selling or sharing, sensitive information, automated "
    "decisions, inferences about workers or students, inferences from sensitive places, training?",
    "risk-stakeholders": "Who took part: those who collect and use the data, and whom else was asked?",
    "risk-categories": "Which categories of personal information are processed, and which of them are sensitive?",
    "risk-minimum": "What is the least personal information that the purpose needs?",
    "risk-interaction": "How does the business meet the consumers whose information it is, and what for?",
    "risk-consumers": "How many consumers' information is it, about?",
    "risk-disclosures": "What were consumers told of it, or will be, and how?",
    "risk-third-parties": "To which service providers, contractors and third parties is it given, and what for?",
    "risk-technology": "Is it used for decisions by machine, with what logic and output, and how is that used?",
    "risk-benefits": "What do the business, consumers, others and the public gain, in figures where possible?",
    "risk-impacts": "What harm can come to consumers, and from what: access by others, discrimination, loss of "
    "control, pressure, loss of money, bodily harm, loss of reputation, distress?",
    "risk-safeguards": "Which other safeguards are there: encryption, networks, monitoring, outside advice?",
    "risk-weighing": "Do the risks outweigh the benefits, so that it must be restricted or left?",
    "risk-initiate": "Will the business begin, or go on with, the processing?",
    "risk-informants": "Who gave information for this assessment (legal counsel need not be named)?",
    "risk-approval": "Who reviewed and approved it, by name, position and date, with the authority to decide?",
    "risk-review": "When was it last updated, and when is it reviewed next (at least every three years)?",
    "risk-training": "What must be told to those who get a model that was trained with the data?",
    "risk-submission": "Which executive submits it to the Agency: name, title, point of contact, period?",
}

QUESTIONS: Mapping[str, str] = {**_COMMON, **_DPIA, **_SAFE_HARBOR, **_CARD, **_RISK}
