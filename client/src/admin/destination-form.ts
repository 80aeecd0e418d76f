/** Reads the form of a destination: returns the wish for the gateway, or the first mistake. */
import { trimEnd } from '#shared/trim-end.ts';
import {
  destinationWishSchema,
  mayCommit,
  type Destination,
  type DestinationKind,
  type DestinationWish,
} from '#shared/protocol/destination.ts';
import { formatDimseAddress, parseDimseAddress, type DimseAddress } from '#shared/protocol/dimse-address.ts';
import {
  destinationWords,
  withSlash,
  type AuthenticationKind,
  type DimseConnection,
  type FieldName,
} from './destination-words.ts';

export type Typed = Readonly<Record<FieldName, string>> & {
  readonly kind: DestinationKind;
  readonly signIn: AuthenticationKind;
  /** The connection of a DIMSE destination. */
  readonly connection: DimseConnection;
  /** Whether storage commitment is requested from the destination (DIMSE or DICOMweb). */
  readonly commits: boolean;
};

type ReadForm =
  | { readonly kind: 'wish'; readonly wish: DestinationWish }
  | { readonly kind: 'mistake'; readonly field: FieldName };

/** In the order of the form. */
const FIELDS: readonly FieldName[] = [
  'name',
  'url',
  ...(Object.keys(destinationWords.form.mistakes) as FieldName[]).filter((field) => field !== 'name'),
];
const isField = (name: unknown): name is FieldName => FIELDS.includes(name as FieldName);

/** The AE title by which a PACS usually knows the gateway. */
const CALLING_AE = 'RELAYPACS';

/** The initial values of the form, never including a secret. */
export function toTyped(destination: Destination | null): Typed {
  const none = Object.fromEntries(FIELDS.map((name) => [name, ''])) as Record<FieldName, string>;
  const empty = { ...none, callingAE: CALLING_AE, connection: 'plain', commits: false } as const;
  if (destination === null) return { ...empty, kind: 'dicomweb', signIn: 'basic' };
  const { kind, name, url, ca, certificate, authentication, commitment: commits = false } = destination;
  const own = kind === 'dimse' ? peerOf(url) : { url };
  const typed = { ...empty, kind, name, ...own, commits, ca: ca ?? '', certificate: certificate ?? '' };
  switch (authentication.kind) {
    case 'none':
    case 'bearer':
      return { ...typed, signIn: authentication.kind };
    case 'basic':
      return { ...typed, signIn: 'basic', username: authentication.username };
    case 'oauth': {
      const { tokenUrl, clientId, scope } = authentication;
      return { ...typed, signIn: 'oauth', tokenUrl, clientId, scope: scope ?? '' };
    }
    case 'header':
      // Only the environment can set this kind, and such a destination is not edited here.
      return { ...typed, signIn: 'none' };
    default:
      return authentication satisfies never;
  }
}

function peerOf(url: string): Partial<Typed> {
  const address = parseDimseAddress(url);
  if (address === null) return {};
  const { host, port, calledAE, callingAE, isTls } = address;
  return { host, port: String(port), calledAE, callingAE, connection: isTls ? 'tls' : 'plain' };
}

const toAddress = (typed: Typed): DimseAddress => ({
  isTls: typed.connection === 'tls',
  host: typed.host.trim(),
  port: /^\d+$/.test(typed.port.trim()) ? Number(typed.port) : 0,
  calledAE: typed.calledAE.trim(),
  callingAE: typed.callingAE.trim(),
});

const PEER_FIELDS = ['host', 'port', 'calledAE', 'callingAE'] as const;
const SOME_PEER: DimseAddress = { isTls: false, host: 'pacs', port: 104, calledAE: 'A', callingAE: 'B' };

/** The first field that makes the address invalid. */
function mistakeInPeer(typed: Typed): FieldName | null {
  const address = toAddress(typed);
  const isWrong = (field: (typeof PEER_FIELDS)[number]): boolean =>
    parseDimseAddress(formatDimseAddress({ ...SOME_PEER, [field]: address[field] })) === null;
  return PEER_FIELDS.find(isWrong) ?? null;
}

