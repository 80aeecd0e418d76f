/**
 * multipart/form-data and multipart/related (RFC 2046 §5.1) at their limits: parts, headers, look-alikes of the
 * delimiter; and each file in each field that the schema names.
 */
import { FORM_LIMITS, PARTS_AND_ENTRIES_LIMIT } from '../../../gateway/src/testing/limits-of-bodies.ts';
import { atLimit, countTo, plain, repeatTo, shareTo, type Kind, type Place } from './body.ts';
import { fill } from './fill-schema.ts';
import { FILE_KINDS } from './file-bodies.ts';
import { JSON_KINDS } from './json-bodies.ts';
import type { Schema } from './operations.ts';

const BOUNDARY = 'b'.repeat(60);
const LINE = `--${BOUNDARY}\r\n`;
const END = `\r\n--${BOUNDARY}--\r\n`;
/** The headers of a part end within 8 KiB at the gateway. */
const HEADER_BYTES = 8_000;

const typeOf = ({ type }: Place): string => `${type}; boundary=${BOUNDARY}`;
const kind = (
  name: string,
  make: (bytes: number, place: Place) => string | Buffer,
  isBroken = false,
): Kind => ({
  name,
  isBroken,
  make: (bytes, place) => ({ bytes: Buffer.from(make(bytes, place) as string), type: typeOf(place) }),
});

const named = (name: string): string => `Content-Disposition: form-data; name="${name}"`;
const part = (header: string, content = ''): string => `${LINE}${header}\r\n\r\n${content}\r\n`;
const parts = (name: string, unit: string): Kind =>
  kind(name, (bytes) => repeatTo(bytes, unit, '', END.slice(2)));
/** In one part, which is a field of the form. */
const within = (name: string, unit: string): Kind =>
  kind(name, (bytes, place) =>
    repeatTo(bytes, unit, `${LINE}${named(fieldsOf(place)[0]?.[0] ?? 'a')}\r\n\r\n`, END),
  );
const headers = (name: string, head: string, unit: string): Kind =>
  parts(name, part(repeatTo(HEADER_BYTES, unit, head)));

const SHAPES: readonly Kind[] = [
  parts('empty-parts', `${LINE}\r\n\r\n`),
  parts('named-parts', part(named('a'))),
  parts('parts-without-end-of-headers', LINE),
  within('look-alike-delimiters', `\r\n--${BOUNDARY.slice(1)}`),
  within('look-alike-lines', '\r\n--'),
  within('look-alike-breaks', '\r'),
  within('look-alike-ends', `\r\n--${BOUNDARY}-`),
  headers('header-of-semicolons', 'Content-Disposition: form-data; ', ';'),
  headers('header-of-spaces', 'Content-Disposition: form-data; ', ' '),
  headers('header-of-names', 'Content-Disposition: form-data; ', ' name=;'),
  headers('header-of-lines', named('a'), '\r\nx:'),
  kind('header-never-ended', (bytes) => repeatTo(bytes, 'y', `${LINE}X: `), true),
  kind('headers-never-ended', (bytes) => countTo(bytes, (at) => `x${at}: y\r\n`, LINE), true),
  kind('preamble', (bytes) => repeatTo(bytes, 'a'), true),
  kind('preamble-of-lines', (bytes) => repeatTo(bytes, '\r\n--'), true),
  kind('delimiter-line-never-ended', (bytes) => repeatTo(bytes, ' ', `--${BOUNDARY}`), true),
  plain(kind('never-closed', (bytes) => repeatTo(bytes, 'a', part(named('a'))), true)),
  kind('after-the-end', (bytes) => repeatTo(bytes, 'a', END)),
  kind('nested', (bytes) => {
    const unit = 'Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n';
    return repeatTo(bytes, unit, `${LINE}${named('a')}\r\n`, END);
  }),
];

/** `most` parts, each with its share of the bytes. */
const sharing = (name: string, most: number, header: string, partBytes = Infinity): Kind =>
  kind(name, (bytes) => {
    const unit = (_: number, room: number): string =>
      part(header, 'a'.repeat(Math.max(0, Math.min(partBytes, room - part(header).length))));
    return shareTo(bytes, { most, least: part(header).length, unit }, '', END.slice(2));
  });
