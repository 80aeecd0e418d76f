/**
 * The choice of each page that was not sent: kept while it is so, because a browser that is killed tells nobody.
 * One row a page: whose choice it is, and of each study how many instances, with a mark (mark-of-study.ts) that
 * tells whether it was sent after all.
 */
import { liveQuery } from 'dexie';
import type { DeviceRow, LocalDatabase } from './local-database.ts';

export interface ChosenStudy {
  readonly mark: number;
  /** Chosen, and not sent from the page. */
  readonly instances: number;
  /** Of the same study, sent from the page before. */
  readonly sent: number;
}

export interface KeptChoice {
  readonly id: string;
  /** null: nobody was signed in; it belongs to the first person who signs in. */
  readonly account: string | null;
  readonly studies: readonly ChosenStudy[];
}

export interface KeptChoices {
  readonly choices: readonly KeptChoice[];
  /**
   * By the mark of a study its instances in this device's queue, sent or not, also those that a person left out: only
   * of damaged ones another file may be sent. Of those that `choices` name.
   */
  readonly queued: ReadonlyMap<number, number>;
}

type Kept = Omit<KeptChoice, 'id'>;
const PREFIX = 'choice/';
const nameOf = (id: string) => `choice/${id}` as const;

/** Replaces what was kept of this page; without studies nothing is. */
export async function keepChoice(database: LocalDatabase, { id, ...kept }: KeptChoice): Promise<void> {
  if (kept.studies.length === 0) await database.device.delete(nameOf(id));
  else await database.device.put({ name: nameOf(id), value: kept satisfies Kept });
}

/** Unless another tab has deleted it meanwhile. */
export async function changeChoice(database: LocalDatabase, choice: KeptChoice): Promise<void> {
  await database.transaction('rw', database.device, async () => {
    if ((await database.device.get(nameOf(choice.id))) !== undefined) await keepChoice(database, choice);
  });
}

/** Calls `onChange` now and on every change in any tab. */
export function watchChoices(database: LocalDatabase, onChange: (kept: KeptChoices) => void): void {
  liveQuery(() => readChoices(database)).subscribe(onChange, () => undefined);
}

async function readChoices(database: LocalDatabase): Promise<KeptChoices> {
  const rows = await database.device.where('name').startsWith(PREFIX).toArray();
  const choices = rows.map(({ name, value }: DeviceRow) => ({
    id: name.slice(PREFIX.length),
    ...(value as Kept),
  }));
  const named = new Set(choices.flatMap(({ studies }) => studies.map(({ mark }) => mark)));
  const queued = new Map<number, number>();
  if (named.size === 0) return { choices, queued };
  for (const { mark, state, chosen, held } of await database.studies.toArray())
    if (mark !== undefined && named.has(mark) && state !== 'taken-back')
      queued.set(mark, (queued.get(mark) ?? 0) + chosen - (held.damaged ?? 0));
  return { choices, queued };
}