/**
 * The part of a folder's path below the root of folders. The person may have typed just that part, the whole path, or
 * an address.
 */
function toFolderPath(typed: string, folderRoot: string | null): string {
  const path = trimEnd(typed.trim().replace(/^(file|folder):(\/\/)?/, ''), '/');
  const root = folderRoot === null ? '' : withSlash(folderRoot);
  return path.startsWith(root) ? path.slice(root.length) : path;
}

/**
 * `before`: the saved values, whose secret an empty field keeps; null: a new destination. `taken`: the names of all
 * others. `folderRoot`: the folder in which destination folders may lie; null: folders are not allowed.
 */
export function readForm(
  filledIn: Typed,
  before: Typed | null,
  taken: readonly string[] = [],
  folderRoot: string | null = null,
): ReadForm {
  const url = filledIn.kind === 'folder' ? toFolderPath(filledIn.url, folderRoot) : filledIn.url;
  const given = { ...filledIn, url };
  const typed = withoutHidden(before === null ? filledUp(given, taken) : given);
  const missing = before === null || goesElsewhere(typed, before) ? secretOf(typed.signIn) : null;
  const wished = destinationWishSchema.safeParse({
    kind: typed.kind,
    name: typed.name.trim(),
    url: typed.kind === 'dimse' ? formatDimseAddress(toAddress(typed)) : typed.url.trim(),
    authentication: authenticationOf(typed),
    ca: typed.ca.trim() || null,
    certificate: typed.certificate.trim() || null,
    ...filled('key', typed.key.trim()),
    ...(mayCommit(typed.kind) && typed.commits ? { commitment: true } : {}),
  });
  if (!wished.success) {
    const names = wished.error.issues.flatMap(({ path }) => path.toReversed().filter(isField));
    const inPeer = typed.kind === 'dimse' && !names.includes('name') ? mistakeInPeer(typed) : null;
    if (inPeer !== null) return { kind: 'mistake', field: inPeer };
    return { kind: 'mistake', field: FIELDS.find((name) => names.includes(name)) ?? 'url' };
  }
  if (missing !== null && typed[missing] === '') return { kind: 'mistake', field: missing };
  const isOwnKey = typed.certificate.trim() === before?.certificate.trim();
  if (!isOwnKey && typed.certificate.trim() !== '' && typed.key.trim() === '')
    return { kind: 'mistake', field: 'key' };
  return { kind: 'wish', wish: wished.data };
}

/** Completes a new destination: it is named after its host, and uses no sign-in if there is no user name. */
function filledUp(typed: Typed, taken: readonly string[]): Typed {
  const { signIn, username, password } = typed;
  const asksNobody = signIn === 'basic' && username === '' && password === '';
  return {
    ...typed,
    name: typed.name.trim() || freeName(nameOf(typed), taken),
    signIn: asksNobody ? 'none' : signIn,
  };
}

/** The name; if another destination has it, the first free one of `name-2`, `name-3` … */
export function freeName(name: string, taken: readonly string[]): string {
  if (name === '' || !taken.includes(name)) return name;
  let nth = 2;
  while (taken.includes(`${name}-${nth}`)) nth += 1;
  return `${name}-${nth}`;
}

/**
 * The first part of the host's name, or a whole IP address; for a folder, the last part of its path. Empty: nothing
 * usable yet.
 */
function nameOf({ kind, url, host }: Typed): string {
  const web = URL.canParse(url.trim()) ? new URL(url.trim()).hostname : '';
  const place = kind === 'folder' ? (url.split('/').at(-1) ?? '') : kind === 'dimse' ? host : web;
  const named = /^[\d.]+$|:/.test(place) ? `pacs ${place}` : kind === 'folder' ? place : place.split('.')[0]!;
  return (named.toLowerCase().match(/[a-z0-9]+/g) ?? []).join('-');
}

