"""Every dialect that is served over HTTP."""

from reference.chats import CHATS
from reference.identity import IDENTITY
from reference.platform import PLATFORM
from reference.tenant import TENANT
from reference.widget import OPERATORS, WIDGET

DIALECTS = [CHATS, TENANT, IDENTITY, WIDGET, OPERATORS, *PLATFORM]
