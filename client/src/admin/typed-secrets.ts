/**
 * Keeps the secrets that a person typed on this page until the page is left, because the gateway needs them again with
 * another certificate authority. They apply only to the connection as it was saved with them.
 */
import type { Destination, DestinationWish } from '#shared/protocol/destination.ts';
import type { Typed } from './destination-form.ts';

export type Secrets = Partial<Pick<Typed, 'password' | 'token' | 'clientSecret'>>;

export interface TypedSecrets {
  keep(saved: Pick<Destination, 'id' | 'version'>, wish: Pick<DestinationWish, 'authentication'>): void;
  /** Empty if no secret was typed here, or the connection has changed since. */
  of(destination: Pick<Destination, 'id' | 'version'>): Secrets;
}

export function createTypedSecrets(): TypedSecrets {
  const kept = new Map<string, { readonly version: number; readonly secrets: Secrets }>();
  return {
    keep({ id, version }, { authentication }) {
      const { kind, ...typed } = authentication;
      const secrets = Object.entries(typed).filter(([name]) => SECRETS.includes(name));
      kept.set(id, { version, secrets: kind === 'none' ? {} : Object.fromEntries(secrets) });
    },
    of({ id, version }) {
      const last = kept.get(id);
      return last?.version === version ? last.secrets : {};
    },
  };
}

const SECRETS: readonly string[] = ['password', 'token', 'clientSecret'] satisfies (keyof Secrets)[];
