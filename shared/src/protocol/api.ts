/**
 * Schemas of the gateway's answers. The gateway validates with them and generates `/openapi.json` from them; the device
 * parses answers with the same schemas.
 */
import { z } from 'zod';
import { INSTANCE_STATES, STUDY_STATES } from './study-state.ts';
import { needSchema, uidSchema, withheldSchema } from './forms.ts';
import { PASSWORD_LENGTH_LIMIT, PASSWORD_LENGTH_MOST, PSEUDONYMS_AT_ONCE } from './limits.ts';
import { patientDomainSchema, policyRulesSchema, pseudonymPlaceSchema } from './policy.ts';
import { quotaUseSchema } from './quota.ts';
import { vaultTermsSchema } from './vault.ts';

export const ROLES = ['technician', 'radiologist', 'researcher', 'auditor', 'admin'] as const;
export type Role = (typeof ROLES)[number];
/** Roles that may read everything that the site's PACS holds. */
export const READS_ALL: readonly Role[] = ['radiologist', 'admin'];
/** True for callers from whom names are always hidden. They get no picture that may hold one (`mayHoldName`). */
export const isAlwaysAnonymised = (roles: readonly Role[]): boolean =>
  roles.includes('researcher') && !roles.some((role) => READS_ALL.includes(role));
export const roleSchema = z.enum(ROLES);

/** RFC 9457 problem details, with the members that RelayPACS always adds. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  code: z.string(),
  detail: z.string().optional(),
  /** The next step, if there is one. */
  next: z.string().optional(),
  correlationId: z.string(),
});
export type ProblemDetails = z.infer<typeof problemSchema>;

export const userSchema = z.object({
  id: z.uuid(),
  username: z.string(),
  roles: z.array(roleSchema),
  siteId: z.uuid(),
});
export type User = z.infer<typeof userSchema>;

/** No control characters: PostgreSQL rejects NUL, and no user name needs any. */
const usernameSchema = z
  .string()
  .min(1)
  .max(128)
  .regex(/^\P{Cc}*$/u, 'no control characters');
/** User name of a new account: no spaces, and no characters that a shell, a URL or a log would have to quote. */
export const newUsernameSchema = z
  .string()
  .min(1)
  .max(128)
  .regex(
    /^[\p{L}\p{N}][\p{L}\p{N}._@+-]*$/u,
    'letters, digits and . _ @ + -, beginning with a letter or a digit',
  );
const passwordSchema = z.string().min(1).max(PASSWORD_LENGTH_MOST);
export const loginSchema = z.object({ username: usernameSchema, password: passwordSchema });
export const newPasswordSchema = z.string().min(PASSWORD_LENGTH_LIMIT).max(PASSWORD_LENGTH_MOST);
/** `POST /auth/password`. */
export const ownPasswordSchema = z.object({
  currentPassword: passwordSchema,
  newPassword: newPasswordSchema,
});
export const sessionSchema = z.object({
  accessToken: z.string(),
  /** Absent through `/api/`, where the refresh token is an HttpOnly cookie. */
  refreshToken: z.string().optional(),
  /** Seconds. */
  expiresIn: z.number().int(),
  user: userSchema,
});
export type Session = z.infer<typeof sessionSchema>;

/** `session`: a signed-in person. `device`: a device that sends the studies queued on it; `id` is the device's. */
const listedSessionSchema = z.object({
  kind: z.enum(['session', 'device']),
  id: z.uuid(),
  since: z.iso.datetime(),
  lastUsedAt: z.iso.datetime(),
  /** True for the session that made this request. Known only through `/api/`, by its cookie. */
  isThis: z.boolean(),
});
export type ListedSession = z.infer<typeof listedSessionSchema>;
/** `GET /auth/sessions`: most recently used first. */
export const sessionListSchema = z.object({ sessions: z.array(listedSessionSchema) });

/** RFC 7518 §6.2.1.2: a coordinate of P-256 is 32 bytes, in base64url without padding. */
const coordinateSchema = z.string().regex(/^[A-Za-z0-9_-]{43}$/, '43 characters of base64url');
/**
 * `POST /auth/enrol` by a signed-in user: this device may send the studies that the user queues on it, even after the
 * session has ended.
 */
export const enrolSchema = z.object({
  publicKey: z.object({
    kty: z.literal('EC'),
    crv: z.literal('P-256'),
    x: coordinateSchema,
    y: coordinateSchema,
  }),
});
/** `audience`: the `aud` for the device's assertions. */
export const enrolAnswerSchema = z.object({ deviceId: z.uuid(), audience: z.string().min(1).max(2048) });
/**
 * `POST /auth/device-token` (RFC 7523 §2.1): an ES256 JWT. `iss` and `sub` are the device's id, `aud` is the audience
 * from enrolment, `exp` is at most five minutes ahead, and `jti` is required.
 */
