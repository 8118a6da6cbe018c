"""What customers ask, report and complain of, and what was done about it."""

from kezhi.service.models.agent_month import AgentMonth
from kezhi.service.models.article import Article
from kezhi.service.models.article_rating import ArticleRating, Face
from kezhi.service.models.article_text import ArticleText
from kezhi.service.models.article_topic import ArticleTopic
from kezhi.service.models.article_version import ArticleVersion
from kezhi.service.models.article_views import ArticleViews
from kezhi.service.models.business_calendar import BusinessCalendar, CalendarVersion
from kezhi.service.models.care_plan import CarePlan
from kezhi.service.models.care_touch import CareTouch
from kezhi.service.models.case_review import CaseReview
from kezhi.service.models.clock import Clock, ClockMonth
from kezhi.service.models.compensation import Compensation
from kezhi.service.models.complaint import Complaint
from kezhi.service.models.complaint_cause import ComplaintCause
from kezhi.service.models.complaint_party import ComplaintParty
from kezhi.service.models.complaint_rules import ComplaintRules
from kezhi.service.models.complaint_step import ComplaintStep
from kezhi.service.models.confirmation import Confirmation
from kezhi.service.models.feedback_attempt import FeedbackAttempt
from kezhi.service.models.help_visit import HelpVisit
from kezhi.service.models.holding import TicketHolding
from kezhi.service.models.idea import Idea, IdeaComment, IdeaVote
from kezhi.service.models.intake_rule import IntakeRule
from kezhi.service.models.intake_settings import IntakeSettings
from kezhi.service.models.internal_request import InternalRequest
from kezhi.service.models.macro import Macro
from kezhi.service.models.portal_account import PortalAccount, PortalLink, PortalSession
from kezhi.service.models.portal_factor import PortalCodeApp, PortalRecoveryCode
from kezhi.service.models.portal_settings import PortalSettings
from kezhi.service.models.review_round import ReviewRound
from kezhi.service.models.routing_rule import RoutingRule
from kezhi.service.models.scorecard import Scorecard
from kezhi.service.models.service_form import ServiceForm
from kezhi.service.models.service_level import InternalLevel, ServiceLevels
from kezhi.service.models.service_mailbox import ServiceMailbox
from kezhi.service.models.success_measure import SuccessMeasure, SuccessReading
from kezhi.service.models.success_plan import SuccessPlan
from kezhi.service.models.ticket import Ticket
from kezhi.service.models.ticket_entry import TicketEntry
from kezhi.service.models.ticket_link import TicketLink
from kezhi.service.models.ticket_need import TicketNeed
from kezhi.service.models.ticket_presence import TicketPresence
from kezhi.service.models.ticket_rating import TicketFile, TicketRating
from kezhi.service.models.training import Course, SkillLevel, TrainingRecord

__all__ = [
    "AgentMonth",
    "Article",
    "ArticleRating",
    "ArticleText",
    "ArticleTopic",
    "ArticleVersion",
    "ArticleViews",
    "BusinessCalendar",
    "CalendarVersion",
    "CarePlan",
    "CareTouch",
    "CaseReview",
    "Clock",
    "ClockMonth",
    "Compensation",
    "Complaint",
    "ComplaintCause",
    "ComplaintParty",
    "ComplaintRules",
    "ComplaintStep",
    "Confirmation",
    "Course",
    "Face",
    "FeedbackAttempt",
    "HelpVisit",
    "Idea",
    "IdeaComment",
    "IdeaVote",
    "IntakeRule",
    "IntakeSettings",
    "InternalLevel",
    "InternalRequest",
    "Macro",
    "PortalAccount",
    "PortalCodeApp",
    "PortalLink",
    "PortalRecoveryCode",
    "PortalSession",
    "PortalSettings",
    "ReviewRound",
    "RoutingRule",
    "Scorecard",
    "ServiceForm",
    "ServiceLevels",
    "ServiceMailbox",
    "SkillLevel",
    "SuccessMeasure",
    "SuccessPlan",
    "SuccessReading",
    "Ticket",
    "TicketEntry",
    "TicketFile",
    "TicketHolding",
    "TicketLink",
    "TicketNeed",
    "TicketPresence",
    "TicketRating",
    "TrainingRecord",
]
