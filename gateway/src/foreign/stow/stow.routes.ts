/**
 * STOW-RS (PS3.18 §10.5): any DICOMweb client stores instances by one request. The body is stored as it streams in,
 * and opened like a file that was sent by tus. The answer waits for the PACS; if that takes long, it says where to ask
 * later.
 */
import { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { z } from '@hono/zod-openapi';
import { boundaryOf } from '#shared/boundary-of.ts';
import { isUid } from '#shared/dicom/uid.ts';
import { SENDERS } from '#shared/protocol/policy.ts';
import { Problem } from '#shared/protocol/problem.ts';
import {
  allow,
  callerOf,
  createRouter,
  describeRoute,
  type GatewayContext,
  type Router,
} from '../../http/route.ts';
import {
  receiveBody,
  type FileSpoolTools,
  type FormedBody,
  type RequestBody,
} from '../../pipeline/spool/file-spool.ts';
import type { PipelineTools } from '../../pipeline/plan/pipeline-tools.ts';
import { POLICY_HEADER } from '../../pipeline/stores/sent-file.store.ts';
import { senderOf, type Sender } from '../../pipeline/stores/upload-owner.ts';
import { policyNamed, reasonSaid } from '../../policies/policies.ts';
import { PartsError } from '../../threads/split-parts.ts';
import { giveBack } from '#shared/give-back.ts';
import { awaitStored, type Outcome } from './await-stored.ts';
import { storeAnswerSchema } from '../dicomweb/dicom-json-schema.ts';
import { loadToXml } from '../dicomweb/native-model.ts';
import { createOldestFirst, type OldestFirst } from './oldest-first.ts';
import { webAddress } from '../dicomweb/own-addresses.ts';
import { PartFinder } from './read-parts.ts';
import { toAnswer, warningOf } from './stow-answer.ts';

type StowTools = {
  readonly pipeline: PipelineTools;
  readonly spool: FileSpoolTools;
  /** The name of the default policy, for requests that name none. */
  readonly policy: string;
  readonly expiresAfterMs: number;
  readonly inPlace: InPlace;
  readonly publicUrl: string;
};

/** Provides the body in the form that the pipeline's intake reads. @throws Problem rate-limited, called-off. */
export type InPlace = (
  bringing: {
    readonly request: Request;
    readonly sender: Sender;
    readonly source: Readable | ReadableStream<Uint8Array> | null;
  },
  work: (body: RequestBody) => Promise<Response>,
) => Promise<Response>;

const OF_INSTANCES = /;\s*type=(?:"application\/dicom"|application\/dicom(?=\s*(?:;|$)))/i;

export const JSON_TYPE = 'application/dicom+json';
export const XML_TYPE = 'application/dicom+xml';

const QUERY = [
  ['policy', 'The policy; without it the API key’s own, or else the gateway’s default.'],
  ['reason', 'Why names are kept, where the policy asks for it.'],
].map(([name = '', description = '']) => ({
  ...{ name, in: 'query' as const, description, schema: { type: 'string' as const } },
}));

const STOW = (operationId: string, path: string, summary: string): Parameters<typeof describeRoute>[1] => ({
  method: 'post',
  path,
  operationId,
  roles: SENDERS,
  keys: ['upload'],
  tags: ['dicomweb'],
  summary,
  description:
    'The header `Relay-Policy` of the answer says which policy held. 200: the PACS has confirmed all. 202: it has not confirmed all within 20 s, or has not taken some; `Location` says where to ask,' +
    ' and `Warning` why some were not taken.',
  parameters: QUERY,
  requestBody: {
    required: true,
    description: 'Each part is an instance (Part 10) under `Content-Type: application/dicom`.',
    content: {
      'multipart/related; type="application/dicom"': {
        schema: { type: 'string' as const, format: 'binary' },
      },
    },
  },
  problems: [
    'bad-request',
    'unsupported-media-type',
    'not-acceptable',
    'policy-not-allowed',
    'policy-withdrawn',
    'reason-missing',
    'invalid-request',
    'quota-exceeded',
    'body-too-large',
    'storage-full',
  ],
  responses: Object.fromEntries(
    [
      [200, 'Stored'],
      [202, 'Accepted: some are stored, or none yet'],
      [409, 'None was taken'],
    ].map(([status, description]) => [
      status,
      {
        description: String(description),
        content: { [JSON_TYPE]: { schema: storeAnswerSchema }, [XML_TYPE]: { schema: z.string() } },
      },
    ]),
  ),
});

export function stowRoutes(tools: StowTools): Router {
  const router = createRouter();
  const oldestFirst = createOldestFirst(() => performance.now());
  const store = async (c: GatewayContext): Promise<Response> => {
    const caller = callerOf(c);
    const asked = parseAsked(c);
    const { incoming } = c.env ?? {};
    const source = incoming instanceof IncomingMessage ? incoming : c.req.raw.body;
    return tools.inPlace({ request: c.req.raw, sender: senderOf(caller), source }, async (body) => {
      const outcome = await receiveAndWait({ ...tools, oldestFirst }, c, body, asked);
      return answerOf(c, outcome, { type: asked.type, address: webAddress(c, tools.publicUrl) });
    });
  };
  const mayCall = allow(SENDERS, { keys: ['upload'] });
  router.post('/dicom-web/studies', mayCall, store);
  router.post('/dicom-web/studies/:studyInstanceUID', mayCall, store);
  describeRoute(
    router,
    STOW('storeInstances', '/dicom-web/studies', 'STOW-RS: store instances of any study'),
  );
  describeRoute(router, {
    ...STOW(
      'storeStudyInstances',
      '/dicom-web/studies/{studyInstanceUID}',
      'STOW-RS: store instances of this study',
    ),
    parameters: [
      ...QUERY,
      { name: 'studyInstanceUID', in: 'path', required: true, schema: { type: 'string' } },
    ],
  });
  return router;
}

type Asked = {
  readonly boundary: string;
  readonly studyInstanceUID: string | null;
  readonly type: typeof JSON_TYPE | typeof XML_TYPE;
};

function parseAsked(c: GatewayContext): Asked {
  const contentType = c.req.header('content-type') ?? '';
  const boundary = boundaryOf(contentType, 'related');
  if (boundary === null || !OF_INSTANCES.test(contentType)) throw new Problem('unsupported-media-type');
  const studyInstanceUID = c.req.param('studyInstanceUID') ?? null;
  if (studyInstanceUID !== null && !isUid(studyInstanceUID))
    throw new Problem('bad-request', 'The address names no study.');
  return { boundary, studyInstanceUID, type: answerType(c.req.header('accept')) };
}

/** PS3.18 §10.5.3: the answer is in JSON unless XML is requested. @throws Problem not-acceptable. */
export function answerType(accept = '*/*'): Asked['type'] {
  if (/application\/(dicom\+)?json|\*\/\*|application\/\*/i.test(accept)) return JSON_TYPE;
  if (/application\/(dicom\+)?xml|text\/xml/i.test(accept)) return XML_TYPE;
  throw new Problem('not-acceptable');
}

type Receiving = StowTools & { readonly oldestFirst: OldestFirst };

async function receiveAndWait(
  { pipeline, spool, policy: fallback, expiresAfterMs, oldestFirst }: Receiving,
  c: GatewayContext,
  body: RequestBody,
  { boundary, studyInstanceUID }: Asked,
): Promise<Outcome> {
  const caller = callerOf(c);
  const sender = senderOf(caller);
  const name = c.req.query('policy') ?? sender.policy ?? fallback;
  const policy = await policyNamed(pipeline.db, caller.siteId, name, caller.roles);
  const reason = reasonSaid(policy, c.req.query('reason'));
  const length = c.req.header('content-length');
  const id = await receiveBody(
    spool,
    {
      site_id: caller.siteId,
      account_id: caller.id,
      device_id: null,
      key_id: sender.keyId ?? null,
      form: { kind: 'parts', parts: [], studyInstanceUID },
      policy_name: policy.name,
      policy_version: policy.version,
      reason,
      bytes: length === undefined ? null : Number(length),
      expires_at: new Date(spool.now().getTime() + expiresAfterMs),
    },
    inParts(
      { isCut: () => body.isCut(), pieces: oldestFirst(caller.id, body) },
      new PartFinder(boundary, !policy.deidentify),
      studyInstanceUID,
    ),
    sender,
  );
  return awaitStored(pipeline, id, c.req.raw.signal);
}

/** Finds the parts as they arrive. A body with no parts, or too many, is not read to its end. */
function inParts(
  { isCut, pieces }: Pick<RequestBody, 'isCut'> & { readonly pieces: AsyncIterable<Uint8Array> },
  finder: PartFinder,
  studyInstanceUID: string | null,
): FormedBody {
  const orRefused = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw error instanceof PartsError ? new Problem('bad-request') : error;
    }
  };
  return {
    isCut,
    form: () => ({ kind: 'parts', parts: orRefused(() => finder.end()), studyInstanceUID }),
    async *[Symbol.asyncIterator]() {
      for await (const piece of pieces) {
        orRefused(() => finder.add(piece));
        yield piece;
        // The piece has been written.
        giveBack(piece);
      }
    },
  };
}

async function answerOf(
  c: GatewayContext,
  { file, stored, isOver }: Outcome,
  { type, address }: Pick<Asked, 'type'> & { readonly address: string },
): Promise<Response> {
  // The file was opened, and none of it was taken.
  if (file.state === 'opened' && file.problem !== null) throw new Problem(file.problem);
  const { status, dataSet } = toAnswer(file.entries, { stored, isOver, address });
  const warning = warningOf(file.entries, stored);
  const headers = {
    ...(warning !== null && { Warning: warning }),
    'Content-Type': type,
    // On the web app's port, API paths have a prefix.
    Location: `${c.get('throughWeb') ? '/api' : ''}/upload/${file.id}/status`,
    [POLICY_HEADER]: file.policy_name,
  };
  return c.body(type === XML_TYPE ? (await loadToXml())(dataSet) : JSON.stringify(dataSet), status, headers);
}
