import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DAY_MS } from '#shared/day.ts';
import { STICK_DAYS, STICK_GRANT_TYPE, stickAudience } from '#shared/protocol/stick-grant.ts';
import { checkGrant, deviceNamedIn } from './check-grant.ts';
import { CLOCK_TOLERANCE_SECONDS } from './device-assertion.ts';

const NOW = new Date('2026-11-01T12:00:00Z');
const DEVICE = '7d2f1c1e-52a5-4c55-9f0a-3d2f7b1a9c10';
const SIGNED = { ticketId: 'ticket', keyId: 'key', digest: 'd'.repeat(64) };

const own = await generateKeyPair('ES256');
const { x = '', y = '' } = await exportJWK(own.publicKey);
const DEVICE_KEY = { id: DEVICE, publicKey: { kty: 'EC', crv: 'P-256', x, y } } as const;

type Changes = { readonly claims?: Record<string, unknown>; readonly typ?: string; readonly key?: CryptoKey };

/** The device's signature under the ticket, with these changes. */
function sign({ claims = {}, typ = STICK_GRANT_TYPE, key = own.privateKey }: Changes = {}): Promise<string> {
  const { ticketId: jti, keyId, digest } = SIGNED;
  const iat = NOW.getTime() / 1000;
  return new SignJWT({ iss: DEVICE, aud: stickAudience(keyId), iat, jti, digest, ...claims })
    .setProtectedHeader({ alg: 'ES256', typ })
    .sign(key);
}

const check = async (changes?: Changes, now = NOW) =>
  checkGrant(await sign(changes), DEVICE_KEY, SIGNED, now);

test('a promise that the device signed counts from its time, for thirty days', async () => {
  const last = new Date(NOW.getTime() + STICK_DAYS * DAY_MS);
  for (const now of [NOW, last]) assert.equal(await check({}, now), { signedAt: NOW });
  const beyond = (CLOCK_TOLERANCE_SECONDS + 1) * 1000;
  assert.is(await check({}, new Date(last.getTime() + beyond)), 'expired');
  assert.is(await check({}, new Date(NOW.getTime() - beyond)), 'ahead');
});

test('it counts for this ticket, this promise, this gateway and this device alone', async () => {
  const stranger = await generateKeyPair('ES256');
  const forged: Record<string, Changes> = {
    'of another ticket': { claims: { jti: 'other' } },
    'of another promise': { claims: { digest: 'e'.repeat(64) } },
    'of no promise': { claims: { digest: undefined } },
    'for another gateway': { claims: { aud: stickAudience('other') } },
    'in the name of another device': { claims: { iss: '00000000-0000-4000-8000-000000000000' } },
    'another kind of token': { typ: 'JWT' },
    'with another key': { key: stranger.privateKey },
    'without a time': { claims: { iat: undefined } },
  };
  for (const [said, changes] of Object.entries(forged)) assert.is(await check(changes), 'forged', said);
  assert.is(await checkGrant('nonsense', DEVICE_KEY, SIGNED, NOW), 'forged');
});

test('the device that it names is read before anything is believed', async () => {
  assert.is(deviceNamedIn(await sign()), DEVICE);
  assert.is(deviceNamedIn(await sign({ claims: { iss: 'me' } })), null);
  assert.is(deviceNamedIn('nonsense'), null);
});

test.run();
