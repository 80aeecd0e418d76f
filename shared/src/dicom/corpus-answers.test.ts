/**
 * Every hostile and broken file of the corpus has one answer, and the answer names what is wrong with that file. The conflict of the
 * duplicate files is found later, where the others are known: read alone, each of them is ready.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, openAsBlob, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { skipped, testEnvironment } from '#testing/environment.ts';
import type { ReasonCode, WarningCode } from '../protocol/problem.ts';
import { buildInstance } from './build-instance.ts';
import { blobSource, bytesSource } from './byte-source.ts';
import { concatBytes } from './encode.ts';
import { readInstance } from './part10.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN, SOP_CLASSES } from './registry.ts';
import { parseUid } from './uid.ts';

/** Refused for one reason; or ready, with these warnings. */
type Answer = ReasonCode | readonly WarningCode[];

const READY: Answer = [];

const ANSWERS: Readonly<Record<string, Answer>> = {
  // Not DICOM. A file that ends in its preamble cannot be told from any other hundred bytes.
  'truncated-in-preamble.dcm': 'not-dicom',
  'empty.dcm': 'empty-file',
  'random.dcm': 'not-dicom',
  'text.dcm': 'not-dicom',
  'html-renamed.dcm': 'not-dicom',
  'svg-script.dcm': 'not-dicom',
  'png-renamed.dcm': 'not-dicom-image',
  'jpeg-renamed.dcm': 'not-dicom-image',
  'pdf-renamed.dcm': 'not-dicom-document',
  'zip-renamed.dcm': 'not-dicom-archive',
  'gzip-of-dicom.dcm': 'not-dicom-archive',

  // Cut short, or with something behind.
  'truncated-in-meta.dcm': 'truncated',
  'truncated-in-header.dcm': 'truncated',
  'truncated-in-element.dcm': 'truncated',
  'truncated-in-pixels.dcm': 'truncated',
  'truncated-last-byte.dcm': 'truncated',
  'deflate-broken.dcm': 'truncated',
  // Refused, not cut off: what is behind the end may be the part that matters, and the bytes must stay what they are.
  'trailing-garbage.dcm': 'trailing-data',
  'concatenated.dcm': 'trailing-data',

  // A program or a document as well. Under a policy that replaces the preamble they pass (see the test below).
  'polyglot-pe-preamble.dcm': 'forbidden-preamble',
  'polyglot-elf-preamble.dcm': 'forbidden-preamble',
  'polyglot-shebang-preamble.dcm': 'forbidden-preamble',
  'polyglot-html-preamble.dcm': 'forbidden-preamble',
  'polyglot-pdf-preamble.dcm': 'forbidden-preamble',
  'polyglot-tiff-preamble.dcm': ['non-zero-preamble'],

  // Structure.
  'random-after-dicm.dcm': 'not-parseable',
  'nonascii-vr.dcm': 'not-parseable',
  // Its length could be short or long: whichever is guessed, another reader guesses otherwise and sees other elements.
  'unknown-vr.dcm': 'unknown-vr',
  'deflate-bomb.dcm': 'expansion-limit',
  'nested-5000-undefined.dcm': 'nesting-too-deep',
  'nested-5000-unclosed.dcm': 'nesting-too-deep',
  'nested-2000-defined.dcm': 'nesting-too-deep',
  // Enhanced multi-frame objects have as many: within the limits, so they travel.
  'many-items.dcm': ['many-elements'],
  'many-elements.dcm': ['many-elements'],
  'length-fffffffe.dcm': 'length-beyond-end',
  'length-beyond-file.dcm': 'length-beyond-end',
  'pixel-length-beyond-file.dcm': 'length-beyond-end',
  'odd-length.dcm': ['odd-length'],
  'short-length-overrun.dcm': 'inconsistent-length',
  'item-length-mismatch.dcm': 'inconsistent-length',
  'undefined-ob-no-delimiter.dcm': 'missing-delimiter',
  // Nobody can say that the last frame is whole: an image that may lack its lower part is not shown as if it did not.
  'encapsulated-no-delimiter.dcm': 'missing-delimiter',
  'tags-out-of-order.dcm': ['tag-order'],
  'duplicate-tag.dcm': 'duplicate-element',
  'group2-in-dataset.dcm': 'file-meta-in-data-set',
  'group0-command.dcm': 'command-element',
  // Rows decide how every pixel is read; the patient's name decides whose they are.
  'wrong-vr.dcm': 'wrong-vr',
  'pn-as-sq.dcm': 'wrong-vr',

  // File Meta Information.
  'meta-group-length-wrong.dcm': ['file-meta-length'],
  // Each PACS would believe one or the other.
  'meta-ts-lies.dcm': 'transfer-syntax-mismatch',
  'meta-ts-bigendian-lies.dcm': 'transfer-syntax-mismatch',
  'meta-ts-unknown.dcm': 'transfer-syntax-unknown',
  // Every PACS files by the Data Set, and eight real files of the corpus are like this.
  'meta-sop-mismatch.dcm': ['identifier-mismatch'],

  // Identifiers and patient.
  'only-magic.dcm': 'missing-uid',
  'no-sop-instance-uid.dcm': 'missing-uid',
  'no-sop-class-uid.dcm': 'missing-uid',
  'no-study-uid.dcm': 'missing-uid',
  'empty-study-uid.dcm': 'missing-uid',
  'no-patient.dcm': ['patient-missing'],
  'uid-path-traversal.dcm': 'invalid-uid',
  'uid-too-long.dcm': 'invalid-uid',
  'uid-illegal-chars.dcm': 'invalid-uid',
  'uid-url-encoded.dcm': 'invalid-uid',
  'uid-newline.dcm': 'invalid-uid',
  'uid-nul-inside.dcm': 'invalid-uid',
  // A leading space: PACS differ in whether they file it under the same study.
  'uid-whitespace.dcm': 'invalid-uid',
  // Real modalities write them and every PACS takes them as they are.
  'uid-leading-zero.dcm': ['uid-form'],
  'uid-two-values.dcm': 'multiple-values',
  // Which of three patients is it? A study under the wrong one is worse than a study sent again.
  'multi-valued-patientid.dcm': 'multiple-values',
  'multi-valued-rows.dcm': 'multiple-values',
  'duplicate-uid-a.dcm': READY,
  'duplicate-uid-b.dcm': READY,
  'duplicate-uid-c-identical.dcm': READY,
  'same-uid-other-study.dcm': READY,
  'sop-class-unknown.dcm': ['sop-class-unknown'],
  'sop-class-not-storage.dcm': 'sop-class-not-storage',
  'dicomdir-as-instance.dcm': 'sop-class-not-storage',

  // Text: stored unchanged, escaped wherever it is shown.
  'patientname-sql.dcm': READY,
  'patientname-html.dcm': READY,
  'patientname-js.dcm': READY,
  'patientname-template.dcm': READY,
  'patientname-path.dcm': READY,
  'patientname-csv-formula.dcm': READY,
  'patientname-proto.dcm': READY,
  'patientname-crlf.dcm': ['control-characters'],
  'patientname-log-ansi.dcm': ['control-characters'],
  'patientname-bidi.dcm': ['control-characters'],
  'patientname-nul.dcm': ['control-characters'],
  'patientname-long.dcm': ['value-too-long'],
  'patientname-combining.dcm': ['value-too-long'],
  'patientname-five-groups.dcm': ['name-form'],
  'charset-unknown.dcm': ['unknown-character-set', 'undecodable-text'],
  'charset-utf7.dcm': ['unknown-character-set'],
  'charset-mismatch.dcm': ['undecodable-text'],
  'charset-none-8bit.dcm': ['undecodable-text'],
  'charset-escape-unterminated.dcm': ['undecodable-text'],

  // Numbers and dates.
  'ds-nan-inf.dcm': ['invalid-number'],
  'fd-nan.dcm': ['invalid-number'],
  'is-overflow.dcm': ['invalid-number'],
  'multi-valued-30000.dcm': ['invalid-value-count'],
  'date-invalid.dcm': ['invalid-date'],
  'date-range.dcm': ['invalid-date'],

  // Pixels.
  'encapsulated-in-native.dcm': 'pixel-data-encoding',
  'native-in-jpeg-syntax.dcm': 'pixel-data-encoding',
  // A viewer that trusts the table shows the wrong frame.
  'bot-offset-beyond.dcm': 'offset-table-invalid',
  'pixel-too-short.dcm': 'pixel-data-length',
  'pixel-empty.dcm': 'pixel-data-length',
  'rows-65535.dcm': 'pixel-data-length',
  'frames-huge.dcm': 'pixel-data-length',
  // Real objects whose Number of Frames is wrong look the same (rt-plan-dose-struct): nothing is missing, so it travels.
  'pixel-too-long.dcm': ['pixel-data-length'],
  'pixel-missing.dcm': 'pixel-data-missing',
  'rows-zero.dcm': 'invalid-dimensions',
  'frames-negative.dcm': 'invalid-number-of-frames',
  'frames-text.dcm': 'invalid-number-of-frames',
  'bits-stored-gt-allocated.dcm': 'inconsistent-pixel-module',
  'bits-allocated-0.dcm': 'inconsistent-pixel-module',
  'samples-65535.dcm': 'inconsistent-pixel-module',
  // Without its tables no viewer can show it, or worse, shows it in grey.
  'palette-missing.dcm': 'palette-missing',
  'rle-overlong.dcm': 'pixel-data-not-decodable',
  // The instance is whole; its icon stays in it, is never decoded and never sent apart.
  'icon-huge.dcm': ['icon-oversized'],
};

