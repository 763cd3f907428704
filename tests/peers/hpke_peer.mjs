// SPDX-License-Identifier: GPL-3.0-or-later
//
// What tests/peers/hpke_tool.c does, on @hpke/core: the same requests, the same answers.
import { createInterface } from "node:readline";
import { webcrypto } from "node:crypto";

// Node 18 has it, but not as a global.
globalThis.crypto ??= webcrypto;
const { CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } = await import("@hpke/core");
const { Chacha20Poly1305 } = await import("@hpke/chacha20poly1305");

const ENC_LEN = 32;
const suite = new CipherSuite({
    kem: new DhkemX25519HkdfSha256(),
    kdf: new HkdfSha256(),
    aead: new Chacha20Poly1305(),
});

// The library wants an ArrayBuffer of exactly the bytes, not a view into Node's pool.
function bytes(hex) {
    return new Uint8Array(Buffer.from(hex === "-" ? "" : hex, "hex")).buffer;
}

function hex(...buffers) {
    const joined = Buffer.concat(buffers.map((buffer) => Buffer.from(buffer)));
    return joined.length === 0 ? "-" : joined.toString("hex");
}

async function keygen() {
    const pair = await suite.kem.generateKeyPair();
    const secret = await suite.kem.serializePrivateKey(pair.privateKey);
    const open = await suite.kem.serializePublicKey(pair.publicKey);
    return `${hex(secret)} ${hex(open)}`;
}

async function seal(key, info, aad, plain) {
    const recipientPublicKey = await suite.kem.importKey("raw", bytes(key), true);
    const sender = await suite.createSenderContext({ recipientPublicKey, info: bytes(info) });
    return hex(sender.enc, await sender.seal(bytes(plain), bytes(aad)));
}

async function open(key, info, aad, sealed) {
    const recipientKey = await suite.kem.importKey("raw", bytes(key), false);
    const all = bytes(sealed);
    const recipient = await suite.createRecipientContext({
        recipientKey,
        enc: all.slice(0, ENC_LEN),
        info: bytes(info),
    });
    return hex(await recipient.open(all.slice(ENC_LEN), bytes(aad)));
}

const verbs = { keygen, seal, open };

for await (const line of createInterface({ input: process.stdin })) {
    const [verb, ...operands] = line.split(" ");
    if (!(verb in verbs)) {
        console.error("hpke_peer: not a request");
        process.exit(2);
    }
    let answer;
    try {
        answer = await verbs[verb](...operands);
    } catch (error) {
        // Its errors for bytes that are not good; anything else is a fault of this script.
        if (!/^(OpenError|SealError|EncapError|DecapError|DeserializeError)$/.test(error.name)) {
            throw error;
        }
        answer = "refused";
    }
    console.log(answer);
}
