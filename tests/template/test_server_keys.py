"""What the template promises about the server's keys and the vault."""

from tests.template.conftest import Stack


def test_no_private_key_stands_in_the_template(stack: Stack) -> None:
    assert stack.properties("ServerKeysSecret").keys() == {"Description"}
    assert stack.properties("ServerKeys").keys() == {"ServiceToken", "ServiceTimeout", "KeyVersion", "CurveName"}


def test_no_key_is_deleted_with_the_stack(stack: Stack) -> None:
    for name in ("ServerKeysSecret", "VaultKey"):
        assert stack.resources[name]["DeletionPolicy"] == "RetainExceptOnCreate"
        assert stack.resources[name]["UpdateReplacePolicy"] == "Retain"


def test_the_next_version_is_a_parameter(stack: Stack) -> None:
    assert stack.properties("ServerKeys")["KeyVersion"] == {"Ref": "KeyVersion"}
    assert stack.template["Parameters"]["KeyVersion"]["MinValue"] == 1


def test_the_public_half_is_configuration(stack: Stack) -> None:
    public_half = {"Fn::GetAtt": ["ServerKeys", "PublicKey"]}
    for function in ("PublicKeys", "WellKnown", "Healthz", "ServiceKeys", "Jwt", "AgentQuery"):
        assert stack.environment(f"Kosmos{function}Function")["SERVER_PUBLIC_KEY"] == public_half
    assert stack.template["Outputs"]["ServerPublicKey"]["Value"] == public_half


def test_the_vault_is_a_kms_key_unless_a_local_one_is_given(stack: Stack) -> None:
    assert stack.resources["VaultKey"]["Condition"] == "UsesKms"
    assert stack.template["Conditions"]["UsesKms"] == {"Fn::Equals": [{"Ref": "LocalVaultKey"}, ""]}
    parameter = stack.template["Parameters"]["LocalVaultKey"]
    assert (parameter["Default"], parameter["NoEcho"]) == ("", True)
    assert stack.template["Outputs"]["VaultKey"]["Condition"] == "UsesKms"
    for function in ("KosmosServiceKeysFunction", "KosmosJwtFunction", "KosmosAgentQueryFunction"):
        condition, key, local = stack.environment(function)["VAULT_KEY"]["Fn::If"]
        assert condition == "UsesKms"
        assert key == {"Fn::GetAtt": ["VaultKey", "Arn"]}
        assert local == {"Fn::Sub": "local:${LocalVaultKey}"}
    assert stack.properties("VaultKey")["EnableKeyRotation"] is True


def test_what_is_hazardous_is_off_by_default(stack: Stack) -> None:
    assert stack.template["Parameters"]["EcdsaHelper"]["Default"] == "disabled"
    assert stack.template["Parameters"]["JwksOverLoopback"]["Default"] == "refused"
