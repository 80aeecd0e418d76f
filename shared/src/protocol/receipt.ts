/**
 * The receipt: what the gateway signs once it has checked the PACS. It is one compact JWS (RFC 7515, EdDSA), which
 * anyone can check offline with the keys at `/.well-known/jwks.json`. Gateway and device sign and check with jose in
 * their own code; this file defines the content.
 */
import { z } from 'zod';
import { COERCED_ATTRIBUTES } from './coercion.ts';
import { isReportedAs, type REPORT_CAUSES } from './deid-report.ts';
import { digestSchema, needSchema, uidSchema, withheldSchema } from './forms.ts';
import { reportActionsSchema, reportTermsSchema } from './manifest.ts';
import { instancesIn } from './same-uid.ts';

/** The JWS header's `typ`: it keeps receipts and other tokens of this gateway from being mistaken for each other. */
export const RECEIPT_TYPE = 'relaypacs-receipt+jws';

export const receiptPolicySchema = z.object({ name: z.string(), version: z.number().int() });

/**
 * The outcome of one instance. `stored`, `coerced` and `already-stored` were seen in the PACS. Other instances are not
 * there, unless they have a `proof`: those are in the first destination alone.
 */
export const receiptInstanceSchema = z.object({
  sopInstanceUID: uidSchema,
  /** SHA-256 of the instance as it was sent to the PACS, hexadecimal. */
  digest: digestSchema,
  /**
   * Digest of the original before de-identification, as the device promised it: HMAC-SHA-256 of its SHA-256 under the
   * project key.
   */
  originalDigest: digestSchema.optional(),
  bytes: z.number().int().min(0),
  state: z.enum(['stored', 'coerced', 'already-stored', 'refused', 'quarantined', 'left-out']),
  /** A code of REASONS; only for instances that are not in the PACS. */
  reason: z.string().optional(),
  /** The reason from the PACS: Warning Reason (0008,1196) or Failure Reason (0008,1197). */
  pacsCode: z.number().int().optional(),
  /**
   * How it was proven that the instance is stored. `found`: by a search. `digest`: the PACS's own digest equals that of
   * the sent bytes. `read-back`: it was read back and compared byte for byte (over DIMSE only the Data Set, which is
   * all that is sent).
   */
  proof: z.enum(['found', 'digest', 'read-back']).optional(),
  /** The PACS has committed to keep the instance: storage commitment (PS3.4 Annex J). */
  committed: z.literal(true).optional(),
  /**
   * The policy under which the instance was promised, if not the study's: a study may be sent in parts, and the policy
   * may change in between.
   */
  policy: receiptPolicySchema.optional(),
  /** The index of the instance's report in `reports`, from 0. */
  report: z.number().int().min(0).optional(),
  /**
   * The gateway de-identified the header once more under that policy before sending the instance to the PACS, and
   * nothing changed.
   */
  residue: z.literal('none').optional(),
});
export type ReceiptInstance = z.infer<typeof receiptInstanceSchema>;

/**
 * The device's report, action by action. The gateway signs only that the device reported this; `residue` says what the
 * gateway checked itself.
 */
