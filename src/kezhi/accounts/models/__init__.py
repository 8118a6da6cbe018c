"""People, departments, teams, roles, shares, the company itself, and how people prove who they are."""

from kezhi.accounts.models.company import Company
from kezhi.accounts.models.integration import ROWS_A_DAY, Integration, Token
from kezhi.accounts.models.one_time_link import LinkPurpose, OneTimeLink
from kezhi.accounts.models.organisation import Department, Team
from kezhi.accounts.models.role import Role
from kezhi.accounts.models.second_factor import CodeApp, Passkey, RecoveryCode
from kezhi.accounts.models.session import Session
from kezhi.accounts.models.sharing import Delegation, Share
from kezhi.accounts.models.sign_in_attempt import SignInAttempt
from kezhi.accounts.models.single_sign_on import ExternalIdentity, IdentityProvider
from kezhi.accounts.models.traffic import Bucket, KeptAnswer, RowsTaken
from kezhi.accounts.models.user import User, person
from kezhi.accounts.models.visitor_bucket import VisitorBucket

__all__ = [
    "ROWS_A_DAY",
    "Bucket",
    "CodeApp",
    "Company",
    "Delegation",
    "Department",
    "ExternalIdentity",
    "IdentityProvider",
    "Integration",
    "KeptAnswer",
    "LinkPurpose",
    "OneTimeLink",
    "Passkey",
    "RecoveryCode",
    "Role",
    "RowsTaken",
    "Session",
    "Share",
    "SignInAttempt",
    "Team",
    "Token",
    "User",
    "VisitorBucket",
    "person",
]