/** Identifies the server that receives the secret, and the account there. */
const receiverOf = ({ url, signIn, username, tokenUrl, clientId }: Typed): string =>
  JSON.stringify([
    ...[originOf(url), signIn],
    ...(signIn === 'basic' ? [username] : signIn === 'oauth' ? [originOf(tokenUrl), clientId] : []),
  ]);

/**
 * Whether a saved secret would be sent to another server. The gateway does not keep the secret in that case
 * (check-wish.ts).
 */
function goesElsewhere(typed: Typed, before: Typed): boolean {
  const ca = typed.ca.trim();
  return receiverOf(typed) !== receiverOf(before) || (ca !== '' && ca !== before.ca.trim());
}

/**
 * Adds the secrets that the person typed on this page earlier, for the same server and account. The gateway needs them
 * again for another authority, and nobody should have to type them twice.
 */
export function withSecrets(
  typed: Typed,
  before: Typed | null,
  secrets: Partial<Pick<Typed, 'password' | 'token' | 'clientSecret'>>,
): Typed {
  const name = secretOf(typed.signIn);
  if (before === null || name === null || typed[name] !== '' || receiverOf(typed) !== receiverOf(before))
    return typed;
  return { ...typed, ...secrets };
}

/**
 * The destination with the same address, as DICOMweb or as an Orthanc. A different path, AE title or folder is a
 * different place.
 */
export function findTwin(typed: Typed, others: readonly Destination[]): Destination | null {
  const place = placeOf(typed);
  return (place !== null && others.find((other) => placeOf(toTyped(other)) === place)) || null;
}

/** Null: nothing usable is typed yet. */
function placeOf({ kind, url, host, port, calledAE }: Typed): string | null {
  const text = trimEnd(url.trim(), '/');
  if (kind === 'dimse') return JSON.stringify([host.trim().toLowerCase(), port.trim(), calledAE.trim()]);
  if (kind === 'folder') return text === '' ? null : `folder ${text}`;
  return URL.canParse(text) ? new URL(text).href : null;
}

const originOf = (url: string): string => (URL.canParse(url.trim()) ? new URL(url.trim()).origin : '');

/** Not every kind has passwords and certificates, so what was typed earlier for another kind is dropped. */
function withoutHidden(typed: Typed): Typed {
  const { kind } = typed;
  const signIn = hasSignIn(kind) ? typed.signIn : 'none';
  return hasCertificates(typed)
    ? { ...typed, signIn }
    : { ...typed, signIn, ca: '', certificate: '', key: '' };
}

export const hasSignIn = (kind: DestinationKind): boolean => kind === 'dicomweb' || kind === 'orthanc';

export const hasCertificates = ({ kind, connection }: Typed): boolean =>
  kind === 'dimse' ? connection === 'tls' : kind !== 'folder';

function authenticationOf(typed: Typed): object {
  const { signIn: kind } = typed;
  switch (kind) {
    case 'none':
      return { kind };
    case 'basic':
      return { kind, username: typed.username, ...filled('password', typed.password) };
    case 'bearer':
      return { kind, ...filled('token', typed.token.trim()) };
    case 'oauth': {
      const clientId = typed.clientId.trim();
      const tokenUrl = typed.tokenUrl.trim();
      const scope = typed.scope.trim() || null;
      return { kind, tokenUrl, clientId, scope, ...filled('clientSecret', typed.clientSecret) };
    }
    default:
      return kind satisfies never;
  }
}

/** An empty secret is left out, so that the gateway keeps the saved one. */
const filled = (name: string, value: string): object => (value === '' ? {} : { [name]: value });

function secretOf(kind: AuthenticationKind): FieldName | null {
  const SECRETS = { none: null, basic: 'password', bearer: 'token', oauth: 'clientSecret' } as const;
  return SECRETS[kind];
}

/** Whether data goes to another machine without TLS. Within this machine nobody can listen. */
export function isInTheClear({ kind, url, host, connection }: Typed): boolean {
  if (kind === 'dimse') return connection === 'plain' && host.trim() !== '' && !HERE.test(host.trim());
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !HERE.test(hostname);
}

const HERE = /^(localhost|127(\.\d+){3}|\[?::1\]?)$/;
