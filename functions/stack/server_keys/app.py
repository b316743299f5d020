"""Makes the server's key pair of the version that a deployment names, once, and tells its public half."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from parlance.ecdsa.curves import Curve
from parlance.ecdsa.server_keys import ServerKeys
from parlance.settings import ServerKeysSettings
from parlance.stack.custom_resource import CustomResource, Properties
from parlance.storage.secret_text import AwsSecretText


@cache
def resource() -> CustomResource:
    secret = AwsSecretText(ServerKeysSettings.from_environment().server_keys_secret)

    def ensure(properties: Properties) -> Mapping[str, str]:
        curve = Curve(properties["CurveName"])
        return {"PublicKey": ServerKeys(secret, curve).ensure(int(properties["KeyVersion"])).text}

    return CustomResource("server-keys", ensure)


def handler(event: Mapping[str, Any], context: object) -> None:
    resource()(event, context)
