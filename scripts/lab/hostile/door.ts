/** The doors of a gateway through which the recipes go: a session, a device's right to send, and none at all. */
import { randomUUID, webcrypto } from 'node:crypto';
import { request, type IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { PASSWORD } from '#testing/accounts.ts';

/** `token` null: a stranger. */
export type Door = { readonly who: string; readonly api: string; readonly token: string | null };
export type Answer = { readonly status: number; readonly code: string | null; readonly body: unknown };

/** A request of the slowest recipe on a busy machine. */
const WITHIN_MS = 300_000;

export type Asked = {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | Blob | undefined;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** A body in chunks, as they travel (RFC 9112 §7.1). */
  readonly frames?: Iterable<Uint8Array>;
};

type Heard = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly text: string };

/**
 * Asks through the door; `body` of the answer is parsed where it is JSON. A connection that was cut without an
 * answer has the status 0.
 */
export async function askAt(door: Door, path: string, asked: Asked = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, json } = asked;
  const body = json === undefined ? asked.body : Buffer.from(JSON.stringify(json));
  const bytes = body instanceof Blob ? new Uint8Array(await body.arrayBuffer()) : body;
  const heard = await exchange(
    new URL(`${door.api}${path}`),
    {
      method,
      headers: {
        ...(door.token === null ? {} : { authorization: `Bearer ${door.token}` }),
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
    },
    asked.frames ?? bytes,
  );
  if (heard === null) return { status: 0, code: null, body: null };
  const { status, text } = heard;
  const { location, 'content-type': type = '' } = heard.headers;
  const parsed: unknown = /json/.test(type) ? JSON.parse(text) : text;
  const { code } = (parsed ?? {}) as { code?: unknown };
  return {
    status,
    code: typeof code === 'string' ? code : null,
    body: location === undefined ? parsed : { location },
  };
}

/**
 * On a connection of its own. The gateway may answer before it has read the body, and then end the connection: that
 * answer counts (fetch would throw it away). `body` that is no bytes: frames.
 */
function exchange(
  url: URL,
  options: { readonly method: string; readonly headers: Readonly<Record<string, string>> },
  body: Uint8Array | Iterable<Uint8Array> | undefined,
): Promise<Heard | null> {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(WITHIN_MS);
    let isAnswered = false;
    const asked = request(url, { ...options, agent: false, signal }, (answer) => {
      isAnswered = true;
      const { statusCode: status = 0, headers } = answer;
      let text = '';
      // A stream of events ends with the gateway.
      if (/event-stream/.test(headers['content-type'] ?? '')) {
        resolve({ status, headers, text });
        answer.destroy();
      }
      answer.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      answer.on('error', () => undefined);
      answer.on('close', () => resolve(answer.complete ? { status, headers, text } : null));
    });
    asked.on('error', () => {
      if (!isAnswered) resolve(null);
    });
    if (body === undefined || body instanceof Uint8Array) return void asked.end(body);
    asked.setHeader('transfer-encoding', 'chunked');
    asked.flushHeaders();
    asked.once('socket', (socket) => {
      if (socket.connecting) socket.once('connect', () => Readable.from(body).pipe(socket, { end: false }));
      else Readable.from(body).pipe(socket, { end: false });
    });
  });
}

/** A door whose token is renewed before its ten minutes are over. */
export type KeptDoor = Door & { renew(): Promise<void> };

const RENEW_AFTER_MS = 240_000;

async function keepDoor(who: string, api: string, tokenOf: () => Promise<string>): Promise<KeptDoor> {
  let token = await tokenOf();
  let at = performance.now();
  return {
    who,
    api,
    get token() {
      return token;
    },
    async renew() {
      if (performance.now() - at < RENEW_AFTER_MS) return;
      token = await tokenOf();
      at = performance.now();
    },
  };
}

/** The door of somebody who signs in. */
export const openDoor = (who: string, api: string, username: string): Promise<KeptDoor> =>
  keepDoor(who, api, () => signIn(api, username));

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
export async function enrolDevice(account: Door): Promise<KeptDoor> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const pair = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const { kty, crv, x, y } = await webcrypto.subtle.exportKey('jwk', pair.publicKey);
  const enrolled = await askAt(account, '/auth/enrol', {
    method: 'POST',
    json: { publicKey: { kty, crv, x, y } },
  });
  const { deviceId, audience } = enrolled.body as { deviceId: string; audience: string };
  const { api } = account;
  return keepDoor('device', api, async () => {
    const at = Math.floor(Date.now() / 1000);
    const claims = { iss: deviceId, sub: deviceId, aud: audience, iat: at, exp: at + 60, jti: randomUUID() };
    const said = `${encoded({ alg: 'ES256' })}.${encoded(claims)}`;
    const signature = await webcrypto.subtle.sign(
      { name: 'ECDSA', hash: 'SHA-256' },
      pair.privateKey,
      Buffer.from(said),
    );
    const assertion = `${said}.${Buffer.from(signature).toString('base64url')}`;
    const door = { who: 'nobody', api, token: null };
    const answer = await askAt(door, '/auth/device-token', { method: 'POST', json: { assertion } });
    const { accessToken } = answer.body as { accessToken?: string };
    if (accessToken === undefined) throw new Error(`no device token: ${JSON.stringify(answer.body)}`);
    return accessToken;
  });
}
