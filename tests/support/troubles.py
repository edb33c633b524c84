"""What can go wrong with a webhook whose URL and signing key are secret; each function prepares a receiver for it."""

import json

from support.receiver import Receiver

CANARY = "S3CRET-CANARY"
SIGNING_KEY = "signing-key-canary"


def refuses(receiver: Receiver) -> None:
    receiver.status = 403


def is_down(receiver: Receiver) -> None:
    receiver.status = 503


def redirects(receiver: Receiver) -> None:
    receiver.status, receiver.headers = 302, {"Location": f"https://other.example/{CANARY}"}


def quotes_the_url(receiver: Receiver) -> None:
    receiver.answer = json.dumps({"status": "Failed", "message": f"no hook at {receiver.url} or /{CANARY}"})


def quotes_the_token_as_text(receiver: Receiver) -> None:
    receiver.answer = f"accepted {CANARY}, signed with {SIGNING_KEY}"


def is_unreachable(receiver: Receiver) -> None:
    receiver.url = f"http://127.0.0.1:9/{CANARY}?token={CANARY}"


def has_no_address(receiver: Receiver) -> None:
    receiver.url = f"http://user:{CANARY}@nobody.invalid/{CANARY}"


def has_an_invalid_host(receiver: Receiver) -> None:
    receiver.url = f"http://{'a' * 70}..b/{CANARY}"


def breaks_the_protocol(receiver: Receiver) -> None:
    receiver.headers = {"Transfer-Encoding": "chunked"}
    receiver.answer = f"zz\r\n{CANARY}\r\n"


TROUBLES = (
    refuses,
    is_down,
    redirects,
    quotes_the_url,
    quotes_the_token_as_text,
    is_unreachable,
    has_no_address,
    has_an_invalid_host,
    breaks_the_protocol,
)
