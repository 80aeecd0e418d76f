/** The words of the receipt on paper. */
import { nameCoerced, type CoercedAttribute } from '#shared/protocol/coercion.ts';
import { describePacsReason } from '#shared/protocol/pacs-reasons.ts';
import type { Receipt, ReceiptInstance } from '#shared/protocol/receipt.ts';
import type { WithheldCause } from '#shared/protocol/withheld.ts';

const plural = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;
const images = (count: number): string => plural(count, 'image', 'images');

type Proof = NonNullable<ReceiptInstance['proof']>;

export const sheetWords = {
  title: 'Receipt',
  product: 'RelayPACS',
  /** The headline, which answers what a person wants to know. Only the sender knows whether it sent all of a study. */
  allThere: (count: number) =>
    count === 1
      ? 'The image that was sent is in the PACS.'
      : `All ${images(count)} that were sent are in the PACS.`,
  someThere: (there: number, of: number) =>
    `${there} of ${images(of)} are in the PACS. For the others, the reason is given below.`,
  noneThere: 'No images of this study are in the PACS.',
  proof: {
    digest: (count: number) => `${count} compared with the PACS's own digest`,
    'read-back': (count: number) => `${count} read back from the PACS and compared byte for byte`,
    found: (count: number) => `${count} listed by the PACS when it was asked`,
  } satisfies Record<Proof, (count: number) => string>,
  committed: (count: number) => `${count} that the PACS promised to keep (storage commitment)`,
  terms: {
    study: 'Study Instance UID',
    what: 'Content',
    pseudonym: 'Pseudonym',
    when: 'Confirmed',
    sent: 'Sent',
    where: 'PACS',
    how: 'How it was proven',
    further: 'Other destinations',
    by: 'Sent by',
    names: 'Names',
    receipt: 'Receipt',
    root: 'Fingerprint (Merkle root)',
    notStored: 'Not stored',
    others: 'Not in the PACS',
    firstOnly: 'In the first PACS only',
    first: 'First PACS',
  },
  further: (name: string, there: number, of: number, asPromised: number) =>
    `${name}: ${there} of ${of} there, ${asPromised} with the expected digest`,
  coerced: (attributes: readonly CoercedAttribute[]) =>
    `a rule changed ${nameCoerced(attributes)} for this destination`,
  unfinished: (name: string) => `${name}: not complete there when this receipt was signed`,
  givenUp: (at: string) => `given up by an administrator, ${at}`,
  /** The beginning of the device's id is enough to find the study in a search of the site. */
  device: ({ id, name }: { readonly id: string; readonly name: string | null }) =>
    `${name === null ? '' : `${name}, `}device ${id.slice(0, 8)}`,
  fromDevice: 'from a device on which this user had signed in',
  signedIn: 'signed in',
  account: (id: string) => `account ${id}`,
  policy: (name: string, version: number) => `policy ${name}, version ${version}`,
  revision: (id: string, revision: number) => `${id}, revision ${revision}`,
  issued: ({ jti, revision }: Pick<Receipt, 'jti' | 'revision'>, at: string) =>
    `${sheetWords.revision(jti, revision)}, issued ${at}`,
  deidentified: (edition: string, options: readonly string[]) =>
    `removed by PS3.15 of ${edition}, Basic Profile${options.length === 0 ? '' : ` with ${options.join(', ')}`}`,
  checked: (count: number) => `${images(count)} checked again by the gateway`,
  covered: (count: number) => `a person covered parts of ${plural(count, 'image', 'images')}`,
  released: (count: number) => `a person checked ${plural(count, 'image', 'images')} and found no names`,
  withNames: 'sent with names',
  outcomes: {
    refused: (count: number) => `${count} refused`,
    quarantined: (count: number) => `${count} waiting for a decision`,
    'left-out': (count: number) => `${count} left out by a person`,
  },
  /** Instances that the sender did not promise to send, with the reason that it gave. */
  withheld: {
    'left-out': (count: number) => `${count} left out by a person before sending`,
    'left-out-name': (count: number) => `${count} left out by a person: may show a name`,
    'left-out-other-patient': (count: number) => `${count} left out by a person: of another patient`,
    'left-out-faulty': (count: number) => `${count} left out by a person: faulty`,
    'left-out-unsafe': (count: number) => `${count} left out by a person: not allowed by the policy`,
    damaged: (count: number) => `${count} damaged or missing on the disc`,
    held: (count: number) => `${count} held back until a person decides`,
  } satisfies Record<WithheldCause, (count: number) => string>,
  moreOthers: (count: number) => `${count} more, all listed in the attached receipt`,
  /** The gateway that issued the receipt may be newer, and know more reasons. */
  unknownReason: 'for a reason that this gateway does not recognize',
  /** Warning or Failure Reason, as PS3.4 and PS3.18 write it. */
  pacsCode: (given: number) => `PACS code ${describePacsReason(given).code}`,
  pacsSays: (given: number) => {
    const { says, remedy } = describePacsReason(given);
    return `${says} ${remedy}`;
  },
  check:
    'The code and this file are signed. Check them in the app under Studies, "Check a receipt", or on any computer ' +
    'with RelayPACS:',
  checkKeys:
    "The address provides the gateway's public keys. To check receipts without a network, save the keys as a file " +
    'and use its path instead. The complete receipt, which lists every image, is attached to this file.',
  upload: (which: number, of: number) => `Upload ${which} of ${of}`,
  page: (which: number, of: number) => `Page ${which} of ${of}`,
  printed: (at: string) => `Created ${at}`,
} as const;

/** Kinds of objects by the end of their SOP Class UID, under 1.2.840.10008.5.1.4.1.1 (PS3.4 §B.5). */
const KINDS: readonly (readonly [RegExp, string])[] = [
  [/^2(\.|$)/, 'CT'],
  [/^4(\.|$)/, 'MR'],
  [/^1\.2/, 'Mammography'],
  [/^1\.3/, 'Intra-oral X-ray'],
  [/^1(\.|$)/, 'X-ray'],
  [/^(3|6)(\.|$)/, 'Ultrasound'],
  [/^7(\.|$)/, 'Secondary Capture'],
  [/^12\.|^13\.1/, 'X-ray angiography or fluoroscopy'],
  [/^20$/, 'Nuclear medicine'],
  [/^(128|130)(\.|$)/, 'PET'],
  [/^77\.1/, 'Photograph or microscopy'],
  [/^9\./, 'Waveform'],
  [/^11\./, 'Presentation State'],
  [/^66\.4$/, 'Segmentation'],
  [/^88\./, 'Structured Report'],
  [/^104\./, 'Document'],
  [/^481\./, 'Radiotherapy'],
];

/** For example "24 CT, 1 Structured Report", the most frequent kind first. */
export function describeClasses(counts: ReadonlyMap<string, number>): string {
  const byKind = new Map<string, number>();
  for (const [uid, count] of counts) {
    const end = uid.startsWith(STORAGE_ROOT) ? uid.slice(STORAGE_ROOT.length) : '';
    const kind = KINDS.find(([form]) => form.test(end))?.[1] ?? 'Other';
    byKind.set(kind, (byKind.get(kind) ?? 0) + count);
  }
  return [...byKind]
    .sort(([, a], [, b]) => b - a)
    .map(([kind, count]) => `${count} ${kind}`)
    .join(', ');
}

const STORAGE_ROOT = '1.2.840.10008.5.1.4.1.1.';
