/**
 * Schemas for destinations: the PACSs to which studies go, and how the gateway reaches each. A password, token or key
 * is only ever sent to the gateway and never returned; a change that leaves one out keeps the stored one.
 */
import { z } from 'zod';
import { parseDimseAddress } from './dimse-address.ts';
import { GIVING_UP_REASONS } from './dimse-peer.ts';
import { needSchema, uidSchema } from './forms.ts';
import { policyNameSchema } from './policy.ts';
import { viewerSchema } from './viewer.ts';

const lineSchema = z.string().min(1).max(2000);
const secretSchema = lineSchema.optional();
/** Visible ASCII: header fields (RFC 9110 §5.5) and OAuth credentials (RFC 6749 Appendix A) allow nothing else. */
const asciiSecretSchema = z
  .string()
  .max(8000)
  .regex(/^[\x21-\x7e]+$/, 'visible ASCII characters without spaces')
  .optional();
/** Enough for certificates with their chain, or for a key. */
const PEM_LIMIT = 64 * 1024;
const pemSchema = z
  .string()
  .max(PEM_LIMIT)
  .regex(
    /^\s*-----BEGIN [A-Z0-9 ]+-----\s[\s\S]*-----END [A-Z0-9 ]+-----\s*$/,
    'PEM, from its line BEGIN to its line END',
  );
/**
 * Many programs write a certificate and its key into one file. A key is refused here, because certificates are stored
 * and shown in clear text.
 */
const withoutKeySchema = pemSchema.refine(
  (text) => !/-----BEGIN [A-Z0-9 ]*PRIVATE KEY/.test(text),
  'certificates alone, without a key',
);

/**
 * - `dicomweb`: the DICOMweb root of any PACS; an Orthanc is recognised by its answers
 * - `orthanc`: the DICOMweb root of an Orthanc whose REST API the gateway may use; without the API it does not work
 * - `dimse`: host, port and AE titles (dimse-address.ts), with TLS or without
 * - `folder`: the part of the folder's path after RELAY_FOLDER_ROOT
 */
export const DESTINATION_KINDS = ['dicomweb', 'orthanc', 'dimse', 'folder'] as const;
export type DestinationKind = (typeof DESTINATION_KINDS)[number];

