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
    # allauth's pages of one's own account
    gettext_noop("Code"),
    gettext_noop("Authenticator code"),
    gettext_noop("Incorrect code."),
    gettext_noop("Incorrect password."),
    gettext_noop("Current Password"),
    gettext_noop("New Password"),
    gettext_noop("New Password (again)"),
    gettext_noop("Please type your current password."),
    gettext_noop("You must type the same password each time."),
    gettext_noop("Passwordless"),
    gettext_noop(
        "Enabling passwordless operation allows you to sign in using just this key, but imposes"
        " additional requirements such as biometrics or PIN protection."
    ),
    gettext_noop("Master key"),
    gettext_noop("Backup key"),
    gettext_noop("Key nr. {number}"),
    gettext_noop("Use your password"),
    gettext_noop("Use authenticator app or code"),
    gettext_noop("Use a security key"),
    gettext_noop("You cannot deactivate two-factor authentication."),
    gettext_noop(
        "You cannot generate recovery codes without having two-factor authentication enabled."
    ),
    gettext_noop("The app is added."),  # templates/mfa/messages, which are not read for sentences
    gettext_noop("The app is removed."),
    gettext_noop("The passkey is added."),
    gettext_noop("The passkey is removed."),
    gettext_noop("The password is changed."),
    gettext_noop("Be patient, you are sending too many requests."),
)
