/**
 * The receipt: what the gateway signs once it has looked in the PACS. One compact JWS (RFC 7515, EdDSA) and
 * nothing else; checkable offline with the keys at `/.well-known/jwks.json`. Signing and checking use jose
 * and live at the two ends; this file defines the content.
 */
import { z } from 'zod';
import { COERCED_ATTRIBUTES } from './coercion.ts';
import { isReportedAs, type REPORT_CAUSES } from './deid-report.ts';
import { digestSchema, needSchema, uidSchema, withheldSchema } from './forms.ts';
import { reportActionsSchema, reportTermsSchema } from './manifest.ts';
import { instancesIn } from './same-uid.ts';

/**
 * The JWS header's `typ`: a receipt can be taken for no other token of this gateway, and no other token for a
 * receipt.
 */
export const RECEIPT_TYPE = 'relaypacs-receipt+jws';

export const receiptPolicySchema = z.object({ name: z.string(), version: z.number().int() });

/**
 * The outcome of one instance. `stored`, `coerced`, `already-stored` were seen in the PACS; the others are not there,
 * or with a `proof` in the first destination alone.
 */
export const receiptInstanceSchema = z.object({
  sopInstanceUID: uidSchema,
  /** SHA-256 of the instance as the PACS was given it, hexadecimal. */
  digest: digestSchema,
  /**
   * Digest of the original, before de-identification: HMAC-SHA-256 of its SHA-256 under the project key, as the
   * device promised it.
   */
  originalDigest: digestSchema.optional(),
  bytes: z.number().int().min(0),
  state: z.enum(['stored', 'coerced', 'already-stored', 'refused', 'quarantined', 'left-out']),
  /** A code of REASONS; for instances that are not in the PACS. */
  reason: z.string().optional(),
  /** The reason from the PACS: Warning Reason (0008,1196) or Failure Reason (0008,1197). */
  pacsCode: z.number().int().optional(),
  /**
   * How it was proven: found by a search; the digest that the PACS made of it is that of the sent bytes; or read
   * back and compared byte for byte (over DIMSE its Data Set, which is all that travels).
   */
  proof: z.enum(['found', 'digest', 'read-back']).optional(),
  /** The PACS has said that it keeps it: storage commitment (PS3.4 Annex J). */
  committed: z.literal(true).optional(),
  /**
   * The policy under which it was promised, where it is not the study's: a study may be sent in parts, and
   * the policy change in between.
   */
  policy: receiptPolicySchema.optional(),
  /** The index of its report in `reports`, from 0. */
  report: z.number().int().min(0).optional(),
  /**
   * The gateway de-identified its header once more under that policy, before the PACS was given it, and
   * nothing changed.
   */
  residue: z.literal('none').optional(),
});
export type ReceiptInstance = z.infer<typeof receiptInstanceSchema>;

/**
 * The device's report, action by action. The gateway signs that the device reported this, and with `residue`
 * what it checked itself.
 */
const receiptReportSchema = reportTermsSchema.extend({
  /** Codes of PS3.16 CID 7050, scheme DCM: the Basic Profile and each option. */
  methods: z.array(z.string().regex(/^\d{6}$/, '6 digits')),
  /**
   * Digest of the report's canonical text (deid-report.ts): `relay deidentify --report` gives the same for the same
   * file.
   */
  digest: digestSchema,
  /** `<path> <action> <because>`; absent if the list was too long to send. */
  actions: reportActionsSchema.optional(),
});
export type ReceiptReport = z.infer<typeof receiptReportSchema>;

/** A further destination of the study. */
const receiptDestinationSchema = z.object({
  name: z.string(),
  /** The destination's DICOMweb root without credentials. */
  pacs: z.string(),
  need: needSchema,
  /** Attributes that a rule had changed there, where names are kept; `digest` is that of the changed instance. */
  coerced: z.array(z.enum(COERCED_ATTRIBUTES)).optional(),
  /** An administrator gave it up for this study: what it does not have, it does not get. UTC, ISO 8601. */
  givenUpAt: z.iso.datetime().optional(),
  /** In the order of the receipt's; absent where they were not all settled there when it was signed (`also`). */
  instances: z
    .array(
      receiptInstanceSchema
        .pick({ reason: true, pacsCode: true, proof: true, committed: true })
        /** `not-given`: the gateway had nothing of it to give. */
        .extend({ state: receiptInstanceSchema.shape.state.or(z.literal('not-given')) })
        /** Digest of the instance as this destination holds it; for instances that it has. */
        .extend({ digest: digestSchema.optional() }),
    )
    .optional(),
});
export type ReceiptDestination = z.infer<typeof receiptDestinationSchema>;