const FILE = `${named('file')}; filename="a"\r\nContent-Type: application/octet-stream`;

type Field = readonly [name: string, schema: Schema];
const isFile = ([, { format }]: Field): boolean => format === 'binary';

/** Texts before files, as a reader of a stream wants them. */
function fieldsOf({ schema, resolve }: Place): readonly Field[] {
  const { properties = {} } = resolve(schema) as { readonly properties?: Record<string, Schema> };
  return Object.entries(properties).toSorted((a, b) => Number(isFile(a)) - Number(isFile(b)));
}

/** The kinds of JSON that texts between delimiters may be. */
const LISTS: readonly (readonly [name: string, unit: string])[] = [
  ['commas', ','],
  ['names', 'a,'],
  ['digits', '9'],
];
const TEXTS = /^(deep-lists|many-names|long-text|wrong-items|legal-lists)$/;

function inField(name: string, field: Field, content: (bytes: number, place: Place) => Buffer): Kind {
  return {
    ...{ name: `${name}-as-${field[0]}`, isFile: true },
    make(bytes, place) {
      const others = fieldsOf(place).filter(
        (other) => !isFile(other) && other[0] !== field[0] && isRequired(place, other),
      );
      const before = others.map((other) => part(named(other[0]), smallest(place, other))).join('');
      const file = isFile(field) ? '; filename="a"\r\nContent-Type: application/octet-stream' : '';
      const head = Buffer.from(`${before}${LINE}${named(field[0])}${file}\r\n\r\n`);
      const room = Math.max(64, bytes - head.length - END.length);
      return { bytes: Buffer.concat([head, content(room, place), Buffer.from(END)]), type: typeOf(place) };
    },
  };
}

const isRequired = ({ schema, resolve }: Place, [name]: Field): boolean => {
  const { required } = resolve(schema);
  return !Array.isArray(required) || required.includes(name);
};
/** The smallest that its schema takes, or in JSON the object that has its name in the contract. */
function smallest({ resolve, seed, objects }: Place, [name, schema]: Field): string {
  const value = fill(objects.get(name) ?? schema, { style: 'legal', grows: 'lists', resolve, seed }, 0);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

export const formKinds = (place: Place): readonly Kind[] => [
  ...SHAPES,
  ...fieldsOf(place).flatMap((field) =>
    isFile(field)
      ? FILE_KINDS.map(({ name, make }) => inField(name, field, (bytes, { seed }) => make(bytes, seed)))
      : JSON_KINDS.filter(({ name }) => TEXTS.test(name)).map(({ name, make }) =>
          inField(name, field, (bytes, own) => {
            const schema = own.objects.get(field[0]) ?? field[1];
            return make(bytes, { ...own, schema }).bytes;
          }),
        ),
  ),
  // The longest that a field may be.
  ...fieldsOf(place)
    .filter((field) => !isFile(field))
    .flatMap((field) =>
      LISTS.map(([name, unit]) =>
        inField(name, field, (bytes) => Buffer.from(repeatTo(Math.min(bytes, FORM_LIMITS.fieldBytes), unit))),
      ),
    ),
  sharing('most-fields', FORM_LIMITS.fields - 1, named('a'), FORM_LIMITS.fieldBytes - 1),
  atLimit(sharing('most-files', FORM_LIMITS.files - 1, FILE)),
];

/** A part of its own for each file (PS3.18 §10.5.1). */
export const RELATED_KINDS: readonly Kind[] = [
  ...SHAPES,
  sharing('most-parts', PARTS_AND_ENTRIES_LIMIT - 1, 'Content-Type: application/dicom'),
  ...FILE_KINDS.map(({ name, make }) => ({
    ...kind(name, (bytes, { seed }) => {
      const head = `${LINE}Content-Type: application/dicom\r\n\r\n`;
      const file = make(bytes - head.length - END.length, seed);
      return Buffer.concat([Buffer.from(head), file, Buffer.from(END)]);
    }),
    isFile: true,
  })),
];
