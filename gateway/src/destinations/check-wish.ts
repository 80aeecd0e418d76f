/**
 * Splits a destination as an administrator wants it into what may be shown and what is secret. A secret that is left
 * out is kept, unless it could then go to another server: changing the address, or the certificate authority, must not
 * reveal a password.
 */
import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { DestinationSettings, DestinationWish } from '#shared/protocol/destination.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { trimEnd } from '#shared/trim-end.ts';
import type { DestinationRow } from './destination.store.ts';
import type { Secrets, SecretSeal } from './seal-secrets.ts';

type CheckedWish = Pick<DestinationRow, 'kind' | 'name' | 'url' | 'settings' | 'sealed'>;

/**
 * `before`: the destination before the change; null: a new one. @throws Problem invalid-request,
 * destination-secret-missing.
 */
export function checkWish(
  wish: DestinationWish,
  of: { readonly id: string; readonly before: DestinationRow | null },
  seal: SecretSeal,
): CheckedWish {
  const url = trimEnd(wish.url, '/');
  const { settings, secrets } = splitWish(wish);
  const kept = of.before === null ? {} : keptSecrets({ url, settings }, of.before, seal);
  const all = { ...kept, ...secrets };
  const needed = neededSecrets(settings);
  if (needed.some((name) => all[name] === undefined)) throw new Problem('destination-secret-missing');
  checkCertificates(settings, all.key);
  const held = Object.fromEntries(needed.map((name) => [name, all[name]])) as Secrets;
  const sealed = needed.length === 0 ? null : seal.seal(of.id, held);
  return { kind: wish.kind, name: wish.name, url, settings, sealed };
}

function splitWish(wish: DestinationWish): {
  readonly settings: DestinationSettings;
  readonly secrets: Secrets;
} {
  const { kind: _, name: _name, url: _url, version: _version, authentication, key, ...rest } = wish;
  const own = key === undefined ? {} : { key };
  switch (authentication.kind) {
    case 'none':
      return { settings: { ...rest, authentication }, secrets: own };
    case 'basic': {
      const { password, ...shown } = authentication;
      return { settings: { ...rest, authentication: shown }, secrets: { ...own, ...given({ password }) } };
    }
    case 'bearer': {
      const { token, ...shown } = authentication;
      return { settings: { ...rest, authentication: shown }, secrets: { ...own, ...given({ token }) } };
    }
    case 'oauth': {
      const { clientSecret, ...shown } = authentication;
      return {
        settings: { ...rest, authentication: shown },
        secrets: { ...own, ...given({ clientSecret }) },
      };
    }
    default:
      return authentication satisfies never;
  }
}

const given = (secrets: { readonly [name in keyof Secrets]: Secrets[name] }): Secrets =>
  Object.fromEntries(Object.entries(secrets).filter(([, value]) => value !== undefined));

function neededSecrets({ authentication, certificate }: DestinationSettings): readonly (keyof Secrets)[] {
  const NEEDED = {
    none: [],
    basic: ['password'],
    bearer: ['token'],
    oauth: ['clientSecret'],
    header: ['authorization'],
  } as const;
  return [...NEEDED[authentication.kind], ...(certificate === null ? [] : (['key'] as const))];
}

/**
 * Keeps the stored secrets if they would still go to the same server, under the same name and vouched for by the same
 * authority.
 */
function keptSecrets(
  wanted: Pick<DestinationRow, 'url' | 'settings'>,
  before: DestinationRow,
  seal: SecretSeal,
): Secrets {
  const { key, ...shown } = (before.sealed && seal.open(before.id, before.sealed)) ?? {};
  const isSame =
    originOf(wanted.url) === originOf(before.url) &&
    JSON.stringify(receiverOf(wanted.settings)) === JSON.stringify(receiverOf(before.settings)) &&
    vouchesForNobodyElse(wanted.settings, before.settings);
  // The private key belongs to its certificate, and never leaves the gateway.
  const isOwn = wanted.settings.certificate === before.settings.certificate;
  return { ...(isSame ? shown : {}), ...(isOwn && key !== undefined ? { key } : {}) };
}

/** Null: a folder, which gets no secret. */
const originOf = (url: string): string | null => (URL.canParse(url) ? new URL(url).origin : null);

/** What identifies the receiver of a secret, besides the address. */
function receiverOf({ authentication }: DestinationSettings): readonly string[] {
  switch (authentication.kind) {
    case 'none':
    case 'bearer':
    case 'header':
      return [authentication.kind];
    case 'basic':
      return [authentication.kind, authentication.username];
    case 'oauth':
      return [authentication.kind, new URL(authentication.tokenUrl).origin, authentication.clientId];
    default:
      return authentication satisfies never;
  }
}

/**
 * A new certificate authority vouches for servers that were not trusted before, and one of them may use the same host
 * name. Removing the authority is harmless, as only the public authorities are then trusted.
 */
const vouchesForNobodyElse = (wanted: DestinationSettings, before: DestinationSettings): boolean =>
  wanted.ca === null || wanted.ca.trim() === before.ca?.trim();

/** Checks the certificates now, rather than when the first study is sent. @throws Problem invalid-request. */
function checkCertificates({ ca, certificate }: DestinationSettings, key: string | undefined): void {
  if (ca !== null && !isCertificate(ca)) throw new Problem('invalid-request', 'Invalid: ca.');
  if (certificate === null) return;
  try {
    createSecureContext({ cert: certificate, key });
  } catch {
    throw new Problem('invalid-request', 'Invalid: certificate, or the key does not belong to it.');
  }
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
