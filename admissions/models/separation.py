"""Whoever takes part in a case approves no decision of it, nor the other way about; in SQL.

`guards_of_separation` says the same in sentences. A human being is the record that is kept of the
person: duplicates are merged into it, and each of them may have an account.
"""

from __future__ import annotations

import pgtrigger

from admissions.stages import Step

PROPOSING = frozenset(
    {Step.IDENTIFY, Step.PUT_ON_LIST, Step.PERMIT, Step.COMPLETE_PAPERS, Step.SEND_UP}
)
"""Steps by which a case is proposed: whoever records one is a proposer (trust.md c.3, SoD-1)."""

PROPOSED_BY = ", ".join(sorted(f"'{step.value}'" for step in PROPOSING))

KEPT = """(SELECT coalesce(one.merged_into_id, one.id)
            FROM organizations_person AS one WHERE one.id = {person})"""
"""SQL: the record that is kept of the person with id {person}."""

PERSON_OF = """(SELECT account.person_id
            FROM organizations_user AS account WHERE account.id = {account})"""
"""SQL: the person of the account with id {account}."""

ACCOUNTS = """ARRAY(SELECT account.id FROM organizations_user AS account
            LEFT JOIN organizations_person AS person ON person.id = account.person_id
            WHERE account.id = {account}
            OR coalesce(person.merged_into_id, person.id) = me)"""
"""SQL: every account of the human being who acts as `account`, whose kept record is `me`."""


def human_of(account: str) -> str:
    """Return SQL: the record that is kept of the person of `account` (SQL)."""
    return KEPT.format(person=PERSON_OF.format(account=account))


TOOK_PART = f"""file.entered_by_id = ANY (accounts)
            OR EXISTS (SELECT 1 FROM admissions_milestone AS proposing
                WHERE proposing.candidate_id = NEW.candidate_id
                AND proposing.step IN ({PROPOSED_BY}) AND proposing.entered_by_id = ANY (accounts))
            OR EXISTS (SELECT 1 FROM admissions_ballot AS ballot
                WHERE ballot.candidate_id = NEW.candidate_id
                AND ballot.entered_by_id = ANY (accounts))
            OR EXISTS (SELECT 1 FROM admissions_mentorship AS helping
                JOIN organizations_person AS person ON person.id = helping.mentor_id
                WHERE helping.candidate_id = NEW.candidate_id
                AND coalesce(person.merged_into_id, person.id) = me)
            OR EXISTS (SELECT 1 FROM admissions_introducer AS introducing
                JOIN organizations_person AS person ON person.id = introducing.person_id
                WHERE introducing.candidate_id = NEW.candidate_id
                AND coalesce(person.merged_into_id, person.id) = me)"""  # noqa: S608 - our own steps
"""SQL, true where one of `accounts`, of the person `me`, took part in the `file` of the new row."""

DECIDED_ALREADY = """
    DECLARE
        me bigint := {me};
    BEGIN
        -- Whoever decides takes the same lock: the one who comes second sees the other's row.
        PERFORM 1 FROM admissions_candidate WHERE id = NEW.candidate_id FOR UPDATE;
        IF EXISTS (SELECT 1 FROM admissions_decision AS made
            JOIN organizations_user AS account ON account.id = made.approved_by_id
            LEFT JOIN organizations_person AS person ON person.id = account.person_id
            WHERE made.candidate_id = NEW.candidate_id
            AND ({account} OR coalesce(person.merged_into_id, person.id) = me))
        THEN
            RAISE EXCEPTION 'who approved a decision of the case takes no other part in it'
                USING ERRCODE = '23514', CONSTRAINT = '{constraint}';
        END IF;
        RETURN NEW;
    END;
"""


def not_who_decided(
    *, constraint: str, person: str = "", account: str = "NULL"
) -> pgtrigger.Trigger:
    """Return the trigger that refuses a part to who approved a decision of the case before.

    The part is that of `person` or of an `account` (columns of the row); `constraint` names the
    refusal.
    """
    who = f"NEW.{person}" if person else PERSON_OF.format(account=f"NEW.{account}")
    return pgtrigger.Trigger(
        name="not_of_who_decided",
        operation=pgtrigger.Insert,
        when=pgtrigger.Before,
        func=DECIDED_ALREADY.format(
            me=KEPT.format(person=who),
            account="false" if person else f"account.id = NEW.{account}",
            constraint=constraint,
        ),
    )


OF_THEIR_OWN = """
    DECLARE
        about bigint := {about};
    BEGIN
        IF {me} = about OR EXISTS (SELECT 1 FROM organizations_declaredrelative AS declared
            JOIN organizations_person AS near ON near.id = declared.person_id
            WHERE declared.user_id = NEW.{account}
            AND coalesce(near.merged_into_id, near.id) = about)
        THEN
            RAISE EXCEPTION 'nobody acts on their own file or that of a declared relative'
                USING ERRCODE = '23514', CONSTRAINT = '{constraint}';
        END IF;
        RETURN NEW;
    END;
"""


def not_of_their_own(*, account: str, constraint: str) -> pgtrigger.Trigger:
    """Return the trigger that refuses what `account` (a column) does in a file of their own.

    Also in that of a relative whom they declared (trust.md c.3, SoD-4).
    """
    file = "(SELECT file.person_id FROM admissions_candidate AS file WHERE file.id = {})"
    return pgtrigger.Trigger(
        name="not_of_their_own",
        operation=pgtrigger.Insert,
        when=pgtrigger.Before,
        func=OF_THEIR_OWN.format(
            about=KEPT.format(person=file.format("NEW.candidate_id")),
            me=human_of(f"NEW.{account}"),
            account=account,
            constraint=constraint,
        ),
    )
