/**
 * Storage commitment as an origin server (PS3.18 §13): a DICOMweb client asks whether the instances that it sent are
 * kept, and asks again for the result if it is not known yet.
 */
import { z } from '@hono/zod-openapi';
import { isUid } from '#shared/dicom/uid.ts';
import { SENDERS } from '#shared/protocol/policy.ts';
import { Problem } from '#shared/protocol/problem.ts';
import type { Db } from '../../database/database.ts';
import { holdBody } from '../../http/hold-body.ts';
import { oneOfFew } from '../../http/one-of-few.ts';
import { createPlaces, type Places } from '../../http/places.ts';
import {
  allow,
  callerOf,
  createRouter,
  describeRoute,
  type GatewayContext,
  type Router,
} from '../../http/route.ts';
import { joinBytes } from '../../threads/gather-bytes.ts';
import { parseBody } from '../../http/json-body.ts';
import { readLimited } from '../../http/read-multipart.ts';
import { COMMITMENT_QUESTION, REFERENCES_LIMIT } from '../../ports/pacs/dicom-json.ts';
import {
  findRequest,
  insertRequest,
  settleRequest,
  type CommitmentRequest,
  type Reference,
} from './commitment-request.store.ts';
import { commitmentAnswerSchema, commitmentQuestionSchema } from '../dicomweb/dicom-json-schema.ts';
import { judgeCommitment } from './judge-commitment.ts';
import { answerType, JSON_TYPE, XML_TYPE } from './stow.routes.ts';
import { loadToXml } from '../dicomweb/native-model.ts';
import { toCommitment } from './stow-answer.ts';

type CommitmentTools = { readonly db: Db };

/** The limits of a body. A reference in XML takes some 350 bytes. */
const BODY = { bytes: 4 * 1024 * 1024, quietMs: 30_000 };
/** How many requests are read at once. The largest takes some 30 MB while it is read. */
const QUESTIONS_AT_ONCE = { atOnce: 4, ofOne: 2 };
/** The suggested wait, because most studies are in the PACS within a minute. */
const RETRY_SECONDS = '30';

const PATH = '/dicom-web/commitment-requests/{transactionUID}';

const describe = (method: 'get' | 'post'): Parameters<typeof describeRoute>[1] => ({
  method,
  path: PATH,
  operationId: method === 'post' ? 'requestCommitment' : 'getCommitment',
  roles: SENDERS,
  keys: ['upload'],
  tags: ['dicomweb'],
  summary:
    method === 'post'
      ? 'Storage commitment: ask whether instances that the caller sent are kept'
      : 'Storage commitment: the result of a request',
  description: '202: not known yet; `Location` says where to ask for the result.',
  parameters: [{ name: 'transactionUID', in: 'path', required: true, schema: { type: 'string' } }],
  ...(method === 'post' && {
    requestBody: {
      required: true,
      content: {
        [JSON_TYPE]: { schema: { $ref: '#/components/schemas/CommitmentQuestion' } },
        [XML_TYPE]: { schema: { type: 'string' } },
      },
    },
  }),
  problems:
    method === 'post'
      ? [
          'bad-request',
          'not-acceptable',
          'unsupported-media-type',
          'body-too-large',
          'transaction-used',
          'called-off',
        ]
      : ['not-acceptable', 'not-found', 'commitment-forgotten'],
  responses: {
    200: {
      description: 'The result',
      content: { [JSON_TYPE]: { schema: commitmentAnswerSchema }, [XML_TYPE]: { schema: z.string() } },
    },
    202: { description: 'Not known yet' },
  },
});

export function commitmentRoutes(tools: CommitmentTools): Router {
  const router = createRouter();
  const places = createPlaces(QUESTIONS_AT_ONCE);
  const path = PATH.replace('{transactionUID}', ':transactionUID');
  const mayCall = allow(SENDERS, { keys: ['upload'] });
  router.post(path, mayCall, (c: GatewayContext) => ask(tools, places, c));
  router.get(path, mayCall, async (c: GatewayContext) => {
    const transactionUID = c.req.param('transactionUID') ?? '';
    const type = answerType(c.req.header('accept'));
    if (!isUid(transactionUID)) throw new Problem('not-found');
    const request = await findRequest(tools.db, callerOf(c).id, transactionUID);
    return answer(tools, c, { transactionUID, type, request });
  });
  router.openAPIRegistry.register('CommitmentQuestion', commitmentQuestionSchema);
  describeRoute(router, describe('post'));
  describeRoute(router, describe('get'));
  return router;
}

async function ask({ db }: CommitmentTools, places: Places, c: GatewayContext): Promise<Response> {
  const caller = callerOf(c);
  const transactionUID = c.req.param('transactionUID') ?? '';
  if (!isUid(transactionUID)) throw new Problem('bad-request', 'The address names no transaction.');
  const type = answerType(c.req.header('accept'));
  if (!OF_DATA_SETS.test(c.req.header('content-type') ?? '')) throw new Problem('unsupported-media-type');
  const body = { request: c.req.raw, from: caller.id, heldBytes: BODY.bytes };
  return holdBody(body, async (pieces) => {
    const bytes = await joinBytes(readLimited(pieces, BODY));
    return oneOfFew(c, places, async () => {
      const asked = await readReferences(bytes, caller.id, c.req.raw.signal);
      const question = { siteId: caller.siteId, accountId: caller.id, transactionUID, asked };
      const request = await insertRequest(db, question);
      return answer({ db }, c, { transactionUID, type, request });
    });
  });
}

const OF_DATA_SETS = /^(application\/(dicom\+)?(json|xml)|text\/xml)\s*(;|$)/i;

/** The distinct references of a body. @throws Problem bad-request, body-too-large. */
async function readReferences(
  bytes: Uint8Array<ArrayBuffer>,
  from: string,
  signal: AbortSignal,
): Promise<readonly Reference[]> {
  const references = (await parseBody(COMMITMENT_QUESTION, { bytes, from, signal })) ?? [];
  if (references.length === 0)
    throw new Problem('bad-request', 'Referenced SOP Sequence (0008,1199) names no instance.');
  if (references.length > REFERENCES_LIMIT) throw new Problem('body-too-large');
  const isWhole = ({ sopClassUID, sopInstanceUID }: Reference) => isUid(sopClassUID) && isUid(sopInstanceUID);
  if (!references.every(isWhole)) throw new Problem('bad-request', 'A reference has no valid UIDs.');
  const byUIDs = references.map((one) => [`${one.sopClassUID} ${one.sopInstanceUID}`, one] as const);
  return [...new Map(byUIDs).values()];
}

type Asked = {
  readonly transactionUID: string;
  readonly type: ReturnType<typeof answerType>;
  readonly request: CommitmentRequest;
};

async function answer(
  { db }: CommitmentTools,
  c: GatewayContext,
  { transactionUID, type, request }: Asked,
): Promise<Response> {
  const judged = request.reasons ?? (await judgeCommitment(db, request));
  if (judged === 'pending') {
    // On the web app's port, API paths have a prefix.
    const at = `${c.get('throughWeb') ? '/api' : ''}/dicom-web/commitment-requests/${transactionUID}`;
    return c.body(null, 202, { Location: at, 'Retry-After': RETRY_SECONDS });
  }
  const reasons = request.reasons ?? (await settleRequest(db, { ...request, transactionUID }, judged));
  const dataSet = toCommitment(request.asked, reasons);
  const body = type === XML_TYPE ? (await loadToXml())(dataSet) : JSON.stringify(dataSet);
  return c.body(body, 200, { 'Content-Type': type });
}
