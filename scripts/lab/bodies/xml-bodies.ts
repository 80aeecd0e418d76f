/**
 * XML at its limits, in the words of the Native DICOM Model (PS3.19 A.1): tags that are never closed, depth, width,
 * entities, and look-alikes of each delimiter.
 */
import { DICOM_LIMITS, XML_LIMITS } from '../../../gateway/src/testing/limits-of-bodies.ts';
import { atLimit, countTo, mostTo, plain, repeatTo, shareTo, textKind, type Kind } from './body.ts';

const HEAD = '<?xml version="1.0" encoding="UTF-8"?><NativeDicomModel>';
const TAIL = '</NativeDicomModel>';
const SEQUENCE = '<DicomAttribute tag="00081199" vr="SQ">';
const END = '</DicomAttribute>';

const within = (name: string, unit: string, isBroken = true): Kind =>
  textKind(name, (bytes) => repeatTo(bytes, unit, HEAD, TAIL), isBroken);
/** `before`, nothing but units, and no end. */
const open = (name: string, unit: string, before = HEAD): Kind =>
  textKind(name, (bytes) => repeatTo(bytes, unit, before), true);

const reference = (at: number): string =>
  `<Item number="${at + 1}"><DicomAttribute tag="00081150" vr="UI"><Value number="1">1.2.840.10008.5.1.4.1.1.2` +
  `</Value>${END}<DicomAttribute tag="00081155" vr="UI"><Value number="1">1.2.${at}</Value>${END}</Item>`;

function nested(bytes: number): string {
  const begin = `${SEQUENCE}<Item number="1">`;
  const end = `</Item>${END}`;
  const depth = Math.floor((bytes - HEAD.length - TAIL.length) / (begin.length + end.length));
  return HEAD + begin.repeat(depth) + end.repeat(depth) + TAIL;
}

/** The root, and what `within` opens, are elements too. */
const ELEMENTS = XML_LIMITS.elements - 10;
const elementsAtLimit = (name: string, elements: number, unit: string): Kind =>
  textKind(name, (bytes) => mostTo(bytes, { most: ELEMENTS / elements, unit }, HEAD, TAIL));
const MOST_ATTRIBUTES = `<Item ${Array.from({ length: XML_LIMITS.attributes - 1 }, (_, at) => `a${at}=""`).join(' ')}/>`;
const DEPTH = XML_LIMITS.depth - 2;
const REFERENCE_BYTES = reference(9_999).length;

/** Bodies at the limits, with as many parts as are read. */
const AT_LIMIT: readonly Kind[] = [
  textKind('references-at-limit', (bytes) =>
    shareTo(
      bytes,
      { most: DICOM_LIMITS.references - 1, least: REFERENCE_BYTES, unit: reference },
      HEAD + SEQUENCE,
      END + TAIL,
    ),
  ),
  elementsAtLimit('elements-at-limit', 1, '<Value/>'),
  elementsAtLimit('attributes-at-limit', 1, MOST_ATTRIBUTES),
  elementsAtLimit('depth-at-limit', DEPTH, '<Item>'.repeat(DEPTH) + '</Item>'.repeat(DEPTH)),
].map(atLimit);

/** Each entity is ten of the one before it. */
const ENTITIES = Array.from(
  { length: 12 },
  (_, at) => `<!ENTITY e${at + 1} "${`&e${at};`.repeat(10)}">`,
).join('');
const DOCTYPE = `<?xml version="1.0"?><!DOCTYPE NativeDicomModel [<!ENTITY e0 "a">${ENTITIES}]><NativeDicomModel>`;

export const XML_KINDS: readonly Kind[] = [
  // The head has no end either.
  open('tags-never-closed', '<DicomAttribute ', '<NativeDicomModel '),
  open('tags-never-closed-within', '<DicomAttribute '),
  open('items-never-closed', '<Item '),
  open('values-never-closed', '<Value>'),
  open('value-tags-never-closed', '<Value '),
  open('quotes-never-closed', '<DicomAttribute tag="'),
  open('ends-never-closed', '</DicomAttribute'),
  open('openers', '<'),
  plain(open('spaces', ' ', '')),
  open('declarations', '<?xml ', ''),
  open('declaration-never-closed', 'a', '<?xml '),
  open('comment-never-closed', '-', `${HEAD}<!--`),
  open('comments-never-closed', '<!--'),
  open('cdata-never-closed', ']', `${HEAD}<![CDATA[`),
  open('cdatas-never-closed', '<![CDATA['),
  within('comments', '<!-- -->', false),
  within('cdatas', '<![CDATA[]]>', false),
  within('instructions', '<?a ?>', false),
  within('character-references', '&#65;', false),
  within('attributes-without-names', SEQUENCE + END, false),
  within('many-ends', END),
  within('long-name', 'a'),
  textKind('deep', nested),
  textKind('entities', (bytes) => repeatTo(bytes, '&e12;', DOCTYPE, TAIL), true),
  textKind(
    'entity-declarations',
    (bytes) => countTo(bytes, (at) => `<!ENTITY n${at} "a">`, '<!DOCTYPE a ['),
    true,
  ),
  textKind('many-attributes', (bytes) =>
    countTo(bytes, (at) => ` a${at}=""`, `${HEAD}<DicomAttribute`, `/>${TAIL}`),
  ),
  textKind('same-attribute', (bytes) => repeatTo(bytes, ' tag=""', `${HEAD}<DicomAttribute`, `/>${TAIL}`)),
  textKind('long-attribute', (bytes) => repeatTo(bytes, ' ', `${HEAD}<DicomAttribute tag="`, `"/>${TAIL}`)),
  textKind('long-value', (bytes) =>
    repeatTo(bytes, ' ', `${HEAD}${SEQUENCE}<Value>`, `</Value>${END}${TAIL}`),
  ),
  textKind('values', (bytes) => repeatTo(bytes, '<Value/>', HEAD + SEQUENCE, END + TAIL)),
  textKind('references', (bytes) => countTo(bytes, reference, HEAD + SEQUENCE, END + TAIL)),
  ...AT_LIMIT,
];
