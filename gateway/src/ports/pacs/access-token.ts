/**
 * Access tokens for a PACS behind OAuth 2 (RFC 6749 §4.4, client credentials). A token is fetched when the first
 * request needs it, and used until shortly before it expires or the PACS rejects it.
 */
import {
  allowInsecureRequests,
  clientCredentialsGrantRequest,
  ClientSecretBasic,
  customFetch,
  processClientCredentialsResponse,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from 'oauth4webapi';
import { gatherAll } from './multipart.ts';
import { BLOCKED } from '../../refuse-link-local.ts';
import type { Fetch } from './pacs-agent.ts';
import { MALFORMED_TOKEN, NO_TOKEN, PacsUnreachable } from './pacs.ts';
import type { TokenSource } from './pacs-http.ts';
import { unlessAborted } from './unless-aborted.ts';

export type ClientCredentials = {
  /** The token endpoint of the authorization server. */
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope: string | null;
};

/**
 * A new token is fetched this long before the last one expires, so that a request that takes a while is still in time.
 */
const EARLIER_MS = 30_000;
/** Assumed lifetime where the server does not state one. If it is shorter, a 401 shows that. */
const UNSAID_SECONDS = 300;

type Token = { readonly authorization: string; readonly until: number };
type Around = { readonly fetch: Fetch; readonly clock: () => number };

export function createTokenSource(credentials: ClientCredentials, around: Around): TokenSource {
  let held: Token | null = null;
  let asked: Promise<Token> | null = null;
  return {
    async authorization(signal) {
      if (held !== null && held.until > around.clock()) return held.authorization;
      // All requests that need a token share one request for it, and aborting one of them does not affect the others.
      asked ??= askForToken(credentials, around).finally(() => {
        asked = null;
      });
      held = await unlessAborted(asked, signal);
      return held.authorization;
    },
    forget() {
      held = null;
    },
  };
}

/** An authorization server that is silent for this long is considered away. */
const PATIENCE_MS = 20_000;

/** RFC 6750 §2.1: b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"=" */
const B64_TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;
/** No PACS accepts a longer header field: Apache 8 KiB, Node 16 KiB. */
const TOKEN_LIMIT = 16 * 1024;

/** The limit of an answer; tokens have some kilobytes. */
const ANSWER_LIMIT = 64 * 1024;

/** Reads the whole answer. Throws PacsUnreachable where it is too long to be an answer with a token. */
async function bounded({ status, headers, body }: Response): Promise<Response> {
  const bytes = body === null ? null : await gatherAll(body, ANSWER_LIMIT);
  if (body !== null && bytes === null)
    throw new PacsUnreachable('the authorization server answered with too much', status, NO_TOKEN);
  return new Response(bytes, { status, headers });
}

async function askForToken(credentials: ClientCredentials, around: Around): Promise<Token> {
  const { tokenUrl, clientId, clientSecret, scope } = credentials;
  const server = { issuer: tokenUrl, token_endpoint: tokenUrl };
  const client = { client_id: clientId };
  const options = {
    [customFetch]: async (...request: Parameters<Fetch>) => bounded(await around.fetch(...request)),
    // Addresses are checked when they are configured.
    [allowInsecureRequests]: true,
    signal: AbortSignal.timeout(PATIENCE_MS),
  };
  try {
    const parameters: Record<string, string> = scope === null ? {} : { scope };
    const asking = ClientSecretBasic(clientSecret);
    const response = await clientCredentialsGrantRequest(server, client, asking, parameters, options);
    const { access_token, expires_in } = await processClientCredentialsResponse(server, client, response);
    if (access_token.length > TOKEN_LIMIT || !B64_TOKEN.test(access_token))
      throw new PacsUnreachable('the access token is none of RFC 6750', null, MALFORMED_TOKEN);
    const heldMs = (expires_in ?? UNSAID_SECONDS) * 1000;
    return { authorization: `Bearer ${access_token}`, until: around.clock() + heldMs - EARLIER_MS };
  } catch (error) {
    if (error instanceof PacsUnreachable) throw error;
    const isSaid = error instanceof ResponseBodyError || error instanceof WWWAuthenticateChallengeError;
    const status = isSaid ? error.status : null;
    const isBlocked = ((error as Error).cause as { code?: unknown } | undefined)?.code === BLOCKED;
    const connection = isBlocked ? BLOCKED : NO_TOKEN;
    throw new PacsUnreachable('the authorization server gave no access token', status, connection, error);
  }
}
