/**
 * A connection to a PACS as data, and what the adapters need from it: how the PACS is reached, and how the gateway
 * authenticates. Nothing is requested here: a token, a proxy and certificates are used from the first request on.
 */
import type { BlockList } from 'node:net';
import { createTokenSource, type ClientCredentials } from './access-token.ts';
import { createPacsAgent, fetchBy, type PacsProxy, type PacsTls } from './pacs-agent.ts';
import type { PacsSettings } from './pacs-http.ts';

export type PacsAuthentication =
  | { readonly kind: 'none' }
  /** The whole value of an Authorization header field, as given in PACS_AUTHORIZATION. */
  | { readonly kind: 'header'; readonly authorization: string }
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | { readonly kind: 'bearer'; readonly token: string }
  | ({ readonly kind: 'oauth' } & ClientCredentials);

type WebConnection = {
  /** `dicomweb`: an Orthanc is recognised by its first answer. */
  readonly kind: 'dicomweb' | 'orthanc';
  /** The DICOMweb root, with or without a slash at the end. */
  readonly url: string;
  readonly authentication: PacsAuthentication;
  readonly tls: PacsTls;
  /** Whether the PACS is asked for storage commitment. */
  readonly commitment?: boolean;
};

type DimseConnection = {
  readonly kind: 'dimse';
  /** The address in the form that parseDimseAddress reads. */
  readonly url: string;
  readonly tls: PacsTls;
  /** Whether the PACS is asked for storage commitment. */
  readonly commitment: boolean;
};

/** `folder`: its path beneath the root of folders. */
export type PacsConnection =
  | WebConnection
  | DimseConnection
  | { readonly kind: 'folder'; readonly folder: string };

/** `blocked`: addresses to which no connection is made; by default the link-local ones. */
export type WebAround = {
  readonly proxy: PacsProxy | null;
  readonly clock: () => number;
  readonly blocked?: BlockList | undefined;
};

export function connectionSettings(
  { url, authentication, tls, commitment }: Omit<WebConnection, 'kind'>,
  around: WebAround,
): PacsSettings {
  const agent = createPacsAgent(tls, around.proxy, around.blocked);
  const authorization = headerOf(authentication);
  const settings = { url, authorization, agent, commitment };
  if (authentication.kind !== 'oauth') return settings;
  const tokens = createTokenSource(authentication, { fetch: fetchBy(agent), clock: around.clock });
  return { ...settings, tokens };
}

/** The present value of the header field; a token is fetched if needed. Throws PacsUnreachable. */
export async function authorizationNow(
  connection: Omit<WebConnection, 'kind'>,
  around: WebAround,
  signal: AbortSignal,
): Promise<string | null> {
  const { authorization, tokens } = connectionSettings(connection, around);
  return tokens === undefined ? authorization : tokens.authorization(signal);
}

/** RFC 7617 in UTF-8; RFC 6750. Null: none, or a token that is fetched later. */
function headerOf(by: PacsAuthentication): string | null {
  switch (by.kind) {
    case 'none':
    case 'oauth':
      return null;
    case 'header':
      return by.authorization;
    case 'basic':
      return `Basic ${Buffer.from(`${by.username}:${by.password}`).toString('base64')}`;
    case 'bearer':
      return `Bearer ${by.token}`;
    default:
      return by satisfies never;
  }
}
