/** Quotas, when backups are made, and how long what is kept. */
import type { ConfiguredBackups, ConfiguredQuota } from '#shared/protocol/configuration.ts';
import type { RetentionDays } from '#shared/protocol/retention.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { recordAudit } from '../audit/audit.ts';
import { findAccount } from '../auth/account.store.ts';
import { readBackupPlan, setBackupPlan } from '../backup/backup-plan.store.ts';
import type { Trx } from '../database/database.ts';
import { quotasOfSite, setAccountQuota, setSiteQuota, siteQuota } from '../policies/quota.store.ts';
import { readDays, writeDays } from '../retention/retention.store.ts';
import type { At, Part } from './part.ts';

export const quotas: Part<ConfiguredQuota> = {
  name: 'quotas',
  nameOf: ({ account }) => account?.toLowerCase() ?? '',
  async read(db, siteId) {
    const accounts = await quotasOfSite(db, siteId, new Date());
    return [
      { account: null, quota: await siteQuota(db, siteId) },
      ...accounts.flatMap(({ username, own }) =>
        own === null ? [] : [{ account: username.toLowerCase(), quota: own }],
      ),
    ];
  },
  async put(at, { account, quota }) {
    const { trx, siteId, by, now } = at;
    const accountId = account === null ? null : await idOf(at, account);
    if (accountId === null) await setSiteQuota(trx, siteId, quota);
    else await setAccountQuota(trx, siteId, accountId, quota);
    await recordAudit(trx, siteId, { event: 'quota-changed', accountId, by, ...quota }, now);
  },
  stays: ({ account }) => account === null,
  async remove(at, { account }) {
    const { trx, siteId, by, now } = at;
    const accountId = await idOf(at, account!);
    await setAccountQuota(trx, siteId, accountId, null);
    const none = { uploads: null, instances: null, bytes: null, patients: null };
    await recordAudit(trx, siteId, { event: 'quota-changed', accountId, by, ...none }, now);
  },
};

/** @throws Problem: the site has no such account. */
async function idOf({ trx, siteId }: At, username: string): Promise<string> {
  const account = await findAccount(trx, { username });
  if (account?.siteId !== siteId) throw new Problem('configuration-wrong', 'There is no such account.');
  return account.id;
}

export const retention: Part<RetentionDays> = {
  name: 'retention',
  isOne: true,
  nameOf: () => '',
  read: async (db, siteId) => [await readDays(db, siteId)],
  async put({ trx, siteId, by, now }, days) {
    await writeDays(trx, siteId, days);
    await recordAudit(trx, siteId, { event: 'retention-set', by, days: JSON.stringify(days) }, now);
  },
};

export const backups: Part<ConfiguredBackups> = {
  name: 'backups',
  isOne: true,
  nameOf: () => '',
  async read(db) {
    const { plan } = await readBackupPlan(db as Trx);
    return [{ everyHours: plan.everyHours, keep: plan.keep }];
  },
  async put({ trx, siteId, by, now }, wanted) {
    const { recipient } = (await readBackupPlan(trx, 'locked')).plan;
    const plan = { recipient, ...wanted };
    await setBackupPlan(trx, plan, now);
    await recordAudit(trx, siteId, { event: 'backups-planned', by, ...plan, isOtherKey: false }, now);
  },
};
