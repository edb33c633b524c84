"""An SNS topic as a receiver: it gets the sentence as the subject and the details as the message."""

import json

from cutover.adapters.notifier.messages import Message
from cutover.adapters.session import Session, aws_errors
from cutover.config.notifications import SnsTopic

_SUBJECT_CHARACTERS = 99
"""A subject has less than 100 characters (https://docs.aws.amazon.com/sns/latest/api/API_Publish.html)."""


def publish_to_topic(session: Session, topic: SnsTopic, message: Message) -> None:
    """Publish the message."""
    with aws_errors("Publish"):
        session.sns.publish(
            TopicArn=topic.arn, Subject=subject_of(message.sentence), Message=json.dumps(message.detail)
        )


def subject_of(sentence: str) -> str:
    """The sentence as SNS accepts it as a subject: one line of printable ASCII; `?` replaces every other character."""
    line = " ".join(sentence.split()).encode("ascii", "replace").decode()
    return "".join(each if each.isprintable() else "?" for each in line)[:_SUBJECT_CHARACTERS]
