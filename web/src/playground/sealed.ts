/** A question of the identity dialect as programs that seal it: see docs/identity.md for the envelope. */
import type { Language } from "./snippets";

type Program = (origin: string, withKey: boolean) => string;

export function sealedQuestion(agent: string, text: string, token: string): Partial<Record<Language, Program>> {
  const path = `/query/agent/${encodeURIComponent(agent)}`;
  const variable = "PARLANCE_USER_TOKEN";
  return {
    Python: (origin, withKey) =>
      python(`${origin}/chatapi`, path, text, withKey ? JSON.stringify(token) : `os.environ["${variable}"]`),
    JavaScript: (origin, withKey) =>
      javascript(`${origin}/chatapi`, path, text, withKey ? JSON.stringify(token) : `process.env.${variable}`),
  };
}

function python(api: string, path: string, text: string, token: string): string {
  return `# Needs httpx and cryptography.
import json, os, time, uuid
from base64 import b64decode, b64encode

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

api, token = ${JSON.stringify(api)}, ${token}
curve = ec.SECP256K1()  # SECP256R1 where the deployment says prime256v1
own = ec.generate_private_key(curve)
point = own.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

def cipher(server_key):
    point = ec.EllipticCurvePublicKey.from_encoded_point(curve, b"\\x04" + b64decode(server_key))
    return AESGCM(own.exchange(ec.ECDH(), point))

def seal(text):
    iv = os.urandom(16)
    return b64encode(iv + cipher(server_key).encrypt(iv, text.encode(), None)).decode()

server_key = httpx.get(api + "/publickeys").json()["publicKey"]
request_id = {"appid": "example", "uuid": str(uuid.uuid4()), "ts": int(time.time())}
headers = {
    "publickey": b64encode(point[1:]).decode(),
    "requestid": seal(json.dumps(request_id)),
    "Authorization": "Bearer " + seal(token),
}
question = {"data": seal(json.dumps({"userInput": ${JSON.stringify(text)}}))}
answer = httpx.post(api + ${JSON.stringify(path)}, headers=headers, json=question, timeout=None).raise_for_status().json()
data = b64decode(answer["data"])
print(cipher(answer["publicKey"]).decrypt(data[:16], data[16:], None).decode())`;
}

function javascript(api: string, path: string, text: string, token: string): string {
  return `import { createCipheriv, createDecipheriv, createECDH, randomBytes, randomUUID } from "node:crypto";

const [api, token] = [${JSON.stringify(api)}, ${token}];
const own = createECDH("secp256k1"); // "prime256v1" where the deployment says so
const ownKey = own.generateKeys().subarray(1).toString("base64");
const agreed = (key) => own.computeSecret(Buffer.concat([Buffer.from([4]), Buffer.from(key, "base64")]));

function seal(text) {
  const iv = randomBytes(16);
  const cipher = createCipheriv("aes-256-gcm", agreed(serverKey), iv);
  return Buffer.concat([iv, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]).toString("base64");
}

const { publicKey: serverKey } = await (await fetch(api + "/publickeys")).json();
const requestId = { appid: "example", uuid: randomUUID(), ts: Math.floor(Date.now() / 1000) };
const answer = await fetch(api + ${JSON.stringify(path)}, {
  method: "POST",
  headers: {
    "Content-Type": "application/json",
    publickey: ownKey,
    requestid: seal(JSON.stringify(requestId)),
    Authorization: "Bearer " + seal(token),
  },
  body: JSON.stringify({ data: seal(JSON.stringify({ userInput: ${JSON.stringify(text)} })) }),
});
if (!answer.ok) throw new Error(await answer.text());
const sealed = await answer.json();
const data = Buffer.from(sealed.data, "base64");
const opening = createDecipheriv("aes-256-gcm", agreed(sealed.publicKey), data.subarray(0, 16));
opening.setAuthTag(data.subarray(-16));
console.log(opening.update(data.subarray(16, -16), "utf8", "utf8") + opening.final("utf8"));`;
}
