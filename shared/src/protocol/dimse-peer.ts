/**
 * DIMSE peers: the modalities and PACSs that may store into the gateway with C-STORE. A peer is identified by its AE
 * title and the addresses that it calls from. It acts for one account under one policy.
 */
import { z } from 'zod';
import { AE_TITLE } from './dimse-address.ts';
import { studyHereSchema } from './not-taken.ts';
import { policyNameSchema } from './policy.ts';
import { sendingReasonSchema } from './sending-reason.ts';

/** A modality has one or two addresses. A department whose addresses come from a DHCP server is given as a block. */
const PEER_ADDRESSES_MOST = 16;

const addressSchema = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]);

/** `POST` and `PUT` of `/admin/dimse-peers`. */
export const dimsePeerWishSchema = z.strictObject({
  /** A name in an administrator's words. */
  name: z
    .string()
    .trim()
    .min(1)
    .max(100)
    .regex(/^\P{Cc}*$/u, 'no control characters'),
  aeTitle: z
    .string()
    .regex(AE_TITLE, 'an AE title: at most 16 ASCII characters, no backslash, no space at its ends'),
  /** IP addresses, or CIDR blocks. */
  addresses: z.array(addressSchema).min(1).max(PEER_ADDRESSES_MOST),
  /** The account that the peer acts for. */
  accountId: z.uuid(),
  policy: policyNameSchema,
  /** Why names are kept, if the policy asks for a reason. */
  reason: sendingReasonSchema.nullable(),
});
export type DimsePeerWish = z.infer<typeof dimsePeerWishSchema>;

export const dimsePeerSchema = z.object({
  id: z.uuid(),
  name: z.string(),
  aeTitle: z.string(),
  addresses: z.array(z.string()),
  /** `disabled`: nothing is accepted from the peer. */
  account: z.object({ id: z.uuid(), username: z.string(), disabled: z.boolean() }),
  policy: z.string(),
  /**
   * The policy was withdrawn, is not open to the account any more, or asks for a reason: nothing is accepted from the
   * peer.
   */
  policyEnded: z.boolean(),
  reason: sendingReasonSchema.nullable(),
  /** Accurate to the minute; null: never. */
  lastSeenAt: z.iso.datetime().nullable(),
  /** Counts of the last seven days. */
  week: z.object({
    /** Instances on their way or in the PACS. */
    taken: z.number().int(),
    /** Instances that were not accepted in the end, by reason code. */
    notTaken: z.array(z.object({ reason: z.string(), instances: z.number().int() })),
    /** Associations whose instances wait, however old, and the code of the latest problem. */
    waiting: z.number().int(),
    problem: z.string().nullable(),
  }),
});
export type DimsePeer = z.infer<typeof dimsePeerSchema>;

/**
 * - `calling-ae`: no peer has the calling AE title
 * - `address`: a peer has it, but calls from another address
 * - `called-ae`: the called AE title is not the gateway's
 * - `account-ended`: the account of the peer is disabled
 * - `policy`: the policy of the peer was withdrawn, or is not open to its account
 * - `too-many`: the limit of open associations is reached
 * - `no-dicom`: another protocol version, or another application context
 */
const DIMSE_REFUSALS = [
  'calling-ae',
  'address',
  'called-ae',
  'account-ended',
  'policy',
  'too-many',
  'no-dicom',
] as const;
export type DimseRefusal = (typeof DIMSE_REFUSALS)[number];

/**
 * Why an administrator gives up instances although the peer was told that they are stored.
 *
 * - `came-otherwise`: the PACS has them, or gets them, in another way
 * - `not-needed`: nobody needs them: a test, or an acquisition that was repeated
 * - `cannot-be-sent`: they cannot be sent, and whoever made them knows
 */
export const GIVING_UP_REASONS = ['came-otherwise', 'not-needed', 'cannot-be-sent'] as const;
export type GivingUpReason = (typeof GIVING_UP_REASONS)[number];

/** `POST /admin/dimse-peers/transfers/{id}`. */
export const transferAnswerSchema = z.discriminatedUnion('answer', [
  z.strictObject({ answer: z.literal('send-again') }),
  z.strictObject({ answer: z.literal('give-up'), because: z.enum(GIVING_UP_REASONS) }),
]);
export type TransferAnswer = z.infer<typeof transferAnswerSchema>;

/**
 * The instances of one association, some of which will not reach the PACS without help. The gateway still has their
 * bytes.
 */
const dimseTransferSchema = z.object({
  id: z.uuid(),
  /** The AE title that the peer called with. The peer may have been deleted since. */
  aeTitle: z.string(),
  cameAt: z.iso.datetime(),
  bytes: z.number().int(),
  /** Instances that are not on their way, by reason code. Empty where nothing of the transfer could be read. */
  missing: z.array(z.object({ reason: z.string(), instances: z.number().int() })),
  /** The studies at the gateway to which the instances belong, as far as they could be read. */
  studies: z.array(studyHereSchema),
  /** Why the transfer, or the rest of it, was not read. */
  problem: z.string().nullable(),
  /** The gateway will try again by itself. */
  triesAgain: z.boolean(),
});
export type DimseTransfer = z.infer<typeof dimseTransferSchema>;

/** `GET /admin/dimse-peers`. */
export const dimsePeersSchema = z.object({
  /**
   * Null: RELAY_DIMSE_PORT is not set. `host`: the local address that the gateway listens on. `tls` `mutual`: callers
   * must present a certificate.
   */
  listener: z
    .object({
      aeTitle: z.string(),
      host: z.string(),
      port: z.number().int(),
      tls: z.enum(['none', 'server', 'mutual']),
    })
    .nullable(),
  /** By name. */
  peers: z.array(dimsePeerSchema),
  /** Transfers that wait for an administrator, oldest first: at most 100 of them, and their total. */
  transfers: z.object({ total: z.number().int(), shown: z.array(dimseTransferSchema) }),
  /** Callers refused recently, latest first; kept only in memory. */
  refused: z.array(
    z.object({
      at: z.iso.datetime(),
      address: z.string(),
      callingAE: z.string(),
      calledAE: z.string(),
      because: z.enum(DIMSE_REFUSALS),
    }),
  ),
});
export type DimsePeers = z.infer<typeof dimsePeersSchema>;
