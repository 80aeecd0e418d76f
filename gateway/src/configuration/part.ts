/** A part of the configuration: one kind of setting, over the stores that its own routes use. */
import type { ConfigurationPart, SecretReference } from '#shared/protocol/configuration.ts';
import type { Db, Trx } from '../database/database.ts';

/** Where and by whom it is set. */
export type At = {
  readonly trx: Trx;
  readonly siteId: string;
  readonly by: string;
  readonly now: Date;
  /** Null: there is no such variable or file. */
  readonly secretOf: (reference: SecretReference) => string | null;
  /** The origin to which its owner lets the secret go; null: none is named. */
  readonly receiverOf: (reference: SecretReference) => string | null;
};

export type Part<E extends object> = {
  readonly name: ConfigurationPart;
  /** The document has one, not a list. */
  readonly isOne?: true;
  nameOf(entry: E): string;
  /** What is wrong with all of them together. */
  wrong?(entries: readonly E[]): readonly string[];
  /** What the gateway has. */
  read(db: Db, siteId: string): Promise<readonly E[]>;
  /** Whether something differs that `read` cannot show. */
  differs?(at: At, entry: E, before: E): Promise<boolean>;
  /** `before` null: there is none of this name. @throws Problem. */
  put(at: At, entry: E, before: E | null): Promise<void>;
  /** One that is always there: it stays where a document leaves it out. */
  stays?(entry: E): boolean;
  /** Without it, what a document leaves out stays. @throws Problem. */
  remove?(at: At, before: E): Promise<void>;
};
