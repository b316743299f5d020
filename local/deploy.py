"""Deploys the built stack into the emulator with the SAM CLI, and finds what was deployed."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from botocore.exceptions import ClientError

from local.build import sam_environment
from local.clients import emulator_session
from local.command import run_command
from local.emulator import client_environment
from local.errors import LocalCloudError
from local.marks import Marks
from local.settings import CLOUD_BIN

STACK = "parlance"
STAGE = "local"
BUCKET = "parlance-artifacts"


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A deployed stack: where its parts are."""

    endpoint: str
    rest_api_id: str
    websocket_api_id: str
    websocket_function: str
    conversations_table: str
    identity_table: str
    wakeups_queue_url: str
    sweeps_queue_url: str
    secrets_prefix: str
    server_public_key: str
    vault_key: str
    indexing_queue_url: str
    snapshots_bucket: str
    stage: str = STAGE

    @property
    def rest_url(self) -> str:
        """Where the emulator serves the REST API."""
        return f"{self.endpoint}/_aws/execute-api/{self.rest_api_id}/{self.stage}"


class Deployer:
    """Brings one emulator to the state of one built template."""

    def __init__(self, *, endpoint: str, state_dir: Path, parameters: dict[str, str]) -> None:
        self._endpoint = endpoint
        self._state_dir = state_dir
        self._parameters = {"Stage": STAGE, "AccessLogRole": "existing"} | parameters
        session = emulator_session()
        self._cloudformation = session.client("cloudformation", endpoint_url=endpoint)
        self._api_gateway: Any = session.client("apigateway", endpoint_url=endpoint)
        self._lambda = session.client("lambda", endpoint_url=endpoint)
        self._s3: Any = session.client("s3", endpoint_url=endpoint)
        self._marks = Marks(endpoint)

    def is_current(self, template: Path) -> bool:
        """Whether exactly this is what the emulator holds."""
        return self._marks.read("deployed") == self._mark(template) and self._outputs() is not None

    def deploy(self, template: Path) -> None:
        """Deploy and mark it."""
        self._s3.create_bucket(Bucket=BUCKET)
        run_command(
            [
                *(CLOUD_BIN / "sam", "deploy", "--template-file", template, "--stack-name", STACK),
                *("--s3-bucket", BUCKET, "--capabilities", "CAPABILITY_IAM"),
                *("--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar"),
                *("--parameter-overrides", *(f"{name}={value}" for name, value in self._parameters.items())),
            ],
            purpose="deploying the stack",
            log=self._state_dir / "deploy.log",
            env=sam_environment(client_environment(self._endpoint), self._state_dir / "sam"),
            cwd=self._state_dir,
        )
        self._apply_gateway_responses(template)
        self._apply_concurrencies()
        self._marks.write("deployed", self._mark(template))

    def deployment(self) -> Deployment:
        """Look up what is deployed. The REST API's id changes with an update, so nobody may remember it."""
        outputs = self._outputs()
        if outputs is None:
            raise LocalCloudError("the stack is not deployed")
        return Deployment(
            endpoint=self._endpoint,
            rest_api_id=outputs["RestApiId"],
            websocket_api_id=outputs["WebSocketApiId"],
            websocket_function=outputs["WebSocketFunction"],
            conversations_table=outputs["ConversationsTable"],
            identity_table=outputs["IdentityTable"],
            wakeups_queue_url=outputs["WakeupsQueueUrl"],
            sweeps_queue_url=outputs["SweepsQueueUrl"],
            secrets_prefix=outputs["SecretsPrefix"],
            server_public_key=outputs["ServerPublicKey"],
            indexing_queue_url=outputs["IndexingQueueUrl"],
            snapshots_bucket=outputs["SnapshotsBucket"],
            # Not an output, which every deployment prints.
            vault_key=f"local:{self._parameters['LocalVaultKey']}",
        )

    def _outputs(self) -> dict[str, str] | None:
        try:
            stack = self._cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        if stack["StackStatus"] not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
            return None
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def _mark(self, template: Path) -> str:
        return hashlib.sha256(f"{template}{self._endpoint}{sorted(self._parameters.items())}".encode()).hexdigest()

    def _apply_gateway_responses(self, template: Path) -> None:
        """The emulator does not read gateway responses out of an API's definition as AWS does."""
        api_id = self.deployment().rest_api_id
        resources = yaml.safe_load(template.read_text())["Resources"]
        for kind, response in resources["RestApi"]["Properties"]["GatewayResponses"].items():
            headers = response.get("ResponseParameters", {}).get("Headers", {})
            status = {"statusCode": str(response["StatusCode"])} if "StatusCode" in response else {}
            self._api_gateway.put_gateway_response(
                restApiId=api_id,
                responseType=kind,
                responseTemplates=response["ResponseTemplates"],
                responseParameters={f"gatewayresponse.header.{name}": value for name, value in headers.items()},
                **status,
            )
        self._api_gateway.create_deployment(restApiId=api_id, stageName=STAGE)

    def _apply_concurrencies(self) -> None:
        """The emulator leaves a number that comes from a parameter as text, which its queue pollers stumble over."""
        for source in self._lambda.list_event_source_mappings()["EventSourceMappings"]:
            limit = int(source["ScalingConfig"]["MaximumConcurrency"])
            self._lambda.update_event_source_mapping(UUID=source["UUID"], ScalingConfig={"MaximumConcurrency": limit})
