"""The least permissions of each role that runs cutover, as IAM policy documents. Pure: data from the configuration."""

from cutover.permissions.boundary import boundary_document
from cutover.permissions.roles import ROLES, Role, documents_of, records_documents
from cutover.permissions.trust import account_trust, github_trust

__all__ = ["ROLES", "Role", "account_trust", "boundary_document", "documents_of", "github_trust", "records_documents"]
