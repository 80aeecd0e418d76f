/**
 * Policies, review types and templates of exports: kept by name, in versions. Only a difference makes a new version.
 */
import type { ConfigurationPart } from '#shared/protocol/configuration.ts';
import type { ExportDefinition } from '#shared/protocol/exports.ts';
import type { PolicyDocument } from '#shared/protocol/policy.ts';
import type { ReviewDefinition } from '#shared/protocol/reviews.ts';
import { recordAudit } from '../audit/audit.ts';
import type { NamedVersions } from '../database/named-versions.ts';
import { exportTemplates } from '../exports/export-template.store.ts';
import {
  insertPolicy,
  newestVersion,
  newestVersions,
  replacePolicy,
  withdrawPolicy,
} from '../policies/policy.store.ts';
import { requirePossible } from '../policies/require-possible.ts';
import { reviewTypes } from '../reviews/review-type.store.ts';
import type { At, Part } from './part.ts';

/** Those that are in force. One that is left out is withdrawn, as nothing of a policy is ever deleted. */
export const policies: Part<PolicyDocument> = {
  name: 'policies',
  nameOf: ({ name }) => name,
  read: async (db, siteId) =>
    (await newestVersions(db, siteId)).flatMap(({ document, withdrawnAt }) =>
      document === null || withdrawnAt !== null ? [] : [document],
    ),
  async put(at, document) {
    requirePossible(document);
    const newest = await newestOf(at, document.name);
    if (newest === null) await insertPolicy(at.trx, document, at);
    else await replacePolicy(at.trx, document, newest, at);
    const event = newest === null ? 'policy-made' : 'policy-changed';
    await record(at, { event, policy: document.name, version: (newest ?? 0) + 1 });
  },
  async remove(at, { name }) {
    const version = (await newestOf(at, name))!;
    await withdrawPolicy(at.trx, name, version, at);
    await record(at, { event: 'policy-withdrawn', policy: name, version });
  },
};

const newestOf = async ({ trx, siteId }: At, name: string): Promise<number | null> =>
  (await newestVersion(trx, siteId, name))?.version ?? null;

const record = (
  { trx, siteId, by, now }: At,
  said: {
    readonly event: 'policy-made' | 'policy-changed' | 'policy-withdrawn';
    readonly policy: string;
    readonly version: number;
  },
): Promise<void> => recordAudit(trx, siteId, { ...said, by }, now);

type Named<D> = { readonly name: string; readonly definition: D };

/** Those that people made; those that come with the gateway are in no document. None is ever removed. */
const named = <D>(
  name: ConfigurationPart,
  store: NamedVersions<D>,
  orderOf: (definition: D) => string,
): Part<Named<D>> => ({
  name,
  nameOf: (entry) => entry.name,
  read: async (db, siteId) =>
    (await store.list(db, siteId)).flatMap(({ name: own, definition, madeBy }) =>
      madeBy === null ? [] : [{ name: own, definition }],
    ),
  differs: async (_at, entry, before) => orderOf(entry.definition) !== orderOf(before.definition),
  put: ({ trx, siteId, by, now }, entry) => store.put(trx, { id: by, siteId }, entry, now),
});

/** The fields of a form are shown in their order. */
export const types = named<ReviewDefinition>('reviewTypes', reviewTypes, ({ form }) =>
  Object.keys(form.properties).join(' '),
);
export const templates = named<ExportDefinition>('exportTemplates', exportTemplates, () => '');
