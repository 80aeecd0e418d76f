/** The addresses of the administration pages, in the order of the links above each. */
import { hrefOf, type AdminTask } from '../kit/routes.ts';

/** The last two pages are also open to other roles. */
export type AdminPlace = Exclude<AdminTask, 'overview'> | 'audit' | 'analytics';

const toTask = (at: AdminTask): string => hrefOf({ page: 'admin', at });

export const ADMIN_PLACES = {
  destinations: toTask('destinations'),
  accounts: toTask('accounts'),
  rules: toTask('rules'),
  'api-keys': toTask('api-keys'),
  'dimse-peers': toTask('dimse-peers'),
  quotas: toTask('quotas'),
  policies: toTask('policies'),
  vault: toTask('vault'),
  backups: toTask('backups'),
  retention: toTask('retention'),
  storage: toTask('storage'),
  audit: hrefOf({ page: 'audit', query: '' }),
  analytics: hrefOf({ page: 'analytics', id: '', query: '' }),
} satisfies Record<AdminPlace, string>;
