/** The route for a study that was saved to a file on a USB stick (accept-ticket.ts). */
import { z } from '@hono/zod-openapi';
import { carriedAnswerSchema, TICKET_BYTES_LIMIT } from '#shared/protocol/stick.ts';
import { SENDERS } from '#shared/protocol/policy.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { joinBytes } from '../threads/gather-bytes.ts';
import { holdBody } from '../http/hold-body.ts';
import { invalidRequest } from '../http/invalid-request.ts';
import { readLimited } from '../http/read-multipart.ts';
import { allow, callerOf, createRouter, describeRoute, jsonResponse, type Router } from '../http/route.ts';
import { createTurns } from '../http/take-turns.ts';
import type { SealingKeys } from '../pipeline/plan/pipeline-tools.ts';
import { acceptTicket, openCarried } from './accept-ticket.ts';
import type { ReadPosted } from './read-posted.ts';
import type { UploadTools } from './upload-tools.ts';

type CarriedRouteTools = {
  readonly tools: UploadTools;
  /** The private keys that open what devices have sealed. */
  readonly sealing: SealingKeys;
  readonly readPosted: ReadPosted;
};

const query = z.object({
  ticket: z.uuid().openapi({ description: 'The ticket’s id, as the file says.' }),
  key: z.string().min(1).max(128).openapi({ description: 'The gateway’s key that it is sealed to.' }),
  enc: z
    .string()
    .regex(/^[A-Za-z0-9+/]{43}=$/, '32 bytes as base64')
    .openapi({ description: 'The encapsulated key in base64.' }),
});

const CARRIED = {
  method: 'post',
  path: '/upload/carried',
  operationId: 'bringCarriedStudy',
  roles: SENDERS,
  tags: ['upload'],
  summary:
    'Bring a study that a device has saved to a file: its ticket, as it lies there. Be told what to send. Repeatable',
  problems: [
    'seal-key-unknown',
    'stick-damaged',
    'stick-expired',
    'stick-clock-ahead',
    'stick-outdated',
    'stick-sender-ended',
    'policy-not-allowed',
    'policy-withdrawn',
    'reason-missing',
    'too-many-instances',
    'quota-exceeded',
  ],
  request: {
    query,
    body: { content: { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } } },
  },
  responses: {
    200: jsonResponse(carriedAnswerSchema, 'As the answer to a manifest, and the parcels that are wanted'),
  },
} satisfies Parameters<typeof describeRoute>[1];

/** The same times as for a manifest (read-posted.ts). */
const TIMES = { quietMs: 30_000, totalMs: 300_000 };

export function carriedRoutes({ tools, sealing, readPosted }: CarriedRouteTools): Router {
  const router = createRouter();
  // Requests of one account run one at a time, as requests with manifests do. In parallel they would only wait for each
  // other in the database.
  const turns = createTurns(1);
  describeRoute(router, CARRIED);
  router.post(CARRIED.path, allow(SENDERS), async (c) => {
    const caller = callerOf(c);
    const params = query.safeParse(c.req.query());
    if (!params.success) throw invalidRequest(params.error.issues, 'query');
    const { ticket: id, key: keyId, enc } = params.data;
    const { signal } = c.req.raw;
    requireBytes(c.req.raw.headers);
    if (c.req.raw.body === null) throw new Problem('stick-damaged');
    // The promise counts twice, sealed and opened, because it stays in memory until it is its turn to be parsed.
    const body = { request: c.req.raw, from: caller.id, heldBytes: TICKET_BYTES_LIMIT, times: 2 };
    const answer = await holdBody(body, async (pieces) => {
      const sealed = await joinBytes(readLimited(pieces, { ...TIMES, bytes: TICKET_BYTES_LIMIT }));
      const ticket = { id, keyId, enc, sealed };
      const { promise, signer } = await openCarried(tools, sealing, ticket, caller.siteId);
      const posted = { kind: 'opened', gzip: promise, signal } as const;
      return readPosted('ticket', posted, caller.id, (opened) =>
        acceptTicket(tools, turns, { ticketId: id, signer, ticket: opened, caller, signal }),
      );
    });
    return c.json(answer, 200);
  });
  return router;
}

function requireBytes(headers: Headers): void {
  if (!/^application\/octet-stream\s*(?:;|$)/i.test(headers.get('content-type') ?? ''))
    throw new Problem('unsupported-media-type');
}
