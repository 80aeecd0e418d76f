/**
 * A connection to a PACS as data, and what the adapters need of it: how it is reached, and how the gateway says
 * who it is. Nothing is asked here: a token, a proxy and certificates come with the first request.
 */
import type { BlockList } from 'node:net';
import { createTokenSource, type ClientCredentials } from './access-token.ts';
import { createPacsAgent, fetchBy, type PacsProxy, type PacsTls } from './pacs-agent.ts';
import type { PacsSettings } from './pacs-http.ts';

export type PacsAuthentication =
  | { readonly kind: 'none' }
  /** A whole Authorization header field, as PACS_AUTHORIZATION gives it. */
  | { readonly kind: 'header'; readonly authorization: string }
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | { readonly kind: 'bearer'; readonly token: string }
  | ({ readonly kind: 'oauth' } & ClientCredentials);

type WebConnection = {
  /** `dicomweb`: an Orthanc is recognised when it first answers. */
  readonly kind: 'dicomweb' | 'orthanc';
  /** The DICOMweb root, with or without a slash at the end. */
  readonly url: string;
  readonly authentication: PacsAuthentication;
  readonly tls: PacsTls;
  /** The PACS is asked for storage commitment. */
  readonly commitment?: boolean;
};

type DimseConnection = {
  readonly kind: 'dimse';
  /** The address that parseDimseAddress reads. */
  readonly url: string;
  readonly tls: PacsTls;
  /** The PACS is asked for storage commitment. */
  readonly commitment: boolean;
};

/** `folder`: its path beneath the root of folders. */
export type PacsConnection =
  | WebConnection
  | DimseConnection
  | { readonly kind: 'folder'; readonly folder: string };

/** `blocked`: addresses that are not connected to; link-local ones without it. */
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

/** The header field that a request has now; a token is asked for. Throws PacsUnreachable. */
export async function authorizationNow(
  connection: Omit<WebConnection, 'kind'>,
  around: WebAround,
  signal: AbortSignal,
): Promise<string | null> {
  const { authorization, tokens } = connectionSettings(connection, around);
  return tokens === undefined ? authorization : tokens.authorization(signal);
}

/** RFC 7617 in UTF-8; RFC 6750. Null: none, or one that is asked for. */
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
