/** A body of an attack: how it is named, and how it is made for a place and a size. */
import type { Schema } from './operations.ts';

export type Body = {
  readonly bytes: Buffer;
  /** The whole content type, with its boundary where it has one. */
  readonly type: string;
  readonly coding?: 'gzip';
};

/** The place that a body is made for. */
export type Place = {
  readonly type: string;
  readonly schema: Schema;
  readonly resolve: (schema: Schema) => Schema;
  readonly words: readonly (readonly string[])[];
  /** Schemas of the contract's objects, by their names: a field of a form may hold one as a text. */
  readonly objects: ReadonlyMap<string, Schema>;
  readonly seed: number;
};

/** A place that no contract describes. */
export const placeFor = (type: string, seed: number): Place => ({
  ...{ type, seed, schema: {}, words: [], objects: new Map() },
  resolve: (schema) => schema,
});

export type Kind = {
  readonly name: string;
  /** Nobody may take it for what its type says, whatever the schema. */
  readonly isBroken?: boolean;
  /** The kind of its type that does no harm but by its size: it finds the limit. */
  readonly isPlain?: boolean;
  /** A file, whatever the type says: many of them at the limit would take all the time there is. */
  readonly isFile?: boolean;
  /** Worst where it has as many of something as may be: it is always made as large as a body may be. */
  readonly isAtLimit?: boolean;
  readonly make: (bytes: number, place: Place) => Body;
};

export const atLimit = (kind: Kind): Kind => ({ ...kind, isAtLimit: true });
export const plain = (kind: Kind): Kind => ({ ...kind, isPlain: true });

/** Text of the type that the place names. */
export const textKind = (
  name: string,
  make: (bytes: number, place: Place) => string,
  isBroken = false,
): Kind => ({
  name,
  isBroken,
  make: (bytes, place) => ({ bytes: Buffer.from(make(bytes, place)), type: place.type }),
});

/** `head`, as many `unit`s as fit or the beginning of one, `tail`. */
export function repeatTo(bytes: number, unit: string, head = '', tail = ''): string {
  const room = Math.max(0, bytes - Buffer.byteLength(head + tail));
  const units = room < unit.length ? unit.slice(0, room) : unit.repeat(Math.floor(room / unit.length));
  return head + units + tail;
}

/** The text of `repeatTo`, with `most` units at most. */
export const mostTo = (bytes: number, { most, unit }: Repeated, head = '', tail = ''): string =>
  repeatTo(
    Math.min(bytes, Buffer.byteLength(head + tail) + Math.floor(most) * unit.length),
    unit,
    head,
    tail,
  );
type Repeated = { readonly most: number; readonly unit: string };

/** `head`, `most` units, each with its share of the bytes, or as many as have room for `least` bytes each, `tail`. */
export function shareTo(bytes: number, { most, least, unit }: Shares, head = '', tail = ''): string {
  const room = Math.max(0, bytes - Buffer.byteLength(head + tail));
  const count = Math.max(1, Math.min(most, Math.floor(room / least)));
  const units = Array.from({ length: count }, (_, at) => unit(at, Math.floor(room / count)));
  return head + units.join('') + tail;
}
/** `unit`: of at most so many bytes as it is told. */
export type Shares = {
  readonly most: number;
  readonly least: number;
  readonly unit: (at: number, bytes: number) => string;
};

/** `head`, as many numbered units as fit, `tail`. */
export function countTo(bytes: number, unit: (at: number) => string, head = '', tail = ''): string {
  const units: string[] = [];
  for (let at = 0, left = bytes - Buffer.byteLength(head + tail); left > 0; at += 1) {
    const one = unit(at);
    left -= one.length;
    if (left >= 0 || at === 0) units.push(one);
  }
  return head + units.join('') + tail;
}
