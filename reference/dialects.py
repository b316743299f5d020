"""Every dialect that is served over HTTP."""

from reference.chats import CHATS
from reference.widget import OPERATORS, WIDGET

DIALECTS = [CHATS, WIDGET, OPERATORS]
