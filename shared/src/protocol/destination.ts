/**
 * Destinations on the wire: the PACSs to which studies go, and how each is reached. A password, token or key travels
 * to the gateway alone and is never in an answer; a change that leaves one out keeps it.
 */
import { z } from 'zod';
import { parseDimseAddress } from './dimse-address.ts';
import { GIVING_UP_REASONS } from './dimse-peer.ts';
import { needSchema, uidSchema } from './forms.ts';
import { policyNameSchema } from './policy.ts';
import { viewerSchema } from './viewer.ts';

const lineSchema = z.string().min(1).max(2000);
const secretSchema = lineSchema.optional();
/** Visible ASCII: a header field carries nothing else (RFC 9110 §5.5), nor does RFC 6749 Appendix A. */
const asciiSecretSchema = z
  .string()
  .max(8000)
  .regex(/^[\x21-\x7e]+$/, 'visible ASCII characters without spaces')
  .optional();
/** Certificates with their chain, or a key. */
const PEM_LIMIT = 64 * 1024;
const pemSchema = z
  .string()
  .max(PEM_LIMIT)
  .regex(
    /^\s*-----BEGIN [A-Z0-9 ]+-----\s[\s\S]*-----END [A-Z0-9 ]+-----\s*$/,
    'PEM, from its line BEGIN to its line END',
  );
/** Many programs write a certificate and its key into one file. Certificates are shown, and lie there in clear text. */
const withoutKeySchema = pemSchema.refine(
  (text) => !/-----BEGIN [A-Z0-9 ]*PRIVATE KEY/.test(text),
  'certificates alone, without a key',
);

/**
 *   dicomweb   the DICOMweb root of any PACS; an Orthanc is recognised by its answers
 *   orthanc    the DICOMweb root of an Orthanc whose REST API the gateway may use: it must be there
 *   dimse      host, port and AE titles (dimse-address.ts), with TLS or without
 *   folder     the part of its path after RELAY_FOLDER_ROOT
 */
export const DESTINATION_KINDS = ['dicomweb', 'orthanc', 'dimse', 'folder'] as const;
export type DestinationKind = (typeof DESTINATION_KINDS)[number];

