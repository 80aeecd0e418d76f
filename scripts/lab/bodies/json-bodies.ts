/** JSON at its limits: without a schema (depth, width, length, names), and by the schema of the place. */
import { DICOM_LIMITS, JSON_LIMITS } from '../../../gateway/src/testing/limits-of-bodies.ts';
import { gzipSync } from 'node:zlib';
import {
  atLimit,
  countTo,
  mostTo,
  plain,
  repeatTo,
  shareTo,
  textKind,
  type Kind,
  type Place,
} from './body.ts';
import { fillTo, type Filling } from './fill-schema.ts';

/** Just below what a schema judges where the event loop waits for it. */
const FEW = JSON_LIMITS.judged - 50;
/** Just below what is parsed at all. */
const MANY = JSON_LIMITS.values - 50;
const NAMES = Math.min(JSON_LIMITS.names, FEW) - 50;

const filled =
  (style: Filling['style'], grows: Filling['grows'], values = MANY, isWithin?: boolean) =>
  (bytes: number, { schema, resolve, seed }: Place) =>
    fillTo(
      schema,
      { style, grows, resolve, seed, ...(isWithin !== undefined && { isWithin }) },
      { bytes, values },
    );
const legal = filled('legal', 'lists');

/** The first name that the schema knows: what is repeated under it is looked at. */
function knownName({ schema, resolve }: Place): string {
  const { properties = {} } = resolve(schema) as { readonly properties?: object };
  return Object.keys(properties)[0] ?? 'a';
}

const filledTo = (bytes: number, head: string, tail: string): string => repeatTo(bytes, 'a', head, tail);
const DEPTH = JSON_LIMITS.depth - 2;
const DEEP = `${'['.repeat(DEPTH)}${']'.repeat(DEPTH)},`;

const deep = (bytes: number, open: string, close: string): string => {
  const depth = Math.floor(bytes / (open.length + close.length));
  return open.repeat(depth) + close.repeat(depth);
};
const SHAPES: readonly Kind[] = [
  textKind('deep-lists', (bytes) => deep(bytes, '[', ']')),
  textKind('deep-objects', (bytes) => deep(bytes - 1, '{"a":', '}').replace('}', '0}')),
  textKind('many-names', (bytes) => countTo(bytes, (at) => `"n${at}":0,`, '{', '"n":0}')),
  textKind('same-name', (bytes, place) => repeatTo(bytes, `"${knownName(place)}":0,`, '{', '"n":0}')),
  textKind('many-numbers', (bytes) => mostTo(bytes, { most: MANY, unit: '0,' }, '[', '0]')),
  textKind('many-objects', (bytes) => mostTo(bytes, { most: MANY / 2, unit: '{},' }, '[', '{}]')),
  textKind('names-at-limit', (bytes) =>
    shareTo(
      bytes,
      { most: NAMES, least: 16, unit: (at, room) => filledTo(room, `"n${at}":"`, '",') },
      '{',
      '"n":0}',
    ),
  ),
  textKind('values-at-limit', (bytes, place) =>
    shareTo(
      bytes,
      { most: FEW, least: 4, unit: (_, room) => filledTo(room, '"', '",') },
      `{"${knownName(place)}":[`,
      '0]}',
    ),
  ),
  textKind('objects-at-limit', (bytes, place) =>
    mostTo(bytes, { most: FEW / 2, unit: '{},' }, `{"${knownName(place)}":[`, '{}]}'),
  ),
  textKind('depth-at-limit', (bytes) => mostTo(bytes, { most: FEW / DEPTH, unit: DEEP }, '[', '0]')),
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
  textKind('legal-at-limit', filled('legal', 'everything', FEW)),
  textKind('legal-lists-at-limit', filled('legal', 'all-lists', FEW)),
  textKind('last-item-wrong', filled('last', 'lists', FEW)),
  textKind('wrong-items-at-limit', filled('wrong', 'all-lists', FEW)),
  textKind('wrong-items-within', filled('wrong', 'all-lists', FEW, true)),
  textKind('empty-items-at-limit', filled('empty', 'all-lists', FEW)),
  textKind('long-texts-within', filled('long', 'everything', FEW, true)),
  textKind('unknown-names', (bytes, place) =>
    countTo(bytes, (at) => `"n${at}":0,`, `${legal(200, place).replace(/\}$/, '')},`, '"n":0}'),
  ),
  textKind('wrong-at-the-end', (bytes, place) => `${legal(bytes - 1, place)}}`, true),
];

