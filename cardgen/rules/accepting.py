"""Rules about what a card accepts: ``cardgen.accepting`` applies the acceptances themselves."""

from __future__ import annotations

from collections.abc import Iterator

from cardgen.rules import Finding, Project, Subject, declare, guess, load_rules, rule

declare("accepted-unused", "advice", "A finding is accepted that is not there any more.")


@rule("accepted-rule", "error", "The card accepts findings of a rule that has none to accept.")
def find_unknown_accepted(subject: Subject, project: Project) -> Iterator[Finding]:
    rules = load_rules()
    for at, accepted in enumerate(subject.card.front.accepted):
        known = rules.get(accepted.rule)
        if known is not None and known.find is not None:
            continue
        can = [name for name, one in rules.items() if one.find is not None]
        message = f"There is no rule '{accepted.rule}' to accept findings of."
        if known is not None:
            message = f"What '{accepted.rule}' finds cannot be accepted."
        yield Finding(
            message,
            guess(accepted.rule, can, "'cardgen check' names the rule of each finding.")
            if known is None
            else "Correct what it reports, then delete the entry.",
            subject.line(f"accepted.{at}.rule", f"accepted.{at}"),
            about=accepted.rule,
        )
