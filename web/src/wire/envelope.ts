/** The envelope of the identity dialect: a Diffie-Hellman agreement and AES-256-GCM. docs/identity.md says what it protects. */
import { p256 } from "@noble/curves/nist.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";

const IV_BYTES = 16;
const UNCOMPRESSED = 4;

/** A key pair that lives as long as the page. The private half never leaves this object. */
export class Envelopes {
  readonly publicKey: string;
  private readonly curve: typeof secp256k1;
  private readonly own: Uint8Array;

  /** The server's key says which curve it is of: a point of one lies on no other. */
  constructor(private readonly serverKey: string) {
    const curve = [secp256k1, p256].find((one) => one.utils.isValidPublicKey(pointOf(serverKey), false));
    if (!curve) throw new Error("the server's public key is on no curve that this page knows");
    this.curve = curve;
    this.own = curve.utils.randomSecretKey();
    this.publicKey = base64(curve.getPublicKey(this.own, false).subarray(1));
  }

  async seal(text: string): Promise<string> {
    const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
    const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await this.agreed(this.serverKey), new TextEncoder().encode(text));
    return base64(new Uint8Array([...iv, ...new Uint8Array(sealed)]));
  }

  /** Under the key that the answer names: the server may have a newer one by now. */
  async open(envelope: string, serverKey: string): Promise<string> {
    const data = bytes(envelope);
    const iv = data.subarray(0, IV_BYTES);
    return new TextDecoder().decode(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, await this.agreed(serverKey), data.subarray(IV_BYTES)));
  }

  /** The X coordinate that both sides come to, used as it is. */
  private agreed(serverKey: string): Promise<CryptoKey> {
    const x = this.curve.getSharedSecret(this.own, pointOf(serverKey), true).slice(1);
    return crypto.subtle.importKey("raw", x, "AES-GCM", false, ["encrypt", "decrypt"]);
  }
}

/** Keys are base64 of X‖Y; libraries want the byte that says so in front. */
function pointOf(key: string): Uint8Array {
  return new Uint8Array([UNCOMPRESSED, ...bytes(key)]);
}

function base64(data: Uint8Array): string {
  return btoa(String.fromCharCode(...data));
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