const gzipKind = (
  name: string,
  make: (bytes: number, place: Place) => Uint8Array,
  isBroken = false,
): Kind => ({
  name,
  isBroken,
  make: (bytes, place) => ({ bytes: Buffer.from(make(bytes, place)), type: place.type, coding: 'gzip' }),
});

/** A thousand times as much, as far as gzip goes. */
const bombOf = (bytes: number): Buffer => gzipSync(Buffer.alloc(Math.min(bytes, 1024 ** 2) * 64, ' '));
/** The size once unpacked stands in its last bytes (RFC 1952 §2.3.1, ISIZE). */
const saying = (gzip: Buffer, size: number): Buffer => {
  gzip.writeUInt32LE(size, gzip.length - 4);
  return gzip;
};
const LITTLE_BYTES = 1000;

const GZIPS: readonly Kind[] = [
  gzipKind('gzip-bomb', bombOf),
  gzipKind(
    'gzip-that-says-it-is-little',
    (bytes, place) => saying(gzipSync(legal(bytes, place)), LITTLE_BYTES),
    true,
  ),
  gzipKind('gzip-bomb-that-says-it-is-little', (bytes) => saying(bombOf(bytes), LITTLE_BYTES), true),
];

const REFERENCED_SOP_SEQUENCE = '00081199';
const uid = (tag: string, value: string): string => `"${tag}":{"vr":"UI","Value":["${value}"]}`;
const LONG_UID = `1.2.${'3'.repeat(50)}`;
/** A row of a search for instances, with what the gateway reads of it. */
const row = (at: number, room: number): string => {
  const uids = ['0020000D', '0020000E', '00080018', '00080016'].map((tag) => uid(tag, `${LONG_UID}${at}`));
  const numbers = ['00200011', '00200013', '00280008'].map((tag) => `"${tag}":{"vr":"IS","Value":[${at}]}`);
  const head = `{${[...uids, ...numbers].join()},"00080060":{"vr":"CS","Value":["`;
  return filledTo(Math.max(room, head.length + 10), head, '"]}},');
};
const ROW_BYTES = 800;
const reference = (at: number, room: number): string => {
  const head = `{${uid('00081150', LONG_UID)},"00081155":{"vr":"UI","Value":["1.2.${at}.`;
  return `${head}${'3'.repeat(Math.min(40, Math.max(1, room - head.length - 10)))}"]}},`;
};
const REFERENCE_BYTES = 180;

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

/** Bodies at the limits, with as many parts as are read. */
const LONGEST: readonly Kind[] = [
  textKind('references-at-limit', (bytes) =>
    shareTo(
      bytes,
      { most: DICOM_LIMITS.references - 1, least: REFERENCE_BYTES, unit: reference },
      `{"${REFERENCED_SOP_SEQUENCE}":{"vr":"SQ","Value":[`,
      `${reference(0, 0).slice(0, -1)}]}}`,
    ),
  ),
  textKind('rows-at-limit', (bytes) =>
    shareTo(
      bytes,
      { most: DICOM_LIMITS.rows - 1, least: ROW_BYTES, unit: row },
      '[',
      `${row(0, 0).slice(0, -1)}]`,
    ),
  ),
  textKind('data-sets-at-limit', (bytes) =>
    mostTo(bytes, { most: DICOM_LIMITS.values / 5 - 10, unit: '{"00080018":{"Value":[""]}},' }, '[', '{}]'),
  ),
].map(atLimit);

export const JSON_KINDS: readonly Kind[] = [...SHAPES, ...BY_SCHEMA, ...GZIPS];
export const DICOM_JSON_KINDS: readonly Kind[] = [...SHAPES, ...DATA_SETS, ...LONGEST, ...GZIPS];