export const receiptSchema = z.object({
  /** The receipt's id, a UUID. */
  jti: z.uuid(),
  /** The gateway's public URL. */
  iss: z.string(),
  /** Seconds since 1970, UTC. */
  iat: z.number().int(),
  /** When the last of its instances in the PACS was confirmed, as `iat`; absent where the PACS has none. */
  confirmed: z.number().int().optional(),
  version: z.literal(1),
  studyInstanceUID: uidSchema,
  revision: z.number().int().min(1),
  /**
   * The policy of the newest manifest that named something new; an instance that was promised under another one names
   * it.
   */
  policy: receiptPolicySchema,
  /** The PACS that was asked: its DICOMweb root without credentials. */
  pacs: z.string(),
  /**
   * Merkle root (RFC 9162 §2.1.1 tree over `merkleLeaf` of each instance, in this order), hexadecimal
   * SHA-256.
   */
  root: digestSchema,
  instances: z.array(receiptInstanceSchema),
  /** Instances of the study that the sender did not promise, as it said; absent where there are none. */
  withheld: withheldSchema.optional(),
  /**
   * The further ones, by name; absent where it has none. An instance is `stored` when each required one that was not
   * given up has it.
   */
  destinations: z.array(receiptDestinationSchema).optional(),
  /** The text of its QR code on paper: a JWS of its own (receipt-sheet.ts), signed with the same key. */
  code: z.string().max(1024).optional(),
  /** Each distinct one once; absent where no instance has one. */
  reports: z.array(receiptReportSchema).optional(),
});
export type Receipt = z.infer<typeof receiptSchema>;

/** The summary of one further destination, in instances. */
export type DestinationSummary = Pick<
  ReceiptDestination,
  'name' | 'pacs' | 'need' | 'givenUpAt' | 'coerced'
> & {
  readonly of: number;
  /** Instances that it has; null: they had not come to an end there when the receipt was signed. */
  readonly there: number | null;
  /** Instances there with the digest that was promised. */
  readonly asPromised: number;
  /** Instances there that the destination has said it keeps. */
  readonly committed: number;
};

export const destinationsOf = ({ instances, destinations = [] }: Receipt): readonly DestinationSummary[] => {
  // A further one is given one image under each UID.
  const of = new Set(instances.map(({ sopInstanceUID }) => sopInstanceUID)).size;
  return destinations.map(({ instances: outcomes, ...destination }) => {
    const count = (matches: (outcome: CopyOutcome, at: number) => boolean): number =>
      new Set(
        instances.flatMap(({ sopInstanceUID }, at) => {
          const outcome = outcomes?.[at];
          return outcome !== undefined && matches(outcome, at) ? [sopInstanceUID] : [];
        }),
      ).size;
    return {
      ...destination,
      of,
      there: outcomes === undefined ? null : count(({ digest }) => digest !== undefined),
      asPromised: count(({ digest }, at) => digest === instances[at]?.digest),
      committed: count(({ committed }) => committed === true),
    };
  });
};

type CopyOutcome = NonNullable<ReceiptDestination['instances']>[number];

/**
 * The further destinations that must have the instance at this place of the list and did not take it, in one text, with
 * the answer of the one that the receipt speaks of; null: the first one has not, or nothing is missing.
 */
export function lackingAt(
  { instances, destinations = [] }: Receipt,
  at: number,
): { readonly name: string; readonly pacsCode: number | null } | null {
  const said = instances[at];
  if (said?.state !== 'quarantined') return null;
  const lacking = destinations.flatMap(({ name, need, givenUpAt, instances: there }) => {
    const copy = there?.[at];
    const isHeldFor = need === 'required' && givenUpAt === undefined && copy && HELD_FOR.includes(copy.state);
    return isHeldFor ? [{ name, copy }] : [];
  });
  const first = lacking.find(({ copy }) => copy.reason === said.reason);
  if (first === undefined) return null;
  return { name: lacking.map(({ name }) => name).join(', '), pacsCode: first.copy.pacsCode ?? null };
}

const HELD_FOR: readonly CopyOutcome['state'][] = ['refused', 'quarantined'];

/** Further destinations that must have the study, and were given up before they had all of it. */
export const givenUpIn = (receipt: Receipt): readonly string[] =>
  destinationsOf(receipt)
    .filter(
      ({ need, givenUpAt, there, of }) => need === 'required' && givenUpAt !== undefined && there !== of,
    )
    .map(({ name }) => name);

