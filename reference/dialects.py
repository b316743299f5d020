"""Every dialect that is served over HTTP."""

from reference.chats import CHATS

DIALECTS = [CHATS]
