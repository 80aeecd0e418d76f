/**
 * The meaning of the code that a PACS gives for an instance, Warning Reason (0008,1196) or Failure Reason (0008,1197),
 * as a sentence and a remedy. Sources: PS3.18 Tables I.2-1 and I.2-2 for a store, PS3.4 Table B.2-1 and PS3.7 Annex C
 * for codes that a PACS passes on from DIMSE, PS3.3 C.14 for storage commitment, and documented additions of vendors.
 * Any other code gets a sentence too, because a PACS may send any number.
 */

export type PacsReason = {
  /** The code as the standards write it: four hexadecimal digits and H. */
  readonly code: string;
  readonly says: string;
  /** What a person can do about it. */
  readonly remedy: string;
};

type Row = {
  readonly from: number;
  /** The last code of the range; equal to `from` for a single code. */
  readonly to: number;
  readonly says: string;
  readonly remedy: string;
};

const one = (code: number, says: string, remedy: string): Row => ({ from: code, to: code, says, remedy });
const range = (from: number, to: number, [says, remedy]: readonly [string, string]): Row => ({
  from,
  to,
  says,
  remedy,
});

const CLASS_NOT_SUPPORTED =
  'Allow this SOP Class in the PACS, or send these images to a PACS that takes them.';
const SAME_UID = 'Compare the two. The one in the PACS was not replaced.';

/** Rows of single codes come before those of the ranges around them, because the first match counts. */
const ROWS: readonly Row[] = [
  one(0x0105, 'The PACS does not know an attribute of the image.', 'Look into the log of the PACS.'),
  one(0x0106, 'An attribute has a value that the PACS does not accept.', 'Look into the log of the PACS.'),
  one(0x0110, 'The PACS failed while it stored the image.', 'Look into the log of the PACS.'),
  one(0x0111, 'The PACS already has an image with this UID.', SAME_UID),
  one(0x0112, 'The PACS does not have the image.', 'Send it again.'),
  one(
    0x0117,
    'The PACS calls the SOP Instance UID invalid.',
    'Correct the UID at its source and send the image again.',
  ),
  one(
    0x0119,
    'The PACS has this SOP Instance UID under another SOP Class.',
    'Correct the UID at its source. Two objects share it.',
  ),
  one(0x0120, 'The PACS misses an attribute that it requires.', 'Correct the image at its source.'),
  one(
    0x0121,
    'The PACS misses the value of an attribute that it requires.',
    'Correct the image at its source.',
  ),
  one(0x0122, 'The PACS does not store this kind of object (SOP Class).', CLASS_NOT_SUPPORTED),
  one(
    0x0124,
    'The PACS does not let this sender store.',
    'Give the account or AE title of RelayPACS the right to store.',
  ),
  one(0x0131, 'The PACS has seen this transaction before.', 'Ask for the commitment again.'),
  one(0x0210, 'The PACS has seen this message before.', 'Send the image again.'),
  one(
    0x0211,
    'The PACS does not know how to store.',
    'Check that the address is that of its storage service.',
  ),
  one(0x0212, 'The PACS did not understand the request.', 'Look into the log of the PACS.'),
  one(0x0213, 'The PACS lacks the means to do this now.', 'Check its disk and load. Then send again.'),
  one(
    0xb000,
    'The PACS changed values of the image when it stored it.',
    'Check its coercion rules if you did not expect that.',
  ),
  one(
    0xb006,
    'The PACS left elements of the image out when it stored it.',
    'Check its coercion rules if you did not expect that.',
  ),
  one(
    0xb007,
    'The PACS stored the image, although it does not fit its SOP Class.',
    'Correct the source if viewers have trouble with it.',
  ),
  one(0xb00e, 'The PACS already has this image (a code of Azure).', SAME_UID),
  one(
    0xc122,
    'The PACS does not take this transfer syntax.',
    'Allow the transfer syntax in the PACS, or send uncompressed.',
  ),
  range(0xa700, 0xa7ff, [
    'The PACS has no room or is too busy.',
    'Free disk space in the PACS. RelayPACS offers the image again.',
  ]),
  range(0xa900, 0xa9ff, [
    'The PACS finds that the image does not fit its SOP Class or its study.',
    'Correct the image at its source, or make the PACS less strict.',
  ]),
  range(0xb000, 0xbfff, ['The PACS stored the image with a warning.', 'Look into the log of the PACS.']),
  range(0xc000, 0xcfff, [
    'The PACS cannot read the image.',
    'Look into the log of the PACS. Its parser may be stricter than ours.',
  ]),
];

const UNKNOWN = {
  says: 'The PACS gave a code that no standard explains.',
  remedy: 'Look into the log of the PACS, and ask its vendor.',
};

/** `code`: any number that a PACS sent. */
export function describePacsReason(code: number): PacsReason {
  const { says, remedy } = ROWS.find(({ from, to }) => code >= from && code <= to) ?? UNKNOWN;
  return { code: `${code.toString(16).toUpperCase().padStart(4, '0')}H`, says, remedy };
}

/** Each code that the PACS gave, in words and with its count, most frequent first. */
export function countPacsReasons(
  instances: readonly { readonly pacsCode?: number | undefined }[],
): readonly (PacsReason & { readonly count: number })[] {
  const codes = instances.flatMap(({ pacsCode }) => (pacsCode === undefined ? [] : [pacsCode]));
  return [...Map.groupBy(codes, (code) => code)]
    .map(([code, all]) => ({ ...describePacsReason(code), count: all.length }))
    .sort((a, b) => b.count - a.count);
}