/** The count of instances proven in each way; those that the PACS promised to keep were proven besides. */
export function countProofs(
  instances: readonly Pick<ReceiptInstance, 'proof' | 'committed'>[],
): Readonly<Record<NonNullable<ReceiptInstance['proof']> | 'committed', number>> {
  const proven = (by: ReceiptInstance['proof']) => instances.filter(({ proof }) => proof === by).length;
  return {
    found: proven('found'),
    digest: proven('digest'),
    'read-back': proven('read-back'),
    committed: instances.filter(({ committed }) => committed).length,
  };
}

/** A receipt's summary of de-identification, in a line. */
export interface Deidentification {
  /** Edition and options of its reports, each combination once. */
  readonly terms: readonly Pick<ReceiptReport, 'edition' | 'options'>[];
  /** Distinct reports. */
  readonly reports: number;
  /** Instances that name one. */
  readonly instances: number;
  /** Instances in which the gateway found no residue. */
  readonly withoutResidue: number;
  /** Instances whose report says that a person covered places of the image. */
  readonly covered: number;
  /** Instances whose report says that a person looked at them and released them as they were. */
  readonly released: number;
}

/** null: nothing was de-identified, or neither the device reported its changes nor the gateway its check. */
export function deidentificationOf({ instances: contents, reports = [] }: Receipt): Deidentification | null {
  const instances = instancesIn(contents);
  const withoutResidue = instances.filter(({ residue }) => residue === 'none').length;
  if (reports.length === 0 && withoutResidue === 0) return null;
  const terms = new Map(
    reports.map(({ edition, options }) => [[edition, ...options].join(), { edition, options }]),
  );
  const causedBy = (cause: (typeof REPORT_CAUSES)[number]): number => {
    const are = reports.map(({ actions }) => isReportedAs(actions, cause));
    return instances.filter(({ report }) => report !== undefined && are[report]).length;
  };
  return {
    terms: [...terms.values()],
    reports: reports.length,
    instances: instances.filter(({ report }) => report !== undefined).length,
    withoutResidue,
    covered: causedBy('covered'),
    released: causedBy('released'),
  };
}

/**
 * RFC 9162 §2.1.1: leaves are hashed behind a 0 byte, nodes behind a 1 byte, so that a leaf cannot pass for a
 * node.
 */
const LEAF = 0;
const NODE = 1;

async function sha256(prefix: number, ...parts: Uint8Array[]): Promise<Uint8Array> {
  const bytes = new Uint8Array(1 + parts.reduce((sum, part) => sum + part.length, 0));
  bytes[0] = prefix;
  let at = 1;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

/** The bytes of one leaf: UID, digest and state, separated by a line feed, which none of them can hold. */
function merkleLeaf(instance: ReceiptInstance): Uint8Array {
  return new TextEncoder().encode(`${instance.sopInstanceUID}\n${instance.digest}\n${instance.state}`);
}

/**
 * The number of digests that are asked for at once. WebCrypto hands all that are ready back in one turn of the event
 * loop: 20 000 at once held it for 270 ms, 256 at once hold it for less than 10.
 */
const DIGESTS_AT_ONCE = 256;

/** `parts` in their order, each hashed by `hash`. */
async function hashEach<T>(
  parts: readonly T[],
  hash: (part: T) => Promise<Uint8Array>,
): Promise<Uint8Array[]> {
  const hashes: Uint8Array[] = [];
  for (let from = 0; from < parts.length; from += DIGESTS_AT_ONCE)
    hashes.push(...(await Promise.all(parts.slice(from, from + DIGESTS_AT_ONCE).map(hash))));
  return hashes;
}

/** The Merkle root over the instances in their order, as 64 hexadecimal digits. */
export async function merkleRoot(instances: readonly ReceiptInstance[]): Promise<string> {
  let level = await hashEach(instances, (instance) => sha256(LEAF, merkleLeaf(instance)));
  if (level.length === 0) level = [new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array()))];
  // Pairing from the left and carrying an odd node up gives the same root as RFC 9162's split at the largest
  // power of two.
  while (level.length > 1) {
    const pairs = level.flatMap((left, i) => (i % 2 === 0 ? [[left, ...level.slice(i + 1, i + 2)]] : []));
    level = await hashEach(pairs, async (pair) => (pair.length === 2 ? sha256(NODE, ...pair) : pair[0]!));
  }
  return [...level[0]!].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
