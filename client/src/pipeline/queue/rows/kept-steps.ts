/**
 * Steps of reviews that have not reached the gateway: answers and signatures of the account that gave them. Answers may
 * name a person, so each lies here under the device's key; the clear part is the account and the step's random id.
 */
import { deviceKey, open, seal } from './device-key.ts';
import type { LocalDatabase, Sealed } from './local-database.ts';

export interface StepPlace {
  readonly account: string;
  readonly stepId: string;
}

const nameOf = ({ account, stepId }: StepPlace) => `step/${account}/${stepId}` as const;

export async function keepStep(database: LocalDatabase, place: StepPlace, step: unknown): Promise<void> {
  const name = nameOf(place);
  const bytes = new TextEncoder().encode(JSON.stringify(step));
  await database.device.put({ name, value: await seal(await deviceKey(database), bytes, name) });
}

/** Those of this account, in no order; skips one that cannot be opened. */
export async function keptSteps(database: LocalDatabase, account: string): Promise<unknown[]> {
  const key = await deviceKey(database);
  const rows = await ofAccount(database, account).toArray();
  const read = async ({ name, value }: (typeof rows)[number]): Promise<unknown> =>
    JSON.parse(new TextDecoder().decode(await open(key, value as Sealed, name)));
  const opened = await Promise.allSettled(rows.map(read));
  return opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}

const ofAccount = (database: LocalDatabase, account: string) =>
  database.device.where('name').startsWith(nameOf({ account, stepId: '' }));

export async function forgetStep(database: LocalDatabase, place: StepPlace): Promise<void> {
  await database.device.delete(nameOf(place));
}