export const deviceTokenSchema = z.object({ assertion: z.string().min(1).max(4096) });
/** The token works only on the upload routes and for this device's own uploads. `expiresIn` is in seconds. */
export const deviceTokenAnswerSchema = z.object({ accessToken: z.string(), expiresIn: z.number().int() });

export const policySchema = z.object({
  name: z.string(),
  version: z.number().int(),
  /** Shown to people. The built-in policies have texts of their own. */
  title: z.string().optional(),
  description: z.string().optional(),
  /** Whether the device removes names. */
  deidentify: z.boolean(),
  /** Options of PS3.15 E.3 in kebab-case; empty: the plain Basic Profile. */
  options: z.array(z.string()),
  /** Whether odd instances are held; absent: only where names are removed (irregularities.ts). */
  strict: z.boolean().optional(),
  /** Manifests under this policy must say why names are kept (sending-reason.ts). */
  asksReason: z.boolean().optional(),
  /** Refinements of the profile. A device that does not understand one of them rejects the whole answer. */
  rules: policyRulesSchema.optional(),
  /** Absent: `id`. */
  patientDomain: patientDomainSchema.optional(),
  /** Absent: `device`. */
  pseudonyms: pseudonymPlaceSchema.optional(),
  /** The number of the policy's pseudonym key; absent: 1. */
  key: z.number().int().optional(),
  /** Whether studies leave an entry in the vault (`feedsVault`). */
  vault: z.boolean().optional(),
  roles: z.array(roleSchema),
});
export type Policy = z.infer<typeof policySchema>;

/** SEC 1 §2.3.3: an uncompressed point of P-256 is 65 bytes, in base64url without padding 87 characters. */
const pointSchema = z.string().regex(/^[A-Za-z0-9_-]{87}$/, '87 characters of base64url');
/**
 * The key of a policy, wrapped for the public key that a device has sent (policy-key.ts): only that device can unwrap
 * it.
 */
export const wrappedPolicyKeySchema = z.object({
  /** The public half of the key pair made for this answer. */
  ephemeral: pointSchema,
  /** The PKCS #8 key encrypted with AES-GCM, in base64url. */
  key: z.string().regex(/^[A-Za-z0-9_-]{54,1024}$/, '54 to 1024 characters of base64url'),
});
export type WrappedPolicyKey = z.infer<typeof wrappedPolicyKeySchema>;
/** `GET /upload/policy`: the device's public key, which is not secret. Without it the answer holds no policy key. */
export const policyQuerySchema = z.object({ deviceKey: pointSchema.optional() });

/** SEC 1 §2.3.3: a compressed point of P-256 is 33 bytes, in base64url without padding 44 characters. */
const compressedPointSchema = z.string().regex(/^[A-Za-z0-9_-]{44}$/, '44 characters of base64url');

/** How the pseudonyms of a policy are made (protocol/pseudonyms.md). */
const pseudonymKeySchema = z.object({
  /** The policy's name. */
  policy: z.string(),
  /** The device checks the proofs of `POST /upload/pseudonyms` against this key. */
  publicKey: compressedPointSchema,
  /** 32 bytes that mark pseudonyms. They cannot reverse one. */
  tagKey: z.string().regex(/^[A-Za-z0-9_-]{43}$/, '43 characters of base64url'),
  /** Only for callers that may make pseudonyms on the device and have sent a public key. Others ask the gateway. */
  wrapped: wrappedPolicyKeySchema.optional(),
});
export type PseudonymKey = z.infer<typeof pseudonymKeySchema>;

/**
 * `POST /upload/pseudonyms`: a device obtains its patients' secrets, and the gateway learns neither patients nor
 * secrets.
 */
export const pseudonymsSchema = z.object({
  policy: z.string(),
  version: z.number().int(),
  /** Blinded elements (RFC 9497 §3.3.2), one per patient. */
  blinded: z.array(compressedPointSchema).min(1).max(PSEUDONYMS_AT_ONCE),
});
export const pseudonymsAnswerSchema = z.object({
  /** In the order of the request. */
  evaluated: z.array(compressedPointSchema),
  /** One proof for all elements together: 64 bytes. */
  proof: z.string().regex(/^[A-Za-z0-9_-]{86}$/, '86 characters of base64url'),
});

