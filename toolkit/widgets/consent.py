"""The consent to data privacy and compliance, as the catalogs of translations know it."""

from toolkit.translatable import mark

# The text that is consented to is toolkit.CONSENT_TEXT; catalogs are made from what stands in the code of the forms.
CONSENT = mark(
    "When you enable this connection, data, personal data included, leaves this machine for Criteo whenever you "
    "export. It is transferred on your instruction. You are responsible for Criteo meeting the privacy and security "
    "obligations that you have towards the people in the data. An administrator can end the transfer at any time by "
    "removing the connection."
)
