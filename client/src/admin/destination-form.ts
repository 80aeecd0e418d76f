/** Reads the form of a destination: the wish for the gateway, or the first mistake. */
import {
  destinationWishSchema,
  type Destination,
  type DestinationKind,
  type DestinationWish,
} from '#shared/protocol/destination.ts';
import { destinationWords, type AuthenticationKind, type FieldName } from './destination-words.ts';

export type Typed = Readonly<Record<FieldName, string>> & {
  readonly kind: DestinationKind;
  readonly signIn: AuthenticationKind;
};

export type ReadForm =
  | { readonly kind: 'wish'; readonly wish: DestinationWish }
  | { readonly kind: 'mistake'; readonly field: FieldName };

/** In the order of the form. */
const FIELDS: readonly FieldName[] = [
  'name',
  'url',
  ...(Object.keys(destinationWords.form.mistakes) as FieldName[]).filter((field) => field !== 'name'),
];
const isField = (name: unknown): name is FieldName => FIELDS.includes(name as FieldName);

/** The form before anybody typed; a secret is never in it. */
export function toTyped(destination: Destination | null): Typed {
  const empty = Object.fromEntries(FIELDS.map((name) => [name, ''])) as Record<FieldName, string>;
  if (destination === null) return { ...empty, kind: 'dicomweb', signIn: 'none' };
  const { kind, name, url, ca, certificate, authentication } = destination;
  const typed = { ...empty, kind, name, url, ca: ca ?? '', certificate: certificate ?? '' };
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
      // Only the environment sets it, and that one is not changed here.
      return { ...typed, signIn: 'none' };
    default:
      return authentication satisfies never;
  }
}

/** `isNew`: there is no saved secret that an empty field could keep. */
export function readForm(filledIn: Typed, isNew: boolean): ReadForm {
  const typed = withoutHidden(filledIn);
  const missing = isNew ? secretOf(typed.signIn) : null;
  const wished = destinationWishSchema.safeParse({
    kind: typed.kind,
    name: typed.name.trim(),
    url: typed.url.trim(),
    authentication: authenticationOf(typed),
    ca: typed.ca.trim() || null,
    certificate: typed.certificate.trim() || null,
    ...filled('key', typed.key.trim()),
  });
  if (!wished.success) {
    const names = wished.error.issues.flatMap(({ path }) => path.toReversed().filter(isField));
    return { kind: 'mistake', field: FIELDS.find((name) => names.includes(name)) ?? 'url' };
  }
  if (missing !== null && typed[missing] === '') return { kind: 'mistake', field: missing };
  if (isNew && typed.certificate.trim() !== '' && typed.key.trim() === '')
    return { kind: 'mistake', field: 'key' };
  return { kind: 'wish', wish: wished.data };
}

/** A folder has neither passwords nor certificates: what was typed before for another kind is not asked for. */
function withoutHidden(typed: Typed): Typed {
  return typed.kind === 'folder' ? { ...typed, signIn: 'none', ca: '', certificate: '', key: '' } : typed;
}

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

/** An empty secret is left out: the gateway keeps the one that it has. */
const filled = (name: string, value: string): object => (value === '' ? {} : { [name]: value });

function secretOf(kind: AuthenticationKind): FieldName | null {
  const SECRETS = { none: null, basic: 'password', bearer: 'token', oauth: 'clientSecret' } as const;
  return SECRETS[kind];
}

/** Over http to another machine; on this one nobody listens. */
export function isInTheClear(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}