export const policyAnswerSchema = z.object({
  /** The policies that this user may choose. */
  policies: z.array(policySchema),
  /** The name of the policy that applies unless the user chooses another. */
  default: z.string(),
  /** Pseudonym keys, one for each policy that de-identifies. */
  pseudonymKeys: z.array(pseudonymKeySchema),
  /**
   * How long after sign-in a device may keep the local label of a study (initials and the last three characters of
   * the Patient ID), in hours; 0: not at all.
   */
  labelHours: z.number().int().min(0),
  /** After how many minutes without a touch or key press a device signs the person out; 0: never. */
  lockMinutes: z.number().int().min(0),
  /** The public key that seals waiting parcels (RFC 9180, DHKEM(X25519)), as a JWK (RFC 8037 §2). */
  sealingKey: z
    .object({ kid: z.string(), kty: z.literal('OKP'), crv: z.literal('X25519'), x: z.string() })
    .optional(),
  /** Present if the site has a vault. */
  vault: vaultTermsSchema.optional(),
});
export type SealingKey = NonNullable<z.infer<typeof policyAnswerSchema>['sealingKey']>;
export type PolicyAnswer = z.infer<typeof policyAnswerSchema>;

/** Where the instances of one study are, as far as the gateway knows. */
export const countsSchema = z.object({
  /** All instances that the manifest promised. */
  promised: z.number().int(),
  /** At the gateway and verified, but not yet confirmed by the PACS. */
  atGateway: z.number().int(),
  /** Confirmed by the PACS. */
  inPacs: z.number().int(),
  refused: z.number().int(),
  quarantined: z.number().int(),
  leftOut: z.number().int(),
  /** How many of the last three counts the first destination has, while another that must have them does not. */
  firstOnly: z.number().int().min(1).optional(),
});
export type Counts = z.infer<typeof countsSchema>;

const instanceStatusSchema = z.object({
  sopInstanceUID: uidSchema,
  digest: z.string(),
  state: z.enum(INSTANCE_STATES),
  reason: z.string().optional(),
  /** Failure Reason (0008,1197) or Warning Reason (0008,1196), as the PACS gave it. */
  pacsCode: z.number().int().optional(),
  /** Destinations that must also have this quarantined instance and lack it, although the first destination has it. */
  missingAt: z.array(z.string()).min(1).optional(),
});
export type InstanceStatus = z.infer<typeof instanceStatusSchema>;

export const waitingBecauseSchema = z.enum([
  'pacs-unreachable',
  'pacs-refuses-sign-in',
  'pacs-settings-wrong',
  'storage-full',
  'gateway-failed',
  'behind-another',
  'pacs-fails-on-some',
  'pacs-refuses-size',
  'required-destination',
  'primary-unreachable',
]);

/** Instances of a study at a further destination. */
const copyStatusSchema = z.object({
  name: z.string(),
  need: needSchema,
  inPacs: z.number().int(),
  /** Refused by the destination, or held for an administrator. */
  failed: z.number().int(),
  waiting: waitingBecauseSchema.nullable(),
  /** An administrator gave the destination up for this study: nothing more is sent there. */
  givenUp: z.boolean(),
});

export const uploadStatusSchema = z.object({
  uploadId: z.uuid(),
  studyInstanceUID: uidSchema,
  state: z.enum(STUDY_STATES),
  revision: z.number().int(),
  policy: z.string(),
  counts: countsSchema,
  /** Instances that the sender did not promise to send. Absent: there are none, or the sender did not say. */
  withheld: withheldSchema.optional(),
  /**
   * A person cancelled the upload, and what was on its way was left out. Absent: nobody cancelled it, or it was
   * resumed.
   */
  cancelled: z.literal(true).optional(),
  bytes: z.object({ promised: z.number().int(), atGateway: z.number().int(), inPacs: z.number().int() }),
  /**
   * Why nothing moves, if the reason does not lie with the user.
   * `pacs-refuses-sign-in`: the PACS rejects the gateway's password or token. `pacs-settings-wrong`: the address, a
   * certificate or another setting of the PACS is wrong. Both last until an administrator corrects them.
   * `gateway-failed`: a stage of the gateway fails unexpectedly.
   * `behind-another`: another upload is handing instances with the same UIDs to the PACS.
   * `pacs-fails-on-some`: the PACS answers, but fails to store or to return some of the instances.
   * `pacs-refuses-size`: the PACS, or a proxy before it, refuses requests as large as some of the instances.
   * `required-destination`: the first destination has the study, but others that must have it do not yet;
   * `destinations` names them.
   * `primary-unreachable` (only at a further destination): the gateway no longer has the bytes for it, and the
   * destination that has them does not answer.
   */
  waiting: z
    .object({
      because: waitingBecauseSchema,
      since: z.string(),
      destinations: z.array(z.string()).min(1).optional(),
    })
    .nullable(),
  /** The study's further destinations, by name; absent: it has none. */
  destinations: z.array(copyStatusSchema).optional(),
  /** The receipt of this revision; null: none yet. */
  receipt: z.object({ id: z.uuid(), href: z.string() }).nullable(),
  /** With `?instances=1`: each instance, in the manifest's order. */
  instances: z.array(instanceStatusSchema).optional(),
});
export type UploadStatus = z.infer<typeof uploadStatusSchema>;