/** Rows that one refusal may answer: more would mean that it no longer says what is wrong. */
const ROWS_PER_REFUSAL = 8;
const MILLISECONDS_PER_FILE = 2000;

const { corpus } = testEnvironment();
const answers = suite('answers to the corpus');

async function answerOf(file: string): Promise<Answer> {
  const started = performance.now();
  const outcome = await readInstance(blobSource(await openAsBlob(file)));
  assert.ok(performance.now() - started < MILLISECONDS_PER_FILE, 'answered in time');
  return outcome.kind === 'refused' ? outcome.because : [...outcome.instance.warnings].sort();
}

function sorted(answer: Answer): Answer {
  return typeof answer === 'string' ? answer : [...answer].sort();
}

answers('no refusal covers more rows than it can tell apart', () => {
  const rows = Map.groupBy(Object.values(ANSWERS).filter((answer) => typeof answer === 'string'), (answer) => answer);
  for (const [because, same] of rows) assert.ok(same.length <= ROWS_PER_REFUSAL, because);
});

answers('an instance with 10 MiB of private bytes is ready, and the bytes are not read', async () => {
  const uid = '2.25.1';
  const identifiers = {
    studyInstanceUID: parseUid('StudyInstanceUID', `${uid}1`),
    seriesInstanceUID: parseUid('SeriesInstanceUID', `${uid}2`),
    sopInstanceUID: parseUid('SOPInstanceUID', `${uid}3`),
    sopClassUID: SOP_CLASSES.CT,
  };
  const image = { rows: 8, columns: 8, bitsAllocated: 16, pixels: new Uint8Array(128) } as const;
  const blob = new Uint8Array(10 * 1024 * 1024).fill(7);
  const parts = buildInstance({
    identifiers,
    transferSyntaxUID: EXPLICIT_VR_LITTLE_ENDIAN,
    elements: [[0x00290010, 'LO', 'BIG'], [0x00291010, 'OB', blob], [0x00100010, 'PN', 'Big^Private'], [0x00100020, 'LO', 'BAD-1']],
    image,
  });
  const source = bytesSource(concatBytes(parts));
  let read = 0;
  const outcome = await readInstance({ size: source.size, read: (offset, length) => ((read += length), source.read(offset, length)) });
  assert.is(outcome.kind, 'ready');
  assert.ok(read < 256 * 1024);
});

