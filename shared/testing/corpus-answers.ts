/**
 * The answer to each file of `corpus/bad` (its README asks for it), once: for the reader alone, for the
 * command line and for the gateway. `images/` is for inference and is not here.
 *
 * One file has one reason: the answer names what is wrong with that file. Archives are judged entry by entry.
 */
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildInstance } from '#shared/dicom/build-instance.ts';
import { concatBytes } from '#shared/dicom/encode.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN, SOP_CLASSES } from '#shared/dicom/registry.ts';
import { parseUid } from '#shared/dicom/uid.ts';
import type { ReasonCode, WarningCode } from '#shared/protocol/reasons.ts';

/** Refused for one reason; or ready, with these warnings. */
export type Answer = ReasonCode | readonly WarningCode[];

export const READY: Answer = [];

/** The answer to each file when it is read alone. */
export const CORPUS_ANSWERS: Readonly<Record<string, Answer>> = {
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
  // Refused, not cut off: the bytes after the end may be the part that matters, and the bytes must stay as
  // they are.
  'trailing-garbage.dcm': 'trailing-data',
  'concatenated.dcm': 'trailing-data',

  // A program or a document as well. Under a policy that replaces the preamble they pass.
  'polyglot-pe-preamble.dcm': 'forbidden-preamble',
  'polyglot-elf-preamble.dcm': 'forbidden-preamble',
  'polyglot-shebang-preamble.dcm': 'forbidden-preamble',
  'polyglot-html-preamble.dcm': 'forbidden-preamble',
  'polyglot-pdf-preamble.dcm': 'forbidden-preamble',
  'polyglot-tiff-preamble.dcm': ['non-zero-preamble'],

  // Structure.
  'random-after-dicm.dcm': 'not-parseable',
  'nonascii-vr.dcm': 'not-parseable',
  // The element's length could be short or long: for either guess, another reader guesses otherwise and sees other
  // elements.
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
  // Nobody can say that the last frame is whole: an image that may lack its lower part is not shown as if it
  // did not.
  'encapsulated-no-delimiter.dcm': 'missing-delimiter',
  'tags-out-of-order.dcm': ['tag-order'],
  'duplicate-tag.dcm': 'duplicate-element',
  'group2-in-dataset.dcm': 'file-meta-in-data-set',
  'group0-command.dcm': 'command-element',
  // Rows decide how every pixel is read; the patient's name decides whose they are.
  'wrong-vr.dcm': 'wrong-vr',
  'pn-as-sq.dcm': 'wrong-vr',

  // File Meta Information. It says 9999 in a file of 826 bytes. One that is wrong within the file is only
  // worth a warning: readers find the end of the group by its number.
  'meta-group-length-wrong.dcm': 'length-beyond-end',
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
  // A PACS stores them, and the policy decides about them (protocol/irregularities.ts).
  'pixel-too-short.dcm': ['pixel-data-length'],
  'pixel-empty.dcm': ['pixel-data-length'],
  // An image of that size would exhaust the memory of any program that opens it.
  'rows-65535.dcm': 'pixel-data-length',
  'frames-huge.dcm': 'pixel-data-length',
  // Real objects whose Number of Frames is wrong look the same (rt-plan-dose-struct): nothing is missing, so
  // it travels.
  'pixel-too-long.dcm': ['pixel-data-length'],
  'pixel-missing.dcm': ['pixel-data-missing'],
  'rows-zero.dcm': 'invalid-dimensions',
  'frames-negative.dcm': 'invalid-number-of-frames',
  'frames-text.dcm': 'invalid-number-of-frames',
  'bits-stored-gt-allocated.dcm': 'inconsistent-pixel-module',
  'bits-allocated-0.dcm': 'inconsistent-pixel-module',
  'samples-65535.dcm': 'inconsistent-pixel-module',
  // Without its tables no viewer can show it, or worse, shows it in grey.
  'palette-missing.dcm': 'palette-missing',
  'rle-overlong.dcm': ['pixel-data-not-decodable'],
  // The instance is whole; its icon stays in it, is never decoded and never sent apart.
  'icon-huge.dcm': ['icon-oversized'],
};

/** Files that are judged by what was sent before them, in this order; alone they are ready. */
export const ANSWERS_IN_TURN: Readonly<
  Record<string, { readonly after: readonly string[]; readonly answer: Answer }>
> = {
  'duplicate-uid-b.dcm': { after: ['duplicate-uid-a.dcm'], answer: 'conflicting-instance' },
  'duplicate-uid-c-identical.dcm': { after: ['duplicate-uid-a.dcm', 'duplicate-uid-b.dcm'], answer: READY },
  'same-uid-other-study.dcm': { after: ['duplicate-uid-a.dcm'], answer: 'conflicting-instance' },
};

/** The answer to each archive in `zip/`: the entries that may be taken, and why all others are refused. */
export const ARCHIVE_ANSWERS: Readonly<
  Record<string, { readonly taken: readonly string[]; readonly because: ReasonCode }>
> = {
  'traversal.zip': { taken: ['ok/good.dcm'], because: 'archive-unsafe-path' },
  'bomb-470MiB.zip': { taken: [], because: 'archive-expansion-limit' },
  'many-entries.zip': { taken: [], because: 'archive-too-many-entries' },
  'nested-12.zip': { taken: [], because: 'archive-nested' },
  // Which of the two is the instance? Neither is taken.
  'duplicate-names.zip': { taken: [], because: 'archive-duplicate-entry' },
  'corrupt-crc.zip': { taken: [], because: 'archive-damaged' },
};

/**
 * Unpacks `names.tar`: files that differ in nothing but a name that some tool cannot carry. All are ready.
 */
export async function unpackNames(bad: string, folder: string): Promise<readonly string[]> {
  await promisify(execFile)('tar', ['-xf', join(bad, 'names.tar'), '-C', folder]);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();
}

const BIG_PRIVATE_BYTES = 10 * 1024 * 1024;

/**
 * The instance that `private-10MB.dcm.txt` is a placeholder for: a CT with 10 MiB in one private element.
 * Ready.
 */
export function bigPrivateInstance(): Uint8Array<ArrayBuffer> {
  const identifiers = {
    studyInstanceUID: parseUid('StudyInstanceUID', '2.25.11'),
    seriesInstanceUID: parseUid('SeriesInstanceUID', '2.25.12'),
    sopInstanceUID: parseUid('SOPInstanceUID', '2.25.13'),
    sopClassUID: SOP_CLASSES.CT,
  };
  const image = { rows: 8, columns: 8, bitsAllocated: 16, pixels: new Uint8Array(128) } as const;
  const blob = new Uint8Array(BIG_PRIVATE_BYTES).fill(7);
  return concatBytes(
    buildInstance({
      identifiers,
      transferSyntaxUID: EXPLICIT_VR_LITTLE_ENDIAN,
      elements: [
        [0x00290010, 'LO', 'BIG'],
        [0x00291010, 'OB', blob],
        [0x00100010, 'PN', 'Big^Private'],
        [0x00100020, 'LO', 'BAD-1'],
      ],
      image,
    }),
  ) as Uint8Array<ArrayBuffer>;
}
