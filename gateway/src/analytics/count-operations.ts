/**
 * Counts the uploads that began in the period and the contents of their studies, grouped in five ways; and refusals by
 * reason.
 */
import { setImmediate } from 'node:timers/promises';
import { GROUPS_LIMIT, type Operations, type Transfers } from '#shared/protocol/analytics.ts';
import type { Db } from '../database/database.ts';
import { isOfAll, laterDay, saidOf, type Asked } from './asked.ts';
import { readUploads, type Uploads } from './read-uploads.ts';
import type { Tally } from './tally-rows.ts';
import { countChangedDays } from './kept-days.ts';
import { uploadDays } from './upload-days.ts';

export async function countOperations(db: Db, siteId: string, asked: Asked): Promise<Operations> {
  await countChangedDays(db, { of: uploadDays, siteId }, asked);
  const [uploads, names] = await Promise.all([readUploads(db, siteId, asked), namesOf(db, siteId)]);
  const list = listOf(asked);
  const [total] = uploads.rows.tally(() => 0, 1);
  return {
    ...saidOf(asked),
    total: total!.uploads === 0 ? NOTHING : toTransfers(total!, list({})),
    ...(await byTime(uploads, list)),
    ...(await bySender(uploads, list, names)),
    modalities: largest(
      uploads.ofModality.tally((row) => uploads.modality[row]!, uploads.modalities.length),
      uploads.modalities,
    ).map(([modality, of]) => ({ modality, ...toTransfers(of, null) })),
    refusals: refusalsOf(uploads),
  };
}

type ListOf = (more: Readonly<Record<string, string>>) => string | null;
const HOURS = 24;

async function byTime(
  { rows, days, day, hour }: Uploads,
  list: ListOf,
): Promise<Pick<Operations, 'days' | 'hours'>> {
  await setImmediate();
  const ofDays = rows.tally((row) => day[row]!, days.length);
  const ofHours = rows.tally((row) => hour[row]!, HOURS);
  return {
    days: days.flatMap((name, at) => {
      const shows = list({ sentFrom: name, sentTo: laterDay(name, 1) });
      const of = ofDays[at]!;
      return of.uploads === 0 ? [] : [{ day: name, ...toTransfers(of, shows) }];
    }),
    hours: ofHours.flatMap((of, name) =>
      of.uploads === 0 ? [] : [{ hour: name, ...toTransfers(of, null) }],
    ),
  };
}

async function bySender(
  { rows, senders, sender }: Uploads,
  list: ListOf,
  names: ReadonlyMap<string, string>,
): Promise<Pick<Operations, 'accounts' | 'devices'>> {
  await setImmediate();
  const accounts = [...new Set(senders.map(accountOf))];
  const places = new Map(accounts.map((account, at) => [account, at]));
  const accountAt = senders.map((text) => places.get(accountOf(text))!);
  const ofAccounts = rows.tally((row) => accountAt[sender[row]!]!, accounts.length);
  const ofSenders = rows.tally((row) => sender[row]!, senders.length);
  return {
    accounts: largest(ofAccounts, accounts).map(([account, of]) => ({
      username: names.get(account) ?? '',
      ...toTransfers(of, list({ account })),
    })),
    devices: largest(ofSenders, senders).map(([text, of]) => {
      const account = accountOf(text);
      const device = text.split(' ')[1] ?? null;
      const shows = list({ account, device: device ?? 'none' });
      return { device, username: names.get(account) ?? '', ...toTransfers(of, shows) };
    }),
  };
}

const accountOf = (sender: string): string => sender.split(' ')[0]!;

/** The groups with the most studies, ordered by name where the numbers are equal. */
function largest<Name extends string | null>(
  tallies: readonly Tally[],
  names: readonly Name[],
): [Name, Tally][] {
  return tallies
    .map((of, at): [Name, Tally] => [names[at]!, of])
    .filter(([, { uploads }]) => uploads > 0)
    .sort(([a, one], [b, other]) => other.studies - one.studies || ((a ?? '') < (b ?? '') ? -1 : 1))
    .slice(0, GROUPS_LIMIT);
}

function refusalsOf({ refused }: Uploads): Operations['refusals'] {
  const all = [...refused].map(([text, of]) => {
    const [state, ...words] = text.split(' ');
    return {
      state: state as Operations['refusals'][number]['state'],
      reason: words.length === 0 ? null : words.join(' '),
      instances: of.reduce((sum, { instances }) => sum + instances, 0),
      studies: new Set(of.map(({ study }) => study)).size,
    };
  });
  return all.sort(
    (one, other) => other.instances - one.instances || ((one.reason ?? '') < (other.reason ?? '') ? -1 : 1),
  );
}

const NOTHING: Transfers = {
  ...{ studies: 0, uploads: 0, instances: 0, bytes: 0, retries: 0 },
  ...{ toPacsMs: null, shows: null },
};

function toTransfers({ times, ...sums }: Tally, shows: string | null): Transfers {
  const toPacsMs = times && { p50: Math.round(times.p50), p95: Math.round(times.p95) };
  return { ...sums, toPacsMs, shows };
}

/** The list of studies cannot filter by cohort. */
function listOf(asked: Asked): ListOf {
  const { from: sentFrom, to } = asked;
  return (more) =>
    isOfAll(asked)
      ? `/studies?${new URLSearchParams({ all: '1', arrived: '1', sentFrom, sentTo: laterDay(to, 1), ...more })}`
      : null;
}

async function namesOf(db: Db, siteId: string): Promise<ReadonlyMap<string, string>> {
  const rows = await db
    .selectFrom('account')
    .select(['id', 'username'])
    .where('site_id', '=', siteId)
    .execute();
  return new Map(rows.map(({ id, username }) => [id, username]));
}
