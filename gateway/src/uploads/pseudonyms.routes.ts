/**
 * The gateway's part in pseudonyms (protocol/pseudonyms.md): which keys a device is given, and the evaluation for
 * devices that are given none. The gateway sees blinded elements, which reveal nothing about a patient.
 */
import {
  pseudonymsAnswerSchema,
  pseudonymsSchema,
  type Policy,
  type PseudonymKey,
  type Role,
} from '#shared/protocol/api.ts';
import { KEY_HOLDERS, NEVER_KEY_HOLDER, SENDERS } from '#shared/protocol/policy.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { parseBase64Url, toBase64Url } from '#shared/transfer/base64url.ts';
import { importEvaluationKey, ObliviousPrfError } from '#shared/transfer/oblivious-prf.ts';
import { keyNameOf } from '#shared/transfer/policy-key.ts';
import { PolicyKeyError, wrapPolicyKey } from '#shared/transfer/wrapped-key.ts';
import { recordAudit } from '../audit/audit.ts';
import { callerOf, createRouter, defineRoute, jsonBody, jsonResponse, type Router } from '../http/route.ts';
import type { PipelineTools } from '../pipeline/plan/pipeline-tools.ts';
import { requirePolicy } from '../policies/policies.ts';
import { countPatients, mayAskFor } from '../policies/quota.store.ts';
import type { EvaluateInTurn } from './evaluate-thread.ts';

type Tools = Pick<PipelineTools, 'db' | 'policyKey' | 'now'>;

const evaluateRoute = defineRoute({
  method: 'post',
  path: '/upload/pseudonyms',
  operationId: 'evaluatePseudonyms',
  roles: SENDERS,
  tags: ['upload'],
  summary: 'Evaluate blinded elements of patients, for a device that makes their pseudonyms without a key',
  problems: ['policy-not-allowed', 'policy-withdrawn', 'too-many-patients'],
  request: { body: jsonBody(pseudonymsSchema) },
  responses: { 200: jsonResponse(pseudonymsAnswerSchema, 'The evaluated elements, and one proof for all') },
});

export function pseudonymRoutes({ db, policyKey, now }: Tools, evaluate: EvaluateInTurn): Router {
  const router = createRouter();
  router.openapi(evaluateRoute, async (c) => {
    const { id: accountId, siteId, roles } = callerOf(c);
    const { policy: name, version, blinded } = c.req.valid('json');
    const policy = await requirePolicy(db, siteId, { name, version }, roles);
    if (!policy.deidentify) throw new Problem('invalid-request', 'Invalid: policy.');
    const { pair } = await policyKey(keyNameOf(policy));
    const made = {
      event: 'pseudonyms-made',
      accountId,
      policy: name,
      version,
      patients: blinded.length,
    } as const;
    // Do no work for an account that has reached its daily limit. Only the count below decides whether an answer is
    // given.
    if (!(await mayAskFor(db, accountId, blinded.length, now()))) throw new Problem('too-many-patients');
    // Evaluated before it is counted: a request with an element that is not a point gets no answer, and costs nothing.
    // Nothing is locked meanwhile.
    const answer = await orInvalid('blinded', () => evaluate(accountId, pair, blinded.map(parseBase64Url)));
    await db.transaction().execute(async (trx) => {
      if (!(await countPatients(trx, accountId, blinded.length, now())))
        throw new Problem('too-many-patients');
      await recordAudit(trx, siteId, made, now());
    });
    return c.json({ evaluated: answer.evaluated.map(toBase64Url), proof: toBase64Url(answer.proof) }, 200);
  });
  return router;
}

/** Whether devices of these roles may hold the policy's key. */
export function mayHoldKey({ pseudonyms = 'device' }: Policy, roles: readonly Role[]): boolean {
  return (
    pseudonyms === 'device' &&
    KEY_HOLDERS.some((role) => roles.includes(role)) &&
    !roles.includes(NEVER_KEY_HOLDER)
  );
}

/**
 * The keys of these policies that the roles may have. A secret key is included only for a device that names the public
 * key to wrap it to. Throws `invalid-request` where nothing can be wrapped to that key.
 */
export async function pseudonymKeysFor(
  policies: readonly Policy[],
  { roles, deviceKey }: { readonly roles: readonly Role[]; readonly deviceKey: string | undefined },
  policyKey: Tools['policyKey'],
): Promise<PseudonymKey[]> {
  const keyed = policies.filter(({ deidentify }) => deidentify);
  return Promise.all(
    keyed.map(async (policy): Promise<PseudonymKey> => {
      const { pair, tagKey } = await policyKey(keyNameOf(policy));
      const shown = {
        policy: policy.name,
        publicKey: toBase64Url(pair.publicKey),
        tagKey: toBase64Url(tagKey),
      };
      if (deviceKey === undefined || !mayHoldKey(policy, roles)) return shown;
      const key = await importEvaluationKey(pair, true);
      return { ...shown, wrapped: await orInvalid('deviceKey', () => wrapPolicyKey(key, deviceKey)) };
    }),
  );
}

async function orInvalid<T>(what: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isTheirs = error instanceof PolicyKeyError || error instanceof ObliviousPrfError;
    throw isTheirs ? new Problem('invalid-request', `Invalid: ${what}.`) : error;
  }
}
