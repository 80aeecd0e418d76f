/** The doors of a gateway through which the recipes go: a session, a device's right to send, and none at all. */
import { randomUUID, webcrypto } from 'node:crypto';
import { PASSWORD } from '#testing/accounts.ts';

/** `token` null: a stranger. */
export type Door = { readonly who: string; readonly api: string; readonly token: string | null };
export type Answer = { readonly status: number; readonly code: string | null; readonly body: unknown };

/** A request of the slowest recipe on a busy machine. */
const WITHIN_MS = 300_000;

type Body = Parameters<typeof fetch>[1] extends infer I ? NonNullable<I & RequestInit>['body'] : never;
export type Asked = {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Body;
  /** Sent as JSON. */
  readonly json?: unknown;
};

/** Asks through the door; `body` of the answer is parsed where it is JSON. A cut connection has the status 0. */
export async function askAt(door: Door, path: string, asked: Asked = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, json } = asked;
  const body = json === undefined ? asked.body : JSON.stringify(json);
  try {
    const answer = await fetch(`${door.api}${path}`, {
      method,
      signal: AbortSignal.timeout(WITHIN_MS),
      headers: {
        ...(door.token === null ? {} : { authorization: `Bearer ${door.token}` }),
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined || body === null ? {} : { body, duplex: 'half' as const }),
    });
    const text = await answer.text();
    const parsed: unknown = /json/.test(answer.headers.get('content-type') ?? '') ? JSON.parse(text) : text;
    const { code } = (parsed ?? {}) as { code?: unknown };
    const location = answer.headers.get('location');
    return {
      status: answer.status,
      code: typeof code === 'string' ? code : null,
      body: location === null ? parsed : { location },
    };
  } catch {
    // The gateway may end a connection that sends what nobody reads.
    return { status: 0, code: null, body: null };
  }
}

export async function signIn(api: string, username: string): Promise<string> {
  const door = { who: 'nobody', api, token: null };
  const { status, body } = await askAt(door, '/auth/login', {
    method: 'POST',
    json: { username, password: PASSWORD },
  });
  if (status !== 200) throw new Error(`${username} cannot sign in: ${JSON.stringify(body)}`);
  return (body as { accessToken: string }).accessToken;
}

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A device of this account, enrolled now, with a token of its own (RFC 7523). */
export async function enrolDevice(account: Door): Promise<Door> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const pair = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const { kty, crv, x, y } = await webcrypto.subtle.exportKey('jwk', pair.publicKey);
  const enrolled = await askAt(account, '/auth/enrol', {
    method: 'POST',
    json: { publicKey: { kty, crv, x, y } },
  });
  const { deviceId, audience } = enrolled.body as { deviceId: string; audience: string };
  const at = Math.floor(Date.now() / 1000);
  const claims = { iss: deviceId, sub: deviceId, aud: audience, iat: at, exp: at + 60, jti: randomUUID() };
  const said = `${encoded({ alg: 'ES256' })}.${encoded(claims)}`;
  const signature = await webcrypto.subtle.sign(
    { name: 'ECDSA', hash: 'SHA-256' },
    pair.privateKey,
    Buffer.from(said),
  );
  const assertion = `${said}.${Buffer.from(signature).toString('base64url')}`;
  const answer = await askAt({ ...account, token: null }, '/auth/device-token', {
    method: 'POST',
    json: { assertion },
  });
  const { accessToken } = answer.body as { accessToken?: string };
  if (accessToken === undefined) throw new Error(`no device token: ${JSON.stringify(answer.body)}`);
  return { who: 'device', api: account.api, token: accessToken };
}
