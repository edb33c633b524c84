"""Validations of Amazon SNS.

Source: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

from cutover.localcloud.backends import AwsError, Call

_LONGEST_SUBJECT = 100  # characters


def validate_subject(call: Call) -> AwsError | None:
    """A subject is ASCII, has no line break or other control character, and at most 100 characters."""
    subject = call.fields.get("Subject")
    if subject is None:
        return None
    text = str(subject)
    if text and text.isascii() and text.isprintable() and not text[0].isspace() and len(text) <= _LONGEST_SUBJECT:
        return None
    return AwsError("InvalidParameter", "Invalid parameter: Subject")
