/** The policies of the site with their versions, and the administrator's actions on them. */
import { z } from 'zod';
import { policyAnswerSchema } from '#shared/protocol/api.ts';
import { adminPolicySchema, type AdminPolicy, type PolicyDocument } from '#shared/protocol/policy.ts';
import { openAttempt } from '../kit/open-attempt.ts';
import { createResource } from '../kit/resource.ts';
import type { Trouble } from '../kit/trouble.ts';
import type { ApiClient } from '../net/api-client.ts';
import { troubleOf } from '../net/trouble-of.ts';
import { chosenWords } from '../pipeline/ingest/found/chosen-words.ts';
import type { AnyPolicy } from './policy-facts.ts';

const PATH = '/admin/policies';
const policiesSchema = z.object({ policies: z.array(adminPolicySchema) });
const usersSchema = z.object({ users: z.array(z.object({ id: z.string(), username: z.string() })) });
const offeredSchema = policyAnswerSchema.pick({ policies: true });

export type ListedPolicy = AdminPolicy & {
  readonly title: string;
  /** The newest version; null: this page does not know all of its settings. */
  readonly policy: AnyPolicy | null;
};
export type PolicyList = {
  readonly policies: readonly ListedPolicy[];
  /** The names of accounts by id. */
  readonly people: ReadonlyMap<string, string>;
};
export type PoliciesStore = ReturnType<typeof createPoliciesStore>;

export function createPoliciesStore(api: Pick<ApiClient, 'json'>) {
  const list = createResource<PolicyList, Trouble>(troubleOf);
  const { trouble, isBusy, tried } = openAttempt(troubleOf);
  const load = (): Promise<void> => list.ask((signal) => read(api, signal));
  /** A refusal often means that somebody else was first, so the list is loaded again in any case. */
  const change = (path: string, method: string, body: object): Promise<void> =>
    api.json(`${PATH}${path}`, adminPolicySchema, { method, body }).then(load, async (error: unknown) => {
      await load();
      throw error;
    });
  return {
    list,
    /** Why withdrawing failed. */
    trouble,
    isBusy,
    load,
    /** `replaces`: the newest version; null: a new policy. Throws ApiProblem, Unreachable. */
    save: (policy: PolicyDocument, replaces: number | null): Promise<void> =>
      replaces === null ? change('', 'POST', policy) : change(`/${policy.name}`, 'PUT', { replaces, policy }),
    withdraw: (name: string, version: number): Promise<boolean> =>
      tried(() => change(`/${name}/withdraw`, 'POST', { version })),
    close: list.close,
  };
}

async function read(api: Pick<ApiClient, 'json'>, signal: AbortSignal): Promise<PolicyList> {
  // The list has no text of the built-in policies; an administrator may send under both, so their terms are here.
  const [{ policies }, { users }, offered] = await Promise.all([
    api.json(PATH, policiesSchema, { signal }),
    api.json('/admin/users', usersSchema, { signal }),
    api.json('/upload/policy', offeredSchema, { signal }),
  ]);
  const listed = policies.map((each): ListedPolicy => {
    const own = offered.policies.find(({ name }) => each.builtIn && name === each.name);
    const policy = own ?? each.versions[0]?.policy ?? null;
    return { ...each, policy, title: policy === null ? each.name : titleOf(policy) };
  });
  return { policies: listed, people: new Map(users.map(({ id, username }) => [id, username])) };
}

/** The built-in policies have words of their own, the same as where they are chosen. */
const titleOf = ({ title, deidentify }: AnyPolicy): string =>
  title ?? chosenWords.policyChoice[deidentify ? 'deidentify' : 'keep'];