/** The state of a file that another client sent, and of each study in it. */
export const fileStatusSchema = uploadStatusSchema.extend({
  /** Null: the file is not opened yet, or does not hold exactly one study. */
  studyInstanceUID: uidSchema.nullable(),
  file: z.object({
    state: z.enum(['receiving', 'received', 'opened']),
    bytes: z.number().int().nullable(),
    /**
     * Why the file, or the rest of it, was not accepted. While the state is `received`, the gateway will open it again.
     */
    problem: z.string().nullable(),
    /** `entry`: its position in the file, counted from 1. `reason`: a reason code. */
    notTaken: z.array(
      z.object({
        entry: z.number().int(),
        state: z.enum(['quarantined', 'refused', 'skipped', 'conflict']),
        reason: z.string(),
      }),
    ),
  }),
  studies: z.array(uploadStatusSchema),
});
export type FileStatus = z.infer<typeof fileStatusSchema>;

/** The receipts of a file that holds several studies. */
export const fileReceiptsSchema = z.object({
  receipts: z.array(z.object({ studyInstanceUID: uidSchema, jws: z.string() })),
});

/** `GET /uploads`: newest first. `own`: the caller's quota, in a list of the caller's own uploads. */
export const uploadListSchema = z.object({
  uploads: z.array(uploadStatusSchema),
  own: quotaUseSchema.optional(),
});

export const completeAnswerSchema = z.object({
  uploadId: z.uuid(),
  state: z.enum(STUDY_STATES),
  /** SOP Instance UIDs still to be sent; empty: everything promised has arrived. */
  missing: z.array(z.object({ sopInstanceUID: uidSchema, digest: z.string() })),
});
export type CompleteAnswer = z.infer<typeof completeAnswerSchema>;

/** The `data:` line of a server-sent event of `GET /events`; its `event:` is `study`, and its `id:` increases. */
export const studyEventSchema = uploadStatusSchema.omit({ instances: true });

export const decisionSchema = z.discriminatedUnion('decision', [
  z.object({
    decision: z.enum(['leave-out', 'retry', 'take-back']),
    instances: z
      .array(z.object({ sopInstanceUID: uidSchema, digest: z.string() }))
      .min(1)
      .max(20_000),
  }),
  // How many instances the sender withholds now, as in a manifest.
  z.object({ decision: z.literal('withhold'), withheld: withheldSchema }),
]);

/** The steps of starting the gateway, in order. */
export const START_WAITS = ['pipeline', 'features', 'audit-trail'] as const;

export const healthSchema = z.object({
  /** `starting`, `stopping`: the gateway takes nothing yet, or no longer. `failing`: its database does not answer. */
  status: z.enum(['ok', 'degraded', 'starting', 'stopping', 'failing']),
  /** What a starting gateway waits for. */
  waitsFor: z.enum(START_WAITS).optional(),
  database: z.enum(['ok', 'failing']),
  /**
   * `no-search`: the PACS answers, but not to a search (QIDO-RS), so nothing can be confirmed. `no-retrieval`: it does
   * not return what it lists (WADO-RS), so nothing can be read back or shown. `refuses-sign-in`, `settings-wrong`: an
   * administrator has to correct the destination.
   */
  pacs: z.enum(['ok', 'unreachable', 'refuses-sign-in', 'settings-wrong', 'no-search', 'no-retrieval']),
  /** `full`: nothing new is accepted; what has arrived is still forwarded. */
  disk: z.enum(['ok', 'full']),
  /**
   * `none`: the gateway serves no TLS. `not-renewed`: the certificate files hold no usable pair; the last good one is
   * still served.
   */
  certificate: z.enum(['none', 'ok', 'not-renewed']),
});
export const versionSchema = z.object({
  name: z.string(),
  version: z.string(),
  protocolVersion: z.number().int(),
  profileEdition: z.string(),
});
