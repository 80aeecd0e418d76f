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
  'Allow this SOP Class in the PACS, or send these images to a PACS that accepts them.';
const SAME_UID = 'Compare both images. The one in the PACS was not replaced.';

/** Rows of single codes come before those of the ranges around them, because the first match counts. */
const ROWS: readonly Row[] = [
  one(0x0105, 'The PACS does not know an attribute of the image.', 'Check the log of the PACS.'),
  one(0x0106, 'An attribute has a value that the PACS does not accept.', 'Check the log of the PACS.'),
  one(0x0110, 'The PACS failed while it stored the image.', 'Check the log of the PACS.'),
  one(0x0111, 'The PACS already has an image with this UID.', SAME_UID),
  one(0x0112, 'The PACS does not have the image.', 'Send it again.'),
  one(
    0x0117,
    'The PACS considers the SOP Instance UID invalid.',
    'Correct the UID at its source and send the image again.',
  ),
  one(
    0x0119,
    'The PACS has this SOP Instance UID with another SOP Class.',
    'Two objects have the same UID. Correct the UID at its source.',
  ),
  one(0x0120, 'An attribute that the PACS requires is missing.', 'Correct the image at its source.'),
  one(
    0x0121,
    'The value of an attribute that the PACS requires is missing.',
    'Correct the image at its source.',
  ),
  one(0x0122, 'The PACS does not store this kind of object (SOP Class).', CLASS_NOT_SUPPORTED),
  one(
    0x0124,
    'The PACS does not allow this sender to store.',
    'Give RelayPACS (its account or AE title) permission to store.',
  ),
  one(0x0131, 'The PACS has seen this transaction before.', 'Request the commitment again.'),
  one(0x0210, 'The PACS has seen this message before.', 'Send the image again.'),
  one(
    0x0211,
    'The PACS does not support storing at this address.',
    'Check that this is the address of its storage service.',
  ),
  one(0x0212, 'The PACS did not understand the request.', 'Check the log of the PACS.'),
  one(
    0x0213,
    'The PACS does not have enough resources now.',
    'Check its disk space and load. Then send again.',
  ),
  one(
    0xb000,
    'The PACS changed values of the image when it stored it.',
    'Check its coercion rules if you did not expect that.',
  ),
  one(
    0xb006,
    'The PACS removed elements from the image when it stored it.',
    'Check its coercion rules if you did not expect that.',
  ),
  one(
    0xb007,
    'The PACS stored the image, although it does not match its SOP Class.',
    'Correct the source if viewers have trouble with it.',
  ),
  one(0xb00e, 'The PACS already has this image (a code of Azure).', SAME_UID),
  one(
    0xc122,
    'The PACS does not accept this transfer syntax.',
    'Allow the transfer syntax in the PACS, or send uncompressed.',
  ),
  range(0xa700, 0xa7ff, [
    'The PACS is out of space or too busy.',
    'Free disk space in the PACS. RelayPACS sends the image again automatically.',
  ]),
  range(0xa900, 0xa9ff, [
    'According to the PACS, the image does not match its SOP Class or its study.',
    'Correct the image at its source, or make the PACS less strict.',
  ]),
  range(0xb000, 0xbfff, ['The PACS stored the image with a warning.', 'Check the log of the PACS.']),
  range(0xc000, 0xcfff, [
    'The PACS cannot read the image.',
    'Check the log of the PACS. It may be stricter than RelayPACS.',
  ]),
];

const UNKNOWN = {
  says: 'The PACS returned a code that is not in any standard.',
  remedy: 'Check the log of the PACS, and ask its vendor.',
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
