/**
 * The doors for bytes of outside through which the event loop was once held up, each with the lines that open it again
 * in a copy of the project, and the attacks that pass. A run against the copy must find a hold.
 */
import { defence, type Defence } from '../hostile/defences.ts';

const COMMITMENT = 'gateway/src/foreign/stow/commitment.routes.ts';
const QUESTION = 'await parseBody(COMMITMENT_QUESTION, { bytes, from, signal })';
const QUESTION_HERE = 'await COMMITMENT_QUESTION.parse(bytes, from, signal)';
/** A pattern as quadratic as the one by which XML was once read. */
const XML = String.raw`/<DicomAttribute\b([^>]*?)(\/?)>|<Item\b[^>]*?(\/?)>|<Value\b[^>]*>([^<]*)<\/Value>/g`;

export const DEFENCES: readonly Defence[] = [
  defence(
    'a parser without patterns reads XML, in a thread',
    [String.raw`commitment-requests/\S+ application/dicom\+xml (items|value-tags)-never-closed`],
    [COMMITMENT, QUESTION, QUESTION_HERE],
    [
      'gateway/src/ports/pacs/dicom-xml.ts',
      'parser.write(text).close();',
      `for (const _ of text.matchAll(${XML})); parser.write(text).close();`,
    ],
  ),
  defence(
    'JSON is judged in a thread',
    [String.raw`annotations application/json \S+$`],
    [
      'gateway/src/http/json-body.ts',
      'parseBody = parsingBodies(parseApart)',
      'parseBody = parsingBodies(async ({ parse }, { bytes }, ...rest) => parse(toOwn(bytes), ...rest))',
    ],
    [
      'gateway/src/http/json-body.ts',
      "import { ThreadEnded } from '../threads/thread.ts';",
      "import { ThreadEnded, toOwn } from '../threads/thread.ts';",
    ],
  ),
  defence(
    'CSV is read in a thread',
    [String.raw`import text/csv \S+-[01]$`],
    [
      'gateway/src/cases/import-cases.ts',
      'if (!isUsable && report.preview.length === PREVIEW_ROWS) break;',
      '',
    ],
    [
      'gateway/src/http/read-csv.ts',
      'const source = pieces[Symbol.asyncIterator]();',
      'return yield* parseCsv(pieces); const source = pieces[Symbol.asyncIterator]();',
    ],
    [
      'gateway/src/http/read-csv.ts',
      "import { CsvBroken, type CsvRow } from './csv.ts';",
      "import { parseCsv } from './parse-csv.ts'; import { CsvBroken, type CsvRow } from './csv.ts';",
    ],
  ),
  defence(
    'answers of a PACS are read in a thread',
    [String.raw`^answer-to \S+ \S+ application/dicom\+(json|xml) `],
    [
      'gateway/src/ports/pacs/pacs-http.ts',
      'return parseApart(parser, { ...asked, bytes }, ...rest).catch',
      'return (async () => parser.parse(new Uint8Array(bytes), ...rest))().catch',
    ],
    [
      'gateway/src/doctor/read-answer.ts',
      'return parseApart(parser, given).catch',
      'return (async () => parser.parse(new Uint8Array(given.bytes)))().catch',
    ],
  ),
  defence(
    'questions for storage commitment are read in a thread',
    [String.raw`commitment-requests/\S+ application/dicom\+json \S+$`],
    [COMMITMENT, QUESTION, QUESTION_HERE],
  ),
];
