// SPDX-License-Identifier: EUPL-1.2
// Verifies a challenge or an assertion with npm's jose, which shares no code with ours:
//
//	node check.mjs challenge FILE.jws BROKER-PUBLIC.pem
//	node check.mjs assertion FILE.jws [CHALLENGE.jws]
//
// Prints header and payload as one JSON object; exit status 1 and a line when refused.
// Paths and policies are not its business: the certificate is taken from x5c as it is.
import { createHash, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { calculateJwkThumbprint, compactVerify, decodeProtectedHeader, exportJWK,
	importSPKI, importX509 } from "jose";

const ALGORITHMS = ["RS256", "PS256", "ES256", "ES384"];

function need(truth, what) {
	if (!truth)
		throw new Error(what);
}

function read(path) {
	return readFileSync(path, "utf8").trim();
}

async function verify(jws, key, typ, algorithms) {
	const { payload, protectedHeader } = await compactVerify(jws, key, { algorithms });
	const text = new TextDecoder("utf-8", { fatal: true }).decode(payload);

	need(protectedHeader.typ === typ, `typ is ${protectedHeader.typ}`);
	return { header: protectedHeader, payload: JSON.parse(text) };
}

async function challenge(jws, pem) {
	const key = await importSPKI(read(pem), "ES256", { extractable: true });
	const token = await verify(jws, key, "dezi-challenge+jwt", ["ES256"]);

	need(token.header.kid === await calculateJwkThumbprint(await exportJWK(key)),
	    "kid is not the thumbprint of the key");
	return token;
}

async function assertion(jws, challengeFile) {
	const header = decodeProtectedHeader(jws);
	need(ALGORITHMS.includes(header.alg), `alg is ${header.alg}`);
	need(Array.isArray(header.x5c), "no x5c");
	const leaf = new X509Certificate(Buffer.from(header.x5c[0], "base64"));
	const key = await importX509(leaf.toString(), header.alg);
	const token = await verify(jws, key, "dezi-assertion+jwt", ALGORITHMS);

	if (challengeFile !== undefined) {
		const hash = createHash("sha256").update(read(challengeFile)).digest("base64url");
		need(token.payload.challenge_sha256 === hash, "of another challenge");
	}
	return token;
}

const KINDS = { challenge, assertion };

async function main([kind, file, more]) {
	if (!Object.hasOwn(KINDS, kind ?? "") || file === undefined ||
	    (kind === "challenge" && more === undefined)) {
		console.error("use: check.mjs challenge FILE PUBLIC-KEY | assertion FILE [CHALLENGE]");
		return 2;
	}
	try {
		console.log(JSON.stringify(await KINDS[kind](read(file), more)));
		return 0;
	} catch (error) {
		console.error(`${file}: ${error.message}`);
		return 1;
	}
}

process.exitCode = await main(process.argv.slice(2));