const receiptReportSchema = reportTermsSchema.extend({
  /** Codes of PS3.16 CID 7050, scheme DCM: the Basic Profile and each option. */
  methods: z.array(z.string().regex(/^\d{6}$/, '6 digits')),
  /**
   * Digest of the report's canonical text (deid-report.ts). `relay deidentify --report` gives the same digest for the
   * same file.
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
  /**
   * Attributes that a rule had changed for this destination, under a policy that keeps names; `digest` is that of the
   * changed instance.
   */
  coerced: z.array(z.enum(COERCED_ATTRIBUTES)).optional(),
  /** When an administrator gave the destination up for this study: it gets no more of the study. UTC, ISO 8601. */
  givenUpAt: z.iso.datetime().optional(),
  /**
   * In the order of the receipt's instances; absent: they were not all settled there when the receipt was signed
   * (`also`).
   */
  instances: z
    .array(
      receiptInstanceSchema
        .pick({ reason: true, pacsCode: true, proof: true, committed: true })
        /** `not-given`: the gateway had no bytes of the instance to send. */
        .extend({ state: receiptInstanceSchema.shape.state.or(z.literal('not-given')) })
        /** Digest of the instance as this destination holds it; only for instances that it has. */
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
  /**
   * When the last of the study's instances in the PACS was confirmed, in the same unit as `iat`; absent: the PACS has
   * none.
   */
  confirmed: z.number().int().optional(),
  version: z.literal(1),
  studyInstanceUID: uidSchema,
  revision: z.number().int().min(1),
  /**
   * The policy of the newest manifest that named something new. An instance promised under another policy names that
   * policy itself.
   */
  policy: receiptPolicySchema,
  /** The PACS that was asked: its DICOMweb root without credentials. */
  pacs: z.string(),
  /** Merkle root of `merkleLeaf` of each instance in this order (the tree of RFC 9162 §2.1.1), hexadecimal SHA-256. */
  root: digestSchema,
  instances: z.array(receiptInstanceSchema),
  /** Instances of the study that the sender says it did not promise; absent: there are none. */
  withheld: withheldSchema.optional(),
  /**
   * The further destinations, by name; absent: there are none. An instance is `stored` once every required destination
   * that was not given up has it.
   */
  destinations: z.array(receiptDestinationSchema).optional(),
  /** The text of the QR code on paper: a JWS of its own (receipt-sheet.ts), signed with the same key. */
  code: z.string().max(1024).optional(),
  /** Each distinct report once; absent: no instance has one. */
  reports: z.array(receiptReportSchema).optional(),
});
export type Receipt = z.infer<typeof receiptSchema>;

/** The instance counts of one further destination. */
export type DestinationSummary = Pick<
  ReceiptDestination,
  'name' | 'pacs' | 'need' | 'givenUpAt' | 'coerced'
> & {
  readonly of: number;
  /** Instances that the destination has; null: not all were settled there when the receipt was signed. */
  readonly there: number | null;
  /** Instances there with the digest that was promised. */
  readonly asPromised: number;
  /** Instances there that the destination has committed to keep. */
  readonly committed: number;
};

export const destinationsOf = ({ instances, destinations = [] }: Receipt): readonly DestinationSummary[] => {
  // A further destination gets only one image per UID.
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
 * For the instance at index `at`: the names, in one text, of the further destinations for which it is held, and the
 * answer of the one whose reason the receipt gives. Null: the instance is not held for a destination.
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

/** Destinations that must have the study, but were given up before they had all of it. */
export const givenUpIn = (receipt: Receipt): readonly string[] =>
  destinationsOf(receipt)
    .filter(
      ({ need, givenUpAt, there, of }) => need === 'required' && givenUpAt !== undefined && there !== of,
    )
    .map(({ name }) => name);

/**
 * How many instances were proven in each way. Instances that the PACS committed to keep are counted under `committed`
 * as well.
 */
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

/** A receipt's summary of de-identification, for one line of text. */
export interface Deidentification {
  /** Edition and options of the receipt's reports, each combination once. */
  readonly terms: readonly Pick<ReceiptReport, 'edition' | 'options'>[];
  /** The number of distinct reports. */
  readonly reports: number;
  /** Instances that name a report. */
  readonly instances: number;
  /** Instances in which the gateway found nothing left to remove. */
  readonly withoutResidue: number;
  /** Instances whose report says that a person covered places of the image. */
  readonly covered: number;
  /** Instances whose report says that a person looked at them and released them as they were. */
  readonly released: number;
}

/** Null: nothing was de-identified, or there is neither a report of the device nor a check of the gateway. */
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
 * RFC 9162 §2.1.1: leaves are hashed with a 0 byte before them, nodes with a 1 byte, so that a leaf cannot pass for a
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

/** The bytes of one leaf: UID, digest and state, separated by line feeds, which none of them can contain. */
function merkleLeaf(instance: ReceiptInstance): Uint8Array {
  return new TextEncoder().encode(`${instance.sopInstanceUID}\n${instance.digest}\n${instance.state}`);
}

/**
 * How many digests are requested at once. WebCrypto returns all finished digests in one turn of the event loop: 20 000
 * at once blocked it for 270 ms, 256 block it for less than 10.
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
  // Pairing from the left and carrying a left-over node up gives the same root as RFC 9162's split at the largest power
  // of two.
  while (level.length > 1) {
    const pairs = level.flatMap((left, i) => (i % 2 === 0 ? [[left, ...level.slice(i + 1, i + 2)]] : []));
    level = await hashEach(pairs, async (pair) => (pair.length === 2 ? sha256(NODE, ...pair) : pair[0]!));
  }
  return [...level[0]!].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
