/**
 * Reads the text of a PDF that this gateway wrote (http/pdf.ts): every text in its objects, and every text that a page
 * shows, decompressed. Pages show text in the standard fonts only (WinAnsiEncoding), so one byte is one letter. Any
 * other stream, such as an image or a font, is refused, since it could hold anything.
 */
import { inflateSync } from 'node:zlib';
import { EXPORT_FIELD_NAMES } from '#shared/protocol/exports.ts';

/** `row`: the number of the case, from 1; `field`: the index in the list of all fields, or -1. */
type PdfText = {
  readonly text: string;
  readonly row: number;
  readonly field: number;
  /** Whether the text may continue a word that was split at the end of the previous line. */
  readonly isJoined: boolean;
};
type PdfReader = {
  /** @throws TypeError. */
  pass(piece: Uint8Array): void;
  /** @throws TypeError: the file is truncated. */
  end(): void;
};

const STREAM = 'stream\n';
/** A page of text takes only a few kilobytes. */
const PAGE_BYTES_LIMIT = 16 * 1024 * 1024;

export function createPdfReader(take: (text: PdfText) => void): PdfReader {
  const place = { row: 1, field: -1 };
  let rest: Buffer = Buffer.alloc(0);
  let before = '';
  const show = (text: string): void => {
    take({ text, ...place, isJoined: !before.includes(' ') });
    before = text;
  };
  const begin = (mark: string): void => {
    const [, nth] = /^case(\d+)$/.exec(mark) ?? [];
    if (nth !== undefined) Object.assign(place, { row: Number(nth), field: -1 });
    else place.field = (EXPORT_FIELD_NAMES as readonly string[]).indexOf(mark);
  };
  const page = (content: string): void => {
    for (const said of textsIn(content))
      if (said.kind === 'mark') begin(said.name);
      else show(said.text);
  };
  const readStream = (): boolean => {
    const at = rest.indexOf(STREAM);
    if (at === -1) return false;
    const dictionary = rest.toString('latin1', 0, at);
    const length = lengthIn(dictionary);
    const start = at + STREAM.length;
    if (rest.length < start + length + ENDING.length) return false;
    for (const said of textsIn(dictionary)) if (said.kind === 'text') show(said.text);
    page(unpack(dictionary, rest.subarray(start, start + length)));
    if (rest.toString('latin1', start + length, start + length + ENDING.length) !== ENDING)
      throw new TypeError('a stream of another length');
    rest = rest.subarray(start + length + ENDING.length);
    return true;
  };
  return {
    pass(piece) {
      rest = Buffer.concat([rest, piece]);
      while (readStream());
    },
    end() {
      if (rest.includes(STREAM) || !rest.toString('latin1').trimEnd().endsWith('%%EOF'))
        throw new TypeError('a PDF that is cut');
      for (const said of textsIn(rest.toString('latin1'))) if (said.kind === 'text') show(said.text);
    },
  };
}

const ENDING = '\nendstream';

function lengthIn(dictionary: string): number {
  const own = dictionary.slice(dictionary.lastIndexOf(' obj'));
  const [, length] = /\/Length (\d+)/.exec(own) ?? [];
  if (length === undefined) throw new TypeError('a stream without a length');
  return Number(length);
}

function unpack(dictionary: string, bytes: Uint8Array): string {
  const own = dictionary.slice(dictionary.lastIndexOf(' obj'));
  if (/\/(?:Subtype|Type|Length1)\b/.test(own)) throw new TypeError('a stream that is no page');
  if (!/\/Filter \/FlateDecode/.test(own)) throw new TypeError('a stream that is packed in another way');
  return inflateSync(bytes, { maxOutputLength: PAGE_BYTES_LIMIT }).toString('latin1');
}

type Said =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'mark'; readonly name: string };

/**
 * The beginning of a text, a hexadecimal text or a name, or any other sign. The closing sign is checked afterwards, not
 * matched here.
 */
const TOKEN = /\((?:\\[\s\S]|[^\\()])*|<[0-9A-Fa-f\s]*|\/\w+|[^\s\d.>-]/g;
/** Most white space between a list and the operator that shows it. */
const SPACES_LIMIT = 8;

/** The text, or the start of marked content, that this token stands for. @throws TypeError: a text does not end. */
function saidBy(token: string, syntax: string, end: number): Said | null {
  switch (token[0]) {
    case '(':
      if (syntax[end] !== ')') throw new TypeError('a text without an end');
      return { kind: 'text', text: fromLetters(token.slice(1)) };
    case '<': {
      const isDictionary = syntax[end - token.length - 1] === '<' || syntax[end + 1] === '>';
      return syntax[end] === '>' && !isDictionary ? { kind: 'text', text: fromHex(token.slice(1)) } : null;
    }
    case '/':
      return syntax.startsWith(' BMC', end) ? { kind: 'mark', name: token.slice(1) } : null;
    default:
      return null;
  }
}

/** A list of hexadecimal texts with gaps between them is one text where the page shows it (`[…] TJ`). */
function* textsIn(syntax: string): Generator<Said> {
  let list: string[] | null = null;
  for (const { 0: token, index } of syntax.matchAll(TOKEN)) {
    const end = index + token.length;
    const said = saidBy(token, syntax, end);
    if (list !== null && token.startsWith('<') && said?.kind === 'text') {
      list.push(said.text);
      continue;
    }
    const isShown = token === ']' && /^\s*TJ/.test(syntax.slice(end, end + SPACES_LIMIT));
    yield* asTexts(list !== null && isShown ? [list.join('')] : list);
    list = token === '[' ? [] : null;
    if (said !== null) yield said;
  }
  yield* asTexts(list);
}

const asTexts = (list: readonly string[] | null): Said[] =>
  (list ?? []).map((text): Said => ({ kind: 'text', text }));

const fromHex = (hex: string): string => lettersOf(Buffer.from(hex.replace(/\s/g, ''), 'hex'));

const ESCAPED: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };

/** PDF 32000-1 §7.3.4.2. */
function fromLetters(letters: string): string {
  const bytes = letters.replace(
    /\\(?:([0-7]{1,3})|([\s\S]))/g,
    (_, octal: string | undefined, one: string) =>
      octal === undefined ? (ESCAPED[one] ?? one) : String.fromCharCode(Number.parseInt(octal, 8)),
  );
  return lettersOf(Buffer.from(bytes, 'latin1'));
}

/** PDF 32000-1 §7.9.2.2: the text is UTF-16 if it begins with a byte order mark. */
function lettersOf(bytes: Uint8Array): string {
  const isWide = bytes[0] === 0xfe && bytes[1] === 0xff;
  return new TextDecoder(isWide ? 'utf-16be' : 'windows-1252').decode(bytes);
}
