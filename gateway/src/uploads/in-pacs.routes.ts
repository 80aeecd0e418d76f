/**
 * `POST /upload/in-pacs`: a device remembers what the PACS had, and asks whether the PACS still has it before a person
 * decides by it. Asking promises nothing. As in the answer to a manifest, only those who brought an instance or may
 * read it are told of it.
 */
import { inPacsAnswerSchema, inPacsQuestionSchema } from '#shared/protocol/in-pacs.ts';
import { SENDERS } from '#shared/protocol/policy.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { callerOf, createRouter, defineRoute, jsonBody, jsonResponse, type Router } from '../http/route.ts';
import { senderOf } from '../pipeline/stores/upload-owner.ts';
import { confirmedInstances } from './known-instances.ts';
import { askPacs } from './open-upload.ts';
import type { UploadTools } from './upload-tools.ts';

const inPacs = defineRoute({
  method: 'post',
  path: '/upload/in-pacs',
  operationId: 'findGoneInPacs',
  roles: SENDERS,
  tags: ['upload'],
  summary: 'Which of these instances, confirmed before, the PACS no longer has. Promises nothing',
  problems: ['pacs-unreachable'],
  request: { body: jsonBody(inPacsQuestionSchema) },
  responses: { 200: jsonResponse(inPacsAnswerSchema, 'Those that it no longer has') },
});

export function inPacsRoutes(tools: UploadTools): Router {
  const router = createRouter();
  router.openapi(inPacs, async (c) => {
    const caller = callerOf(c);
    const { studyInstanceUID, sopInstanceUIDs } = c.req.valid('json');
    const sender = { ...senderOf(caller), siteId: caller.siteId, roles: caller.roles };
    const confirmed = new Set(await confirmedInstances(tools.db, sender, studyInstanceUID));
    const instances = sopInstanceUIDs
      .filter((uid) => confirmed.has(uid))
      .map((sopInstanceUID) => ({ sopInstanceUID }));
    if (instances.length === 0) return c.json({ gone: [] }, 200);
    const asked = await askPacs(tools, { studyInstanceUID, instances }, sender, c.req.raw.signal);
    if (asked === null) throw new Problem('pacs-unreachable');
    const there = new Set([...asked.seen, ...asked.unanswered]);
    const gone = instances.map(({ sopInstanceUID }) => sopInstanceUID).filter((uid) => !there.has(uid));
    return c.json({ gone }, 200);
  });
  return router;
}
