"""The tables of messaging, one file per kind."""

from kezhi.messaging.models.inbound_webhook import InboundWebhook, Received
from kezhi.messaging.models.incoming import Incoming
from kezhi.messaging.models.mail_account import MailAccount
from kezhi.messaging.models.notice import Notice, NoticePreference
from kezhi.messaging.models.outgoing import Outgoing, OutgoingFile, Sender
from kezhi.messaging.models.pictured_sender import PicturedSender
from kezhi.messaging.models.template import MailTemplate
from kezhi.messaging.models.webhook import Delivery, Webhook

__all__ = [
    "Delivery",
    "InboundWebhook",
    "Incoming",
    "MailAccount",
    "MailTemplate",
    "Notice",
    "NoticePreference",
    "Outgoing",
    "OutgoingFile",
    "PicturedSender",
    "Received",
    "Sender",
    "Webhook",
]