/** A relative path below the root, in which no name begins with a dot. */
const FOLDER = /^[A-Za-z0-9_][A-Za-z0-9._-]*(\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/;
const FOLDER_LIMIT = 200;
const isFolderPath = (text: string): boolean => text.length <= FOLDER_LIMIT && FOLDER.test(text);

/** How the address of each kind must look, with an example. */
const ADDRESS_FORMS = {
  dicomweb: 'the DICOMweb root without a password or a query, for example https://pacs.example.org/dicom-web',
  orthanc: 'a DICOMweb root that ends in /dicom-web, for example https://orthanc.example.org/dicom-web',
  dimse: 'host, port and both AE titles, for example dimse://RELAYPACS@pacs.example.org:11112/ORTHANC',
  folder:
    'the part of its path after RELAY_FOLDER_ROOT, for example archive/night for /srv/dicom/archive/night',
} satisfies Record<DestinationKind, string>;

/**
 * Bytes of instances in one store request: the default, and the smallest size that the gateway learns for a PACS. A
 * larger instance is sent alone. Were requests far larger, more instances would have to be looked up again after a PACS
 * failure.
 */
export const BATCH_BYTES_LIMIT = 6 * 1024 * 1024;
export const BATCH_BYTES_LEAST = 64 * 1024;

/** No password and no query in the address: both would end up in logs. */
const addressSchema = z
  .url({ protocol: /^https?$/ })
  .max(2000)
  .refine((text) => {
    if (!URL.canParse(text)) return false;
    const { username, password, search, hash } = new URL(text);
    return username + password + search + hash === '';
  }, 'an address without a password, a query or a fragment');

const none = z.strictObject({ kind: z.literal('none') });
const basic = z.strictObject({
  kind: z.literal('basic'),
  username: z
    .string()
    .min(1)
    .max(255)
    .regex(/^[^:]+$/, 'no colon'),
});
const bearer = z.strictObject({ kind: z.literal('bearer') });
const oauth = z.strictObject({
  kind: z.literal('oauth'),
  tokenUrl: addressSchema,
  clientId: lineSchema,
  scope: lineSchema.nullable(),
});
/** A whole Authorization header field; only PACS_AUTHORIZATION sets it. */
const header = z.strictObject({ kind: z.literal('header') });

/** Connection settings that are stored just as an administrator wrote them. */
const plainSettings = {
  /**
   * Storage commitment over DIMSE and DICOMweb: an instance counts as stored only once the PACS has also committed to
   * keep it.
   */
  commitment: z.boolean().optional(),
};

/** Everything about the connection except its secrets. */
export const destinationSettingsSchema = z.strictObject({
  authentication: z.discriminatedUnion('kind', [none, basic, bearer, oauth, header]),
  /** PEM: certificate authorities to trust besides the public ones. */
  ca: pemSchema.nullable(),
  /** PEM: the client certificate of the gateway. Its key is a secret. */
  certificate: pemSchema.nullable(),
  ...plainSettings,
});
export type DestinationSettings = z.infer<typeof destinationSettingsSchema>;

/** A destination as an administrator writes it. */
export const destinationWishSchema = z
  .strictObject({
    kind: z.enum(DESTINATION_KINDS),
    name: policyNameSchema,
    /** A web address, a DIMSE address, or the path of a folder below the root of folders. */
    url: z.string().max(2000),
    authentication: z.discriminatedUnion('kind', [
      none,
      basic.extend({ password: secretSchema }),
      bearer.extend({ token: asciiSecretSchema }),
      oauth.extend({ clientSecret: secretSchema }),
    ]),
    ca: withoutKeySchema.nullable(),
    certificate: withoutKeySchema.nullable(),
    /** PEM, without a password. */
    key: pemSchema.optional(),
    ...plainSettings,
    /**
     * The version of the destination that the person saw; without it, the destination is overwritten whatever its
     * version.
     */
    version: z.number().int().optional(),
  })
  .refine(({ kind, commitment }) => mayCommit(kind) || !commitment, {
    path: ['commitment'],
    error: 'storage commitment is asked over DIMSE and DICOMweb',
  })
  .refine(({ kind, url }) => isAddressOf(kind, url), {
    path: ['url'],
    error: ({ input }) => ADDRESS_FORMS[(input as { readonly kind: DestinationKind }).kind],
  })
  .refine(
    ({ kind, authentication, ca, certificate, key }) =>
      kind !== 'folder' || (authentication.kind === 'none' && !ca && !certificate && key === undefined),
    { path: ['authentication'], error: 'a folder takes no password and no certificate' },
  )
  .refine(({ kind, authentication }) => kind !== 'dimse' || authentication.kind === 'none', {
    path: ['authentication'],
    error: 'DIMSE takes no password',
  })
  .refine(
    ({ url, ca, certificate, key }) => !url.startsWith('dimse:') || !(ca || certificate || key !== undefined),
    { path: ['ca'], error: 'certificates are for TLS' },
  );

/** An Orthanc destination cannot commit: Orthanc offers storage commitment only over DIMSE. */
export type CommittingKind = Extract<DestinationKind, 'dimse' | 'dicomweb'>;
export const mayCommit = (kind: DestinationKind): kind is CommittingKind =>
  kind === 'dimse' || kind === 'dicomweb';

function isAddressOf(kind: DestinationKind, url: string): boolean {
  switch (kind) {
    case 'dicomweb':
      return addressSchema.safeParse(url).success;
    case 'orthanc':
      return addressSchema.safeParse(url).success && /\/dicom-web\/?$/.test(url);
    case 'dimse':
      return parseDimseAddress(url) !== null;
    case 'folder':
      return isFolderPath(url);
    default:
      return kind satisfies never;
  }
}

export type DestinationWish = z.infer<typeof destinationWishSchema>;

/**
 * How the gateway proves that the PACS stored an instance. `found`: the PACS lists it. `digest`: the PACS's own digest
 * matches our bytes; a PACS without digests falls back to `read-back`. `read-back`: every instance is read back and
 * compared; `read-back-sample`: one in twenty is.
 */
export const PROOFS = ['found', 'digest', 'read-back', 'read-back-sample'] as const;
export type WantedProof = (typeof PROOFS)[number];

/** One day. With a longer lag, a loss would be noticed only after the device has deleted everything else. */
export const LAG_MINUTES_LIMIT = 1_440;

/**
 * `PUT /admin/destinations/{id}/tuning`. Null: the gateway's default, or for the batch the size that it has learned.
 */
export const tuningSchema = z.strictObject({
  /** How long the destination may take to list what it has stored. */
  lagMinutes: z.number().int().min(0).max(LAG_MINUTES_LIMIT).nullable(),
  proof: z.enum(PROOFS).nullable(),
  /** Bytes of instances in one store request. */
  batchBytes: z.number().int().min(BATCH_BYTES_LEAST).max(BATCH_BYTES_LIMIT).nullable(),
});
export type Tuning = z.infer<typeof tuningSchema>;

export const destinationSchema = z.object({
  id: z.uuid(),
  /** Grows with each change to the connection or the tuning. */
  version: z.number().int(),
  kind: z.enum(DESTINATION_KINDS),
  name: z.string(),
  /** The DICOMweb root, a DIMSE address, or the path of the folder below the root of folders. */
  url: z.string(),
  ...destinationSettingsSchema.shape,
  /** Viewers that show what the destination holds. */
  viewers: z.array(viewerSchema),
  /** The DIMSE address of its modality worklist; null: it has none. */
  worklist: z.string().nullable(),
  /** New studies go to this destination first, and results and models read from it. */
  isPrimary: z.boolean(),
  /** Whether the destination gets new studies besides the primary one; null: it does not. */
  need: needSchema.nullable(),
  /** PACS_URL and its companions set this destination again at every start. */
  fromEnvironment: z.boolean(),
  tuning: tuningSchema,
  /**
   * The last refusal of a store request, by the destination or a proxy before it.
   * `status`: the HTTP status, and `since` when no instances have been taken. `code`, in place of a status: the Failure
   * Reason "out of resources", given for every instance.
   * `bytes`: the smallest store request that was refused for its size (413), last `at`, until one as large is accepted;
   * smaller ones are accepted.
   */
  refused: z
    .object({
      status: z.number().int().nullable(),
      code: z.number().int().nullable(),
      bytes: z.number().int().nullable(),
      at: z.string(),
    })
    .nullable(),
  /**
   * The largest request in bytes that *Test* found the destination, or a proxy before it, to accept; null: it found no
   * limit.
   */
  limit: z.object({ bytes: z.number().int(), at: z.string() }).nullable(),
  /**
   * Instances that the destination confirmed but did not list within the allowed time, so the gateway sends them again.
   * `at`: when the oldest of them was last sent.
   */
  unlisted: z.object({ instances: z.number().int(), at: z.string().nullable() }).nullable(),
  /** Studies on their way to the destination. */
  underWay: z.number().int(),
  /**
   * Of the studies under way: how many wait for this destination, since when, and the instances and bytes that it
   * lacks.
   */
  waiting: z.number().int(),
  waitingSince: z.string().nullable(),
  waitingInstances: z.number().int(),
  waitingBytes: z.number().int(),
  /** Studies at this destination that wait for a person's decision. */
  held: z.number().int(),
  /** Undecided instances that the destination did not take, of studies for which it is the first destination. */
  notTaken: z.number().int(),
  /** Studies that the destination gets besides the primary one and that are neither closed nor given up, by need. */
  copies: z.object({ also: z.number().int(), required: z.number().int() }),
  /**
   * Instances that the destination did not take, of studies with need `also`, or of `required` studies that are held
   * because of them.
   */
  deadLetters: z.number().int(),
  /** Studies given up at this destination before it had all of them. */
  givenUp: z.number().int(),
  /** Whether any study was ever meant for the destination. If so, it cannot be deleted. */
  hasStudies: z.boolean(),
});
export type Destination = z.infer<typeof destinationSchema>;
/** Sets whether the destination gets new studies besides the primary one; null: it does not. */
export const needWishSchema = z.strictObject({ need: needSchema.nullable() });
export const destinationsSchema = z.object({
  destinations: z.array(destinationSchema),
  /** The folder below which folders may be destinations (RELAY_FOLDER_ROOT); null: folders are not allowed. */
  folderRoot: z.string().nullish(),
});

/** Gives up the destination's copies with this need. Nobody waits for `required` copies after that. */
export const giveUpWishSchema = z.strictObject({ need: needSchema });
/** The number of studies. Each ends within a minute or two. */
export const givenUpSchema = z.object({ givenUp: z.number().int() });
/** `POST /admin/destinations/{id}/resend`: sends the studies that were given up there after all. */
export const resentSchema = z.object({ resent: z.number().int() });

/** An instance that a destination did not take and for which only an administrator waits. */
const deadLetterSchema = z.object({
  id: z.number().int(),
  studyInstanceUID: z.string(),
  sopInstanceUID: z.string(),
  /** A code of REASONS. */
  reason: z.string().nullable(),
  /** Failure Reason or Warning Reason, as the PACS gave it. */
  pacsCode: z.number().int().nullable(),
  since: z.string(),
  /** The gateway, or the destination that has the instance, still holds its bytes. */
  canRetry: z.boolean(),
});
export type DeadLetter = z.infer<typeof deadLetterSchema>;
/**
 * The dead letters of one study. `need` `required`: the study is held because of them, and its sender may decide as
 * well. `since`: the time of the oldest.
 */
const deadStudySchema = z.object({
  studyInstanceUID: uidSchema,
  need: needSchema,
  instances: z.number().int(),
  since: z.string(),
  reasons: z.array(
    deadLetterSchema.pick({ reason: true, pacsCode: true }).extend({ instances: z.number().int() }),
  ),
});
export type DeadStudy = z.infer<typeof deadStudySchema>;
/** `deadLetters` and `studies` hold only the first ones. */
export const deadLettersSchema = z.object({
  total: z.number().int(),
  deadLetters: z.array(deadLetterSchema),
  totalStudies: z.number().int(),
  studies: z.array(deadStudySchema),
});
export const DEAD_LETTERS_LIMIT = 500;
/**
 * A decision about the dead letters with these ids or of these studies, or, with neither, about all. Only `leave-out`
 * has `because`.
 */
export const deadLetterDecisionSchema = z
  .strictObject({
    decision: z.enum(['retry', 'leave-out']),
    ids: z.array(z.number().int()).min(1).max(DEAD_LETTERS_LIMIT).optional(),
    studies: z.array(uidSchema).min(1).max(DEAD_LETTERS_LIMIT).optional(),
    because: z.enum(GIVING_UP_REASONS).optional(),
  })
  .refine(({ decision, because }) => because === undefined || decision === 'leave-out', {
    path: ['because'],
    error: 'a reason is given for leaving out',
  });
export type DeadLetterDecision = z.infer<typeof deadLetterDecisionSchema>;
/** `notDecided`: dead letters of an upload that could not be decided now, with a problem code that says why. */
export const deadLettersDecidedSchema = z.object({
  changed: z.number().int(),
  notDecided: z.array(
    z.object({
      studyInstanceUID: uidSchema,
      instances: z.number().int(),
      code: z.string(),
      detail: z.string().nullable(),
    }),
  ),
});
export type DeadLettersDecided = z.infer<typeof deadLettersDecidedSchema>;

/**
 * *Test*. Without a body the scope is `all`. `reach`: only what is needed to work with the destination; takes seconds.
 * `all`: everything that can be checked without storing anything. `store`: two synthetic instances are also stored, and
 * removed where possible.
 */
export const examinationWishSchema = z.strictObject({
  scope: z.enum(['reach', 'all', 'store']).default('all'),
});
export type ExaminationWish = z.infer<typeof examinationWishSchema>;

const findingSchema = z.object({
  title: z.string(),
  code: z.string(),
  result: z.enum(['ok', 'warn', 'fail', 'skipped']),
  says: z.string(),
  /** The remedies, each with the place to apply it. */
  change: z.array(z.string()),
});
/** Findings of the doctor (`relay doctor`), in words. */
export const destinationExaminationSchema = z.object({
  /** The worst finding; null: nothing is wrong. */
  verdict: findingSchema.nullable(),
  findings: z.array(findingSchema),
  /**
   * The gateway settings that suit the destination, each null where it did not say enough; null: it was not reached or
   * not examined.
   */
  settings: tuningSchema.extend({ bodyBytes: z.number().int().nullable() }).nullable(),
  milliseconds: z.number().int(),
});
export type DestinationExamination = z.infer<typeof destinationExaminationSchema>;
