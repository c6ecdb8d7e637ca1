"""Sentences of libraries that users see and that our catalogue translates better, or at all.

Named here so that they are gathered with our own; a project's catalogue wins over a library's.
"""

from django.utils.translation import gettext_noop

BORROWED = (
    # Django's forms
    gettext_noop("This field is required."),
    gettext_noop("Enter a valid date."),
    gettext_noop("Select a valid choice. That choice is not one of the available choices."),
    gettext_noop("Select a valid choice. %(value)s is not one of the available choices."),
    # allauth's sign-in
    gettext_noop("Username"),
    gettext_noop("Password"),
    gettext_noop("The username and/or password you specified are not correct."),
    gettext_noop("Too many failed login attempts. Try again later."),
    gettext_noop("This account is currently inactive."),
)
