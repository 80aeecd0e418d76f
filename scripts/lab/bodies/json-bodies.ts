/** JSON at its limits: without a schema (depth, width, length, names), and by the schema of the place. */
import { gzipSync } from 'node:zlib';
import { countTo, plain, repeatTo, textKind, type Kind, type Place } from './body.ts';
import { fillTo, type Filling } from './fill-schema.ts';

const filled = (style: Filling['style'], grows: Filling['grows']) => (bytes: number, place: Place) =>
  fillTo(place.schema, { style, grows, resolve: place.resolve, seed: place.seed }, bytes);
const legal = filled('legal', 'lists');

/** The first name that the schema knows: what is repeated under it is looked at. */
function knownName({ schema, resolve }: Place): string {
  const { properties = {} } = resolve(schema) as { readonly properties?: object };
  return Object.keys(properties)[0] ?? 'a';
}

const deep = (bytes: number, open: string, close: string): string => {
  const depth = Math.floor(bytes / (open.length + close.length));
  return open.repeat(depth) + close.repeat(depth);
};
const SHAPES: readonly Kind[] = [
  textKind('deep-lists', (bytes) => deep(bytes, '[', ']')),
  textKind('deep-objects', (bytes) => deep(bytes - 1, '{"a":', '}').replace('}', '0}')),
  textKind('many-names', (bytes) => countTo(bytes, (at) => `"n${at}":0,`, '{', '"n":0}')),
  textKind('same-name', (bytes, place) => repeatTo(bytes, `"${knownName(place)}":0,`, '{', '"n":0}')),
  textKind('many-numbers', (bytes) => repeatTo(bytes, '0,', '[', '0]')),
  textKind('many-objects', (bytes) => repeatTo(bytes, '{},', '[', '{}]')),
  textKind('long-text', (bytes, place) => repeatTo(bytes, 'a', `{"${knownName(place)}":"`, '"}')),
  textKind('long-name', (bytes) => repeatTo(bytes, 'a', '{"', '":0}')),
  textKind('long-number', (bytes, place) => repeatTo(bytes, '9', `{"${knownName(place)}":`, '}')),
  textKind('escapes', (bytes, place) => repeatTo(bytes, '\\u0000', `{"${knownName(place)}":"`, '"}')),
  textKind('lone-surrogates', (bytes, place) => repeatTo(bytes, '\\ud800', `{"${knownName(place)}":"`, '"}')),
  plain(textKind('spaces', (bytes) => repeatTo(bytes, ' ', '', '0'))),
  textKind('never-closed', (bytes) => repeatTo(bytes, '{"a":[', ''), true),
  textKind('quote-never-closed', (bytes) => repeatTo(bytes, '\\"', '"'), true),
];

const BY_SCHEMA: readonly Kind[] = [
  textKind('legal-lists', legal),
  textKind('legal-lists-in-lists', filled('legal', 'all-lists')),
  textKind('legal-texts', filled('legal', 'texts')),
  textKind('wrong-items', filled('wrong', 'lists')),
  textKind('wrong-items-in-items', filled('wrong', 'all-lists')),
  textKind('empty-items', filled('empty', 'all-lists')),
  textKind('long-texts', filled('long', 'texts')),
  textKind('unknown-names', (bytes, place) =>
    countTo(bytes, (at) => `"n${at}":0,`, `${legal(200, place).replace(/\}$/, '')},`, '"n":0}'),
  ),
  textKind('wrong-at-the-end', (bytes, place) => `${legal(bytes - 1, place)}}`, true),
];

const GZIP: Kind = {
  name: 'gzip-bomb',
  make: (bytes, { type }) => ({
    // A thousand times as much, as far as gzip goes.
    bytes: gzipSync(Buffer.alloc(Math.min(bytes, 1024 ** 2) * 64, ' ')),
    type,
    coding: 'gzip',
  }),
};

const REFERENCED_SOP_SEQUENCE = '00081199';
const uid = (tag: string, value: string): string => `"${tag}":{"vr":"UI","Value":["${value}"]}`;
const sequenced = (bytes: number, item: (at: number) => string): string => {
  const head = `{"${REFERENCED_SOP_SEQUENCE}":{"vr":"SQ","Value":[${item(0)}`;
  return countTo(bytes, (at) => `,${item(at + 1)}`, head, ']}}');
};

/** The DICOM JSON Model (PS3.18 Annex F). */
const DATA_SETS: readonly Kind[] = [
  textKind('data-set-of-references', (bytes) =>
    sequenced(
      bytes,
      (at) => `{${uid('00081150', '1.2.840.10008.5.1.4.1.1.2')},${uid('00081155', `1.2.${at}`)}}`,
    ),
  ),
  textKind('data-set-of-wrong-references', (bytes) =>
    sequenced(bytes, () => '{"00081155":{"vr":0,"Value":{}}}'),
  ),
  textKind('data-set-of-empty-items', (bytes) => sequenced(bytes, () => '{}')),
  textKind('data-set-of-long-values', (bytes) =>
    sequenced(bytes, () => `{${uid('00081155', '1.'.repeat(2000))}}`),
  ),
  textKind('data-sets', (bytes) =>
    repeatTo(bytes, `{${uid('0020000D', '1.2.3')},${uid('0020000E', '1.2.4')}},`, '[', '{}]'),
  ),
];

export const JSON_KINDS: readonly Kind[] = [...SHAPES, ...BY_SCHEMA, GZIP];
export const DICOM_JSON_KINDS: readonly Kind[] = [...SHAPES, ...DATA_SETS, GZIP];
