/**
 * Holds one connection for each destination. It is opened when it is first needed, and again after a change. Several
 * gateways share the database, so each use compares the version with the database.
 */
import type { DestinationSettings } from '#shared/protocol/destination.ts';
import type { Db } from '../database/database.ts';
import type { PlacedStudy } from '../database/tables.ts';
import type { PacsAuthentication, PacsConnection } from '../ports/pacs/connection.ts';
import { NO_DESTINATION, PacsUnreachable, type Pacs, SECRETS_UNREADABLE } from '../ports/pacs/pacs.ts';
import { destinationOfStudy, primaryDestination, type DestinationRow } from './destination.store.ts';
import type { Secrets, SecretSeal } from './seal-secrets.ts';

export type Destinations = {
  /** The destination of the study. Throws PacsUnreachable. */
  ofStudy(study: PlacedStudy): Promise<Pacs>;
  /** The destination of new studies. Throws PacsUnreachable. */
  primary(siteId: string): Promise<Pacs>;
  /** Throws PacsUnreachable. */
  of(row: DestinationRow): Pacs;
};

type Tools = {
  readonly db: Db;
  readonly seal: SecretSeal;
  readonly open: (connection: PacsConnection) => Pacs;
};

export function openDestinations({ db, seal, open }: Tools): Destinations {
  const opened = new Map<string, { readonly version: number; readonly pacs: Pacs }>();
  const of = (row: DestinationRow): Pacs => {
    const known = opened.get(row.id);
    if (known?.version === row.version) return known.pacs;
    const pacs = open(connectionOf(row, seal));
    opened.set(row.id, { version: row.version, pacs });
    return pacs;
  };
  const found = (row: DestinationRow | undefined): Pacs => {
    if (row === undefined) throw new PacsUnreachable('there is no destination', null, NO_DESTINATION);
    return of(row);
  };
  return {
    of,
    ofStudy: async (study) => found(await destinationOfStudy(db, study)),
    primary: async (siteId) => found(await primaryDestination(db, siteId)),
  };
}

/** Throws PacsUnreachable where the destination's secrets were sealed under another key. */
export function connectionOf(
  { id, kind, url, settings, sealed }: DestinationRow,
  seal: SecretSeal,
): PacsConnection {
  if (kind === 'folder') return { kind, folder: url };
  const secrets = sealed === null ? {} : seal.open(id, sealed);
  if (secrets === null)
    throw new PacsUnreachable('the secrets of the destination cannot be read', null, SECRETS_UNREADABLE);
  const { ca, certificate, authentication } = settings;
  const own = certificate === null ? null : { cert: certificate, key: secrets.key ?? '' };
  const tls = { ca, own };
  const { commitment = false } = settings;
  if (kind === 'dimse') return { kind, url, tls, commitment };
  return { kind, url, authentication: toAuthentication(authentication, secrets), tls, commitment };
}

/** No destination is stored without the secret that it needs (check-wish.ts), so the defaults are never used. */
function toAuthentication(
  said: DestinationSettings['authentication'],
  { authorization = '', password = '', token = '', clientSecret = '' }: Secrets,
): PacsAuthentication {
  switch (said.kind) {
    case 'none':
      return said;
    case 'header':
      return { ...said, authorization };
    case 'basic':
      return { ...said, password };
    case 'bearer':
      return { ...said, token };
    case 'oauth':
      return { ...said, clientSecret };
    default:
      return said satisfies never;
  }
}
