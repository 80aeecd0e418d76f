/**
 * Brings a site to what a document says, in one transaction. All mistakes are gathered, and then nothing is changed. A
 * plan does the same and takes it back, so it tells just what applying would do.
 */
import { sql } from 'kysely';
import type { Configuration, ConfigurationOutcome } from '#shared/protocol/configuration.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { ALL_PROBLEMS } from '#shared/protocol/inference-problems.ts';
import type { Db, Trx } from '../database/database.ts';
import { lockDestinations } from '../database/destinations-lock.ts';
import { MISTAKES_LIMIT, type Judged } from './judge-document.ts';
import type { At, Part } from './part.ts';

type Change = ConfigurationOutcome['changes'][number];
type AnyPart = Part<object>;
type Tools = Omit<At, 'trx'> & { readonly db: Db; readonly parts: readonly AnyPart[] };

/** What a plan found, on its way out of the transaction. */
class Planned extends Error {
  readonly changes: readonly Change[];
  constructor(changes: readonly Change[]) {
    super('planned');
    this.changes = changes;
  }
}

const FIELDS = 20;
const DEPTH = 3;

export async function readConfiguration({
  db,
  siteId,
  parts,
}: Pick<Tools, 'db' | 'siteId' | 'parts'>): Promise<Configuration> {
  const document: Record<string, unknown> = { format: 1 };
  await db
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (trx) => {
      for (const { name, isOne, read } of parts) {
        const all = await read(trx, siteId);
        document[name] = isOne ? all[0] : all;
      }
    });
  return document as Configuration;
}

/** @throws Problem configuration-wrong, which names every mistake. */
export async function applyConfiguration(
  tools: Tools,
  judged: Judged,
  isPlan: boolean,
): Promise<ConfigurationOutcome> {
  try {
    const changes = await tools.db.transaction().execute(async (trx) => {
      await lockDestinations(trx, tools.siteId);
      const applied = await applyIn({ ...tools, trx }, judged);
      if (isPlan) throw new Planned(applied);
      return applied;
    });
    return { isApplied: true, changes: [...changes] };
  } catch (error) {
    if (error instanceof Planned) return { isApplied: false, changes: [...error.changes] };
    throw error;
  }
}

type Applying = At & Pick<Tools, 'parts'>;

async function applyIn(at: Applying, judged: Judged): Promise<readonly Change[]> {
  const mistakes = [...judged.mistakes];
  const changes: Change[] = [];
  const removals: (() => Promise<void>)[] = [];
  for (const part of at.parts) {
    const entries = judged.parts[part.name];
    if (entries === undefined) continue;
    mistakes.push(...(part.wrong?.(entries.map(({ entry }) => entry)) ?? []));
    const before = new Map((await part.read(at.trx, at.siteId)).map((one) => [part.nameOf(one), one]));
    const named = new Set<string>();
    for (const { entry, place } of entries) {
      if (mistakes.length >= MISTAKES_LIMIT) break;
      const name = part.nameOf(entry);
      if (named.has(name)) {
        mistakes.push(`${place} (stands there twice)`);
        continue;
      }
      named.add(name);
      const old = before.get(name) ?? null;
      before.delete(name);
      const fields = old === null ? [] : differing(old, entry);
      const isSame = old !== null && fields.length === 0 && !(await part.differs?.(at, entry, old));
      if (isSame) continue;
      changes.push({ part: part.name, name, change: old === null ? 'add' : 'change', fields });
      await attempt(at.trx, place, mistakes, () => part.put(at, entry, old));
    }
    const { remove } = part;
    if (remove)
      removals.push(async () => {
        for (const [name, old] of before) {
          if (part.stays?.(old)) continue;
          changes.push({ part: part.name, name, change: 'remove', fields: [] });
          await attempt(at.trx, `${part.name}: ${name} is left out`, mistakes, () => remove(at, old));
        }
      });
  }
  // What others named is removed once nothing names it any more.
  if (mistakes.length === 0) for (const removal of removals.toReversed()) await removal();
  if (mistakes.length > 0)
    throw new Problem(
      'configuration-wrong',
      `${mistakes.length} ${mistakes.length === 1 ? 'mistake' : 'mistakes'}: ${mistakes.join('; ')}.`,
    );
  return changes;
}

/** A refusal becomes a mistake, and what was done for it is taken back. */
async function attempt(
  trx: Trx,
  place: string,
  mistakes: string[],
  work: () => Promise<void>,
): Promise<void> {
  await sql`savepoint entry`.execute(trx);
  try {
    await work();
    await sql`release savepoint entry`.execute(trx);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    await sql`rollback to savepoint entry`.execute(trx);
    mistakes.push(`${place}: ${error.detail ?? ALL_PROBLEMS[error.code].title}`.replace(/\.$/, ''));
  }
}

/** The paths at which two values differ; the order of an object's fields does not count. */
function differing(old: unknown, now: unknown, path = '', depth = 0): string[] {
  if (canonical(old) === canonical(now)) return [];
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  if (depth === DEPTH || !isObject(old) || !isObject(now)) return [path];
  return [...new Set([...Object.keys(old), ...Object.keys(now)])]
    .flatMap((key) => differing(old[key], now[key], path === '' ? key : `${path}.${key}`, depth + 1))
    .slice(0, FIELDS);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
}
