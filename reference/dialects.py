"""Every dialect that is served over HTTP."""

from reference.chats import CHATS
from reference.identity import IDENTITY
from reference.widget import OPERATORS, WIDGET

DIALECTS = [CHATS, IDENTITY, WIDGET, OPERATORS]
