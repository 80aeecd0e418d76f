/**
 * Studies saved to a file for a stick: the part of the file in clear text, the part that only the gateway can read, and
 * the gateway's answer to whoever brings the file. In clear text are only sizes and random names of parcels and keys.
 */
import { z } from 'zod';
import { manifestAnswerSchema, manifestSchema } from './manifest.ts';
import { MANIFEST_INSTANCE_LIMIT } from './limits.ts';

/** To be raised when an older reader could misread a newer file. */
const STICK_VERSION = 1;

/** A manifest of 20 000 instances has some 2 MB in gzip; reports and parcels add less than that again. */
export const TICKET_BYTES_LIMIT = 6 * 1024 * 1024;

/** More studies than a tablet holds. With their parcels, the index stays below its own limit. */
const STICK_STUDIES_LIMIT = 1000;

const sealSchema = z.object({
  /** The RFC 7638 thumbprint of the gateway's key. */
  keyId: z.string().min(1).max(128),
  /** The encapsulated key in base64. */
  enc: z.string().regex(/^[A-Za-z0-9+/]{43}=$/, '32 bytes as base64'),
});

const parcelSchema = sealSchema.extend({
  /** The device's name for the parcel. */
  id: z.guid(),
  /** Size of the sealed parcel, as it is sent. */
  bytes: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
});
export type StickParcel = z.infer<typeof parcelSchema>;

const ticketEntrySchema = sealSchema.extend({
  id: z.uuid(),
  bytes: z.number().int().min(1).max(TICKET_BYTES_LIMIT),
});
export type StickTicket = z.infer<typeof ticketEntrySchema>;

export const stickIndexSchema = z.object({
  version: z.literal(STICK_VERSION),
  studies: z
    .array(
      z.object({
        ticket: ticketEntrySchema,
        parcels: z.array(parcelSchema).max(MANIFEST_INSTANCE_LIMIT),
      }),
    )
    .min(1)
    .max(STICK_STUDIES_LIMIT),
});
export type StickIndex = z.infer<typeof stickIndexSchema>;

export const toStickIndex = (studies: StickIndex['studies']): StickIndex => ({
  version: STICK_VERSION,
  studies,
});

/** Index of an instance in the manifest, from 0. */
const placeSchema = z
  .number()
  .int()
  .min(0)
  .max(MANIFEST_INSTANCE_LIMIT - 1);

/**
 * The device's promise of one study, sealed in its ticket: the manifest, and the parcels of the file that contain its
 * instances.
 */
export const ticketSchema = z
  .object({
    manifest: manifestSchema,
    parcels: z
      .array(
        parcelSchema.extend({
          /** The instances in the parcel. */
          instances: z.array(placeSchema).min(1).max(MANIFEST_INSTANCE_LIMIT),
        }),
      )
      .max(MANIFEST_INSTANCE_LIMIT),
  })
  .refine(({ manifest, parcels }) => isEachHeldOnce(parcels, manifest.instances.length), {
    path: ['parcels'],
    message: 'Each instance lies in one parcel at most.',
  });

/**
 * Whether each instance is in exactly one parcel. Then there are no more parcels than instances, and the ticket costs
 * the gateway no more than its manifest.
 */
function isEachHeldOnce(
  parcels: readonly { readonly instances: readonly number[] }[],
  instances: number,
): boolean {
  const places = new Set<number>();
  for (const parcel of parcels) {
    for (const place of parcel.instances) {
      if (place >= instances || places.has(place)) return false;
      places.add(place);
    }
  }
  return true;
}
export type Ticket = z.infer<typeof ticketSchema>;

/** `POST /upload/carried`: the answer to a manifest, with the parcels of the file that the gateway still needs. */
export const carriedAnswerSchema = manifestAnswerSchema.extend({ parcels: z.array(z.guid()) });
export type CarriedAnswer = z.infer<typeof carriedAnswerSchema>;