/** A path downwards from the root, and no name that begins with a dot. */
const FOLDER = /^[A-Za-z0-9_][A-Za-z0-9._-]*(\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/;
const FOLDER_LIMIT = 200;
const isFolderPath = (text: string): boolean => text.length <= FOLDER_LIMIT && FOLDER.test(text);

/** The form of each kind's address, with an example. */
const ADDRESS_FORMS = {
  dicomweb: 'the DICOMweb root without a password or a query, for example https://pacs.example.org/dicom-web',
  orthanc: 'a DICOMweb root that ends in /dicom-web, for example https://orthanc.example.org/dicom-web',
  dimse: 'host, port and both AE titles, for example dimse://RELAYPACS@pacs.example.org:11112/ORTHANC',
  folder:
    'the part of its path after RELAY_FOLDER_ROOT, for example archive/night for /srv/dicom/archive/night',
} satisfies Record<DestinationKind, string>;

/**
 * Bytes of instances in one store request: the aim for the usual PACS, and the least that is learned. A larger
 * instance travels alone. With far larger requests, a failing PACS would cause more instances to be looked for again.
 */
export const BATCH_BYTES_LIMIT = 6 * 1024 * 1024;
export const BATCH_BYTES_LEAST = 64 * 1024;

/** No password in it, and no query: both end in logs. */
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
/** A whole Authorization header field: of PACS_AUTHORIZATION alone. */
const header = z.strictObject({ kind: z.literal('header') });

/** Settings of the connection that an administrator writes as they are kept. */
const plainSettings = {
  /**
   * Storage commitment over DIMSE and DICOMweb: an instance counts as stored once the PACS has also said that it
   * keeps it.
   */
  commitment: z.boolean().optional(),
};

/** Everything about the connection but its secrets. */
export const destinationSettingsSchema = z.strictObject({
  authentication: z.discriminatedUnion('kind', [none, basic, bearer, oauth, header]),
  /** PEM: certificate authorities that are trusted besides the public ones. */
  ca: pemSchema.nullable(),
  /** PEM: the certificate that the gateway shows. Its key is a secret. */
  certificate: pemSchema.nullable(),
  ...plainSettings,
});
export type DestinationSettings = z.infer<typeof destinationSettingsSchema>;

/** A destination as an administrator writes it. */
export const destinationWishSchema = z
  .strictObject({
    kind: z.enum(DESTINATION_KINDS),
    name: policyNameSchema,
    /** A web address, or one of DIMSE; of a folder, its path beneath the root of folders. */
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
    /** Version of the changed destination, as it was seen; without it, whatever is there is overwritten. */
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

/** Orthanc has storage commitment over DIMSE alone. */
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
 * How an instance that the PACS says it stored is proven: it lists it; its own digest is that of our bytes, or,
 * where it tells none, as `read-back`; every one, or one in twenty, is read back and compared.
 */
export const PROOFS = ['found', 'digest', 'read-back', 'read-back-sample'] as const;
export type WantedProof = (typeof PROOFS)[number];

/** A day: longer, and a loss would be noticed after its device has let go of everything else. */
export const LAG_MINUTES_LIMIT = 1_440;

/** `PUT /admin/destinations/{id}/tuning`. Null: the gateway's setting; of the batch, what is learned. */
export const tuningSchema = z.strictObject({
  /** How long it may take to show what it stored. */
  lagMinutes: z.number().int().min(0).max(LAG_MINUTES_LIMIT).nullable(),
  proof: z.enum(PROOFS).nullable(),
  /** Bytes of instances in one store request. */
  batchBytes: z.number().int().min(BATCH_BYTES_LEAST).max(BATCH_BYTES_LIMIT).nullable(),
});
export type Tuning = z.infer<typeof tuningSchema>;

export const destinationSchema = z.object({
  id: z.uuid(),
  /** Grows with each change of its connection or its tuning. */
  version: z.number().int(),
  kind: z.enum(DESTINATION_KINDS),
  name: z.string(),
  /** The DICOMweb root, an address of DIMSE, or the path of the folder beneath the root of folders. */
  url: z.string(),
  ...destinationSettingsSchema.shape,
  /** Viewers that show what the destination holds. */
  viewers: z.array(viewerSchema),
  /** Where its modality worklist answers, an address of DIMSE; null: nowhere. */
  worklist: z.string().nullable(),
  /** New studies go to this one; it serves results and models. */
  isPrimary: z.boolean(),
  /** Whether new studies go there besides the primary one. */
  need: needSchema.nullable(),
  /** PACS_URL sets it at every start. */
  fromEnvironment: z.boolean(),
  tuning: tuningSchema,
  /**
   * The HTTP status with which it, or a proxy before it, last refused what is stored there, and since when it takes no
   * instances. `code`, in the place of a status: the Failure Reason by which it said of each instance that it is out of
   * resources. `bytes`: the smallest store request that was refused for its size (413), last `at`, until one as large
   * passes; smaller ones are taken.
   */
  refused: z
    .object({
      status: z.number().int().nullable(),
      code: z.number().int().nullable(),
      bytes: z.number().int().nullable(),
      at: z.string(),
    })
    .nullable(),
  /** *Test* found that it, or a proxy before it, takes requests of so many bytes and no larger ones; null: of none. */
  limit: z.object({ bytes: z.number().int(), at: z.string() }).nullable(),
  /**
   * Instances that it confirmed and, given the time to show them, did not list: the gateway sends them again. `at`:
   * when the oldest of them was last sent.
   */
  unlisted: z.object({ instances: z.number().int(), at: z.string().nullable() }).nullable(),
  /** Studies on their way to it. */
  underWay: z.number().int(),
  /** Studies under way that wait for the destination: since when, and the instances and bytes that it does not have. */
  waiting: z.number().int(),
  waitingSince: z.string().nullable(),
  waitingInstances: z.number().int(),
  waitingBytes: z.number().int(),
  /** Studies that wait for a person's decision. */
  held: z.number().int(),
  /** Instances that it did not take, of studies that it gets first, and about which nobody has decided. */
  notTaken: z.number().int(),
  /** Studies, neither closed nor given up, that it gets besides the primary one, by whether somebody waits for it. */
  copies: z.object({ also: z.number().int(), required: z.number().int() }),
  /** Instances that it did not take, of studies that it gets also, or that are held because it must have them. */
  deadLetters: z.number().int(),
  /** Studies that were given up there before all of them was seen there. */
  givenUp: z.number().int(),
  /** Whether any study was ever promised to it: then it cannot be deleted. */
  hasStudies: z.boolean(),
});
export type Destination = z.infer<typeof destinationSchema>;
/** Whether new studies go there besides the primary one. */
export const needWishSchema = z.strictObject({ need: needSchema.nullable() });
export const destinationsSchema = z.object({
  destinations: z.array(destinationSchema),
  /** The folder beneath which folders may be destinations (RELAY_FOLDER_ROOT); null: there may be none. */
  folderRoot: z.string().nullish(),
});

/** The copies of this need end; somebody waits for `required` ones, and then no longer does. */
export const giveUpWishSchema = z.strictObject({ need: needSchema });
/** Studies; each comes to its end within a minute or two. */
export const givenUpSchema = z.object({ givenUp: z.number().int() });
/** `POST /admin/destinations/{id}/resend`: studies that were given up there and go there after all. */
export const resentSchema = z.object({ resent: z.number().int() });

/** An instance that a destination did not take, and that nobody but an administrator waits for. */
const deadLetterSchema = z.object({
  id: z.number().int(),
  studyInstanceUID: z.string(),
  sopInstanceUID: z.string(),
  /** A code of REASONS. */
  reason: z.string().nullable(),
  /** Failure Reason or Warning Reason, as the PACS gave it. */
  pacsCode: z.number().int().nullable(),
  since: z.string(),
  /** The instance's bytes are at the gateway, or at the destination that has it. */
  canRetry: z.boolean(),
});
export type DeadLetter = z.infer<typeof deadLetterSchema>;
/**
 * The dead letters of one study. `need` is `required`: the study is held for them, and its sender may decide as well.
 * `since`: the oldest of them.
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
/** `deadLetters` and `studies`: the first ones. */
export const deadLettersSchema = z.object({
  total: z.number().int(),
  deadLetters: z.array(deadLetterSchema),
  totalStudies: z.number().int(),
  studies: z.array(deadStudySchema),
});
export const DEAD_LETTERS_LIMIT = 500;
/**
 * A decision about the dead letters with these ids, or of these studies; without both, about all. `because`: of
 * `leave-out` alone.
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
/** `notDecided`: those of an upload that could not be decided now, with the code of the problem that says why. */
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
 * *Test*; without a body `all`. `reach`: what is needed to work with it, in seconds. `all`: everything that can be
 * looked at without storing anything. `store`: two synthetic instances are stored as well, and removed where possible.
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
  /** The remedies, each with its place. */
  change: z.array(z.string()),
});
/** Findings of the doctor (`relay doctor`), in words. */
export const destinationExaminationSchema = z.object({
  /** The worst finding; null: nothing is wrong. */
  verdict: findingSchema.nullable(),
  findings: z.array(findingSchema),
  /**
   * Settings of the gateway that fit it, null where it did not say enough; null: it was not reached, or not looked
   * at.
   */
  settings: tuningSchema.extend({ bodyBytes: z.number().int().nullable() }).nullable(),
  milliseconds: z.number().int(),
});
export type DestinationExamination = z.infer<typeof destinationExaminationSchema>;
