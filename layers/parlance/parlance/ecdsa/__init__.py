"""Keys and envelope of the 1Kosmos dialect.

HAZARD. The dialect calls this "ECDSA encryption", and the package keeps that name so that it can be found. It is a
misnomer: nothing is signed. An envelope is AES-256-GCM under the bare x coordinate of a Diffie-Hellman agreement
between a client's long-lived key and the server's. It is here because the dialect's clients speak it. Use it for
nothing new: TLS protects the way, and HPKE (RFC 9180) is what an envelope of today looks like.

What it protects: whoever has neither private key can neither read an envelope nor change one unnoticed.

What it does not:

- It says nothing about who sent it. The client's public key comes with the request and anybody can make one. What an
  envelope carries has to prove the caller: a license key, a token.
- It does not say which side sealed it. Both sides use the same key in both directions, so an envelope can be sent back
  to its maker.
- It is bound to nothing: not to a header, a route or a time. It can be moved and it can be replayed; only what is
  inside, such as a request id that is spent once, prevents that.
- A public key is no name for a client. One key has several spellings, and every key has a mirror image that agrees on
  the same shared keys. What is counted or spent per client goes by `PublicKey.x`, or a replay under the mirror image
  passes for another client.
- Nothing is forward secret. One leaked private key opens everything that was ever sealed with it, past and future, and
  rotation does not help the past.
- Every envelope of a pair of keys uses the same AES key with a random IV. One IV used twice gives away the difference
  of the two plaintexts and the means to forge. The clients' IVs are their own affair; some carry only 64 random bits.
- The length of the plaintext shows.
"""
