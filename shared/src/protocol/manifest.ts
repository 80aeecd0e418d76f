/**
 * The manifest: what the device promises that one study will contain, and what the gateway answers. Sent before any bytes
 * move (hash first), and again whenever the device is unsure: `POST /upload/init` is idempotent.
 */
import { z } from 'zod';
import { isUid } from '../dicom/uid.ts';
import { MANIFEST_INSTANCE_LIMIT, PROTOCOL_VERSION } from './limits.ts';

/** The bytes of a manifest of that many instances, with room: about 300 each. */
export const MANIFEST_BYTES_LIMIT = 8 * 1024 * 1024;

/** 16 GiB: larger than any instance seen (whole slide images reach 6), and what one tus upload may hold. */
export const INSTANCE_BYTES_LIMIT = 16 * 1024 ** 3;

export const uidSchema = z.string().max(64).refine(isUid, 'not a UID (PS3.5 §9.1)');

/** SHA-256 in lower-case hexadecimal: 64 characters. */
export const digestSchema = z.string().regex(/^[0-9a-f]{64}$/);

export const manifestInstanceSchema = z.object({
  sopInstanceUID: uidSchema,
  seriesInstanceUID: uidSchema,
  sopClassUID: uidSchema,
  transferSyntaxUID: uidSchema,
  /** Of the instance as it is sent: after de-identification, with File Meta Information. */
  bytes: z.number().int().min(1).max(INSTANCE_BYTES_LIMIT),
  digest: digestSchema,
  /** Under `deidentified`: HMAC-SHA-256 of the original's SHA-256 under the project key; the same original is known again under another version of the policy. */
  originalDigest: digestSchema.optional(),
});
export type ManifestInstance = z.infer<typeof manifestInstanceSchema>;

export const manifestSchema = z.object({
  protocolVersion: z.literal(PROTOCOL_VERSION),
  policy: z.object({ name: z.string().max(64), version: z.number().int().min(1) }),
  studyInstanceUID: uidSchema,
  /** In the order they were chosen (path order). One SOP Instance UID may stand here with several digests: the first is taken, the others conflict. */
  instances: z.array(manifestInstanceSchema).min(1).max(MANIFEST_INSTANCE_LIMIT),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** How the gateway names an instance: the UID alone is not enough, for a conflict is two digests under one UID. */
export const instanceKeySchema = z.object({ sopInstanceUID: uidSchema, digest: digestSchema });

export const manifestAnswerSchema = z.object({
  uploadId: z.uuid(),
  studyInstanceUID: uidSchema,
  revision: z.number().int().min(1),
  /** Held by the gateway or, asked in this request, by the PACS: nothing to send. `inPacs`: seen there, so the device need not keep a copy. */
  have: z.array(instanceKeySchema.extend({ inPacs: z.boolean().optional() })),
  /** To be sent. */
  need: z.array(instanceKeySchema),
  /** In quarantine or refused: not to be sent; a person decides. */
  conflict: z.array(instanceKeySchema.extend({ reason: z.string() })),
});
export type ManifestAnswer = z.infer<typeof manifestAnswerSchema>;

/**
 * `Upload-Metadata` of a parcel's tus upload: which upload it belongs to and the device's own name for it (a UUID), so that a creation
 * whose answer was lost is found again instead of doubled. A sealed parcel says in `seal` the id of the gateway's key that opens it, and in
 * `enc` the encapsulated key (RFC 9180 §4.1) in base64.
 */
export type ParcelMetadata = { readonly upload: string; readonly parcel: string; readonly seal?: string; readonly enc?: string };
