"""An SNS topic as a receiver: it gets the sentence as the subject and the details as the message."""

import json

from cutover.adapters.notifier.messages import Message
from cutover.adapters.session import Session, aws_errors
from cutover.config.notifications import SnsTopic

_SUBJECT_CHARACTERS = 100
"""SNS's limit (https://docs.aws.amazon.com/sns/latest/api/API_Publish.html)."""


def publish_to_topic(session: Session, topic: SnsTopic, message: Message) -> None:
    """Publish the message."""
    with aws_errors("Publish"):
        session.sns.publish(
            TopicArn=topic.arn,
            # SNS rejects a subject with anything but printable ASCII.
            Subject=message.sentence.encode("ascii", "replace").decode()[:_SUBJECT_CHARACTERS],
            Message=json.dumps(message.detail),
        )
