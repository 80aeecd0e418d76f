/** A device for tests: its key pair, and assertions that are true except for the test's changes. */
import { randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import type { TestGateway } from './open-gateway.ts';

export type TestDevice = {
  readonly publicKey: { kty: string; crv: string; x: string; y: string };
  /** The device's id once it is enrolled. */
  readonly id: string;
  /** With anybody's token; the status. */
  enrol(token: string, userAgent?: string): Promise<number>;
  /** A true assertion, with these claims changed; undefined leaves one out. `header` changes the header. */
  assertion(claims?: JWTPayload, header?: { alg?: string; typ?: string }): Promise<string>;
  exchange(assertion: string): Promise<Response>;
  /** A token of scope upload. Throws when there is none. */
  token(): Promise<string>;
};

export async function createTestDevice(gateway: TestGateway): Promise<TestDevice> {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const { kty = '', crv = '', x = '', y = '' } = await exportJWK(publicKey);
  let id = '';
  let audience = '';
  const device: TestDevice = {
    publicKey: { kty, crv, x, y },
    get id() {
      return id;
    },
    async enrol(token, userAgent) {
      const answer = await gateway.call('POST', '/auth/enrol', {
        token,
        ...(userAgent !== undefined && { headers: { 'user-agent': userAgent } }),
        body: { publicKey: device.publicKey },
      });
      type Enrolled = { readonly deviceId: string; readonly audience: string };
      if (answer.ok) ({ deviceId: id, audience } = (await answer.json()) as Enrolled);
      return answer.status;
    },
    assertion(claims = {}, header = {}) {
      const at = Math.floor(gateway.now().getTime() / 1000);
      const whose = { iss: id, sub: id, aud: audience, jti: randomUUID() };
      return new SignJWT({ ...whose, iat: at, exp: at + 60, ...claims })
        .setProtectedHeader({ alg: 'ES256', ...header })
        .sign(privateKey);
    },
    exchange: (assertion) => gateway.call('POST', '/auth/device-token', { body: { assertion } }),
    async token() {
      const answer = await device.exchange(await device.assertion());
      if (!answer.ok) throw new Error(await answer.text());
      return ((await answer.json()) as { accessToken: string }).accessToken;
    },
  };
  return device;
}