if (corpus) {
  const bad = join(corpus, 'bad');
  for (const [name, answer] of Object.entries(ANSWERS)) {
    answers(`${name}: ${typeof answer === 'string' ? answer : 'ready'}`, async () => {
      assert.equal(await answerOf(join(bad, name)), sorted(answer));
    });
  }

  answers('every broken file of the corpus has its row', () => {
    const files = readdirSync(bad).filter((name) => name.endsWith('.dcm'));
    assert.equal(files.filter((name) => !(name in ANSWERS)), []);
  });

  answers('where the preamble is replaced anyway, a forbidden one is no reason to refuse', async () => {
    for (const [name, answer] of Object.entries(ANSWERS)) {
      if (answer !== 'forbidden-preamble') continue;
      const outcome = await readInstance(bytesSource(readFileSync(join(bad, name))), undefined, 'replaced');
      assert.is(outcome.kind, 'ready', name);
    }
  });

  answers('a file name decides nothing', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'relay-names-'));
    try {
      execFileSync('tar', ['-xf', join(bad, 'names.tar'), '-C', folder]);
      const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      assert.is(files.length, 9);
      for (const { parentPath, name } of files) assert.equal(await answerOf(join(parentPath, name)), READY, name);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  answers('every real file ends as its manifest expects', async () => {
    type Entry = { path: string; set: string; expect?: string; expectWhy?: string };
    const { files } = JSON.parse(readFileSync(join(corpus, 'manifest.json'), 'utf8')) as { files: Entry[] };
    for (const { path, set, expect, expectWhy } of files) {
      if (set !== 'dev') continue;
      const outcome = await readInstance(blobSource(await openAsBlob(join(corpus, path))));
      const answer = outcome.kind === 'refused' ? outcome.because : 'ready';
      assert.is(answer, expect !== 'refused' ? 'ready' : expectWhy === 'truncated' ? 'truncated' : 'missing-uid', path);
    }
  });
} else skipped('the answers to broken and hostile files', 'the corpus is not there');

answers.run();
