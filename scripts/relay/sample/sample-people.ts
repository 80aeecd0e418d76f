/** The sample accounts, each signed in: what they send and open is what the gateway knows as sample data. */
import { sampleAccountsSchema, type SampleAccount } from '#shared/protocol/sample.ts';
import type { ApiClient } from '../../../client/src/net/api-client.ts';
import { connectAs, type Connection } from '../connect.ts';

export type People = {
  /** The administrator who runs the command. */
  readonly admin: ApiClient;
  readonly as: (name: SampleAccount) => ApiClient;
  readonly idOf: (name: SampleAccount) => string;
  readonly signal: AbortSignal;
};

/** Throws ApiProblem: `not-allowed`; `user-exists`, where a person has one of the names. */
export async function openPeople({ gateway, api }: Connection, signal: AbortSignal): Promise<People> {
  const { accounts } = await api.json('/admin/sample', sampleAccountsSchema, { method: 'POST', signal });
  const people = new Map<string, { readonly id: string; readonly api: ApiClient }>();
  for (const { id, username, password } of accounts)
    people.set(username, { id, api: await connectAs(gateway, username, password) });
  const known = (name: SampleAccount) => {
    const person = people.get(name);
    if (person === undefined) throw new Error(`the gateway has no account ${name}: it is of another version`);
    return person;
  };
  return { admin: api, as: (name) => known(name).api, idOf: (name) => known(name).id, signal };
}
