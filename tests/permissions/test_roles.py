"""Each role may do what its verbs need, and nothing else: proven by the recorded requests of every verb."""

from functools import cache
from typing import Any

import pytest

from cutover.config.schema import AssumeRole, RecordsAccount
from cutover.permissions import ROLES, Role, boundary_document, documents_of, records_documents
from cutover.permissions.documents import LONGEST, Document, Statement, documents, size
from support.permissions.evaluator import Request, is_allowed
from support.permissions.proof import faults, mutants, requests_by
from support.permissions.recording import read

WRITES = ("Create", "Put", "Update", "Delete", "Modify", "Register", "Deregister", "Authorize", "Revoke", "Add", "Tag")


@cache
def documents_for(role: Role) -> tuple[Document, ...]:
    config, _ = read()
    return documents_of(config, role)


@cache
def needed(role: Role) -> tuple[Request, ...]:
    return tuple(requests_by(role))


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_do_what_its_verbs_ask_for_and_nothing_else(role: Role) -> None:
    assert len(needed(role)) > 10
    assert list(faults(documents_for(role), needed(role))) == []


@pytest.mark.parametrize("role", ROLES)
def test_every_change_of_a_statement_is_a_fault(role: Role) -> None:
    survivors = [
        change for change, mutant in mutants(documents_for(role)) if next(faults(mutant, needed(role)), None) is None
    ]
    assert survivors == []


def test_preview_asks_for_nothing_that_writes() -> None:
    _, asked = read()
    actions = {request.action for role, request in asked if role == "preview"}
    assert "dynamodb:GetItem" in actions
    assert [each for each in sorted(actions) if each.partition(":")[2].startswith(WRITES)] == []


def test_a_role_of_a_release_is_given_to_tasks_only() -> None:
    passes = [request for request in needed("deploy") if request.action == "iam:PassRole"]
    assert {request.context["iam:passedtoservice"] for request in passes} == {("ecs-tasks.amazonaws.com",)}
    assert all(":role/cutover/shop/shop-" in request.resource for request in passes)


def test_the_boundary_allows_a_task_to_start_and_no_more() -> None:
    config, _ = read()
    boundary = [boundary_document(config)]
    secret = config.release.secrets["KEY"]
    logs = "arn:aws:logs:eu-west-1:123456789012:log-group:shop-00000000-logs-1:log-stream:app"
    everything = [{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}]
    for action, resource, allowed in (
        ("secretsmanager:GetSecretValue", secret, True),
        ("logs:PutLogEvents", logs, True),
        ("ecr:BatchGetImage", "arn:aws:ecr:eu-west-1:123456789012:repository/shop", True),
        ("secretsmanager:GetSecretValue", secret.replace("shop", "other"), False),
        ("iam:CreateRole", "arn:aws:iam::123456789012:role/admin", False),
        ("s3:GetObject", "arn:aws:s3:::cutover-local-artifacts/manifests/1", False),
    ):
        assert is_allowed(Request(action, resource), everything, boundary) == allowed, action


def test_statements_fill_as_few_documents_as_fit() -> None:
    statement = Statement("A", ("s3:GetObject",), tuple(f"arn:aws:s3:::bucket-{n:04}" for n in range(100)))
    filled = documents([statement] * 5)
    assert [len(each["Statement"]) for each in filled] == [2, 2, 1]  # type: ignore[arg-type]
    assert all(size(each) <= LONGEST for each in filled)
    with pytest.raises(ValueError, match="A alone"):
        documents([Statement("A", ("s3:GetObject",), tuple(f"arn:aws:s3:::bucket-{n:04}" for n in range(300)))])


def test_with_records_in_another_account_the_roles_assume_one_role_there() -> None:
    config, _ = read()
    role = AssumeRole(arn="arn:aws:iam::222222222222:role/records", session_tags={"team": "shop"})
    account = RecordsAccount(account_id="222222222222", region="eu-central-1", assume_role=role)
    apart = config.model_copy(update={"records": config.records.model_copy(update={"account": account})})
    for name in ROLES:
        statements = [each for document in documents_of(apart, name) for each in _statements(document)]
        (assume,) = (each for each in statements if "sts:AssumeRole" in each["Action"])
        assert (assume["Action"], assume["Resource"]) == (["sts:AssumeRole", "sts:TagSession"], [role.arn])
        assert not any(action.startswith("dynamodb:") for each in statements for action in each["Action"])
    theirs = [each for document in records_documents(apart) for each in _statements(document)]
    tables = {arn for each in theirs for arn in each["Resource"] if ":dynamodb:" in arn}
    assert {arn.split(":table/")[0] for arn in tables} == {"arn:aws:dynamodb:eu-central-1:222222222222"}


def _statements(document: Document) -> list[Any]:
    statements = document["Statement"]
    assert isinstance(statements, list)
    return statements
