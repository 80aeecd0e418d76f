import { randomUUID } from 'node:crypto';
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openKeys, type SigningKey } from '../keys.ts';
import { ACCESS_TOKEN_SECONDS, createAccessTokens } from './access-token.ts';

const test = suite('access tokens');
const ISSUER = 'http://localhost:3000';
const SUBJECT = { accountId: 'a', epoch: 3, deviceId: null };
const MINUTE_MS = 60_000;

/** A gateway's tokens on a folder of keys, with a clock that the test moves. */
async function withKeys(work: (around: ReturnType<typeof open>) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'relaypacs-tokens-'));
  try {
    await work(open(folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function open(folder: string) {
  let moved = 0;
  const now = () => new Date(Date.now() + moved);
  const tokensOf = (keys: ReturnType<typeof openKeys>, signingKey = () => keys.tokens) =>
    createAccessTokens({ signingKey, keyOf: keys.tokenKey, issuer: ISSUER, now, newId: randomUUID });
  return {
    now,
    wait(ms: number): void {
      moved += ms;
    },
    /** A gateway that starts now. */
    start: () => openKeys(folder),
    tokensOf,
    retire: () => renameSync(join(folder, 'tokens.pem'), join(folder, 'tokens.2026-11.pem')),
  };
}

test('a retired key counts as long as what it signed may live, and signs nothing afterwards', () =>
  withKeys(async ({ start, tokensOf, retire, wait }) => {
    const before = start();
    const leaked: SigningKey = before.tokens;
    const signed = await tokensOf(before).sign(SUBJECT);
    retire();
    const after = tokensOf(start());
    assert.ok(await after.read(signed), 'nobody is signed out by a new key');
    wait(ACCESS_TOKEN_SECONDS * 1000 + MINUTE_MS);
    const forged = await tokensOf(before, () => leaked).sign(SUBJECT);
    assert.is(await after.read(forged), null);
    assert.ok(await after.read(await after.sign(SUBJECT)));
  }));

test('a gateway that was not started again signs with the new key, too, once there is one', () =>
  withKeys(async ({ start, tokensOf, retire, wait }) => {
    const keys = start();
    const running = tokensOf(keys);
    retire();
    assert.ok(await running.read(await running.sign(SUBJECT)), 'there is no other yet');
    const other = tokensOf(start());
    wait(ACCESS_TOKEN_SECONDS * 1000 + MINUTE_MS);
    assert.ok(await other.read(await running.sign(SUBJECT)));
  }));

test('a token that lives longer than ours do, or begins later, was not signed for anybody', () =>
  withKeys(async ({ start, tokensOf, now }) => {
    const keys = start();
    const at = Math.floor(now().getTime() / 1000);
    const sign = (iat: number, exp: number) =>
      new SignJWT({ epoch: 3 })
        .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: keys.tokens.kid })
        .setIssuer(ISSUER)
        .setAudience(ISSUER)
        .setSubject('a')
        .setJti('j')
        .setIssuedAt(iat)
        .setExpirationTime(exp)
        .sign(keys.tokens.privateKey);
    const tokens = tokensOf(keys);
    const year = 365 * 86_400;
    assert.ok(await tokens.read(await sign(at, at + ACCESS_TOKEN_SECONDS)));
    assert.is(await tokens.read(await sign(at, at + 10 * year)), null);
    assert.is(await tokens.read(await sign(at + 10 * year, at + 10 * year + 60)), null);
  }));

test.run();
