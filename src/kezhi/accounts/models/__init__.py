"""People, departments, teams, roles, shares, and the company itself."""

from kezhi.accounts.models.company import Company
from kezhi.accounts.models.organisation import Department, Team
from kezhi.accounts.models.role import Role
from kezhi.accounts.models.sharing import Delegation, Share
from kezhi.accounts.models.sign_in_attempt import SignInAttempt
from kezhi.accounts.models.user import User

__all__ = [
    "Company",
    "Delegation",
    "Department",
    "Role",
    "Share",
    "SignInAttempt",
    "Team",
    "User",
]
