/**
 * Under which policies may be sent, and by which rules what was promised is judged: those that are built in
 * and those that an administrator made. Whoever asks for a policy asks here.
 *
 * Taken is what is sent under the newest version, while it is not withdrawn; what was promised under an
 * earlier one and waits on a device is held there (`policy-withdrawn`). What has arrived is judged by the
 * very version that it was promised under, whatever has become of that.
 */
import type { Kysely } from 'kysely';
import { createRules } from '#shared/deid/rules.ts';
import type { Policy, Role } from '#shared/protocol/api.ts';
import type { Manifest } from '#shared/protocol/manifest.ts';
import { Problem } from '#shared/protocol/problem.ts';
import type { Tables } from '../database/tables.ts';
import { findVersion, newestVersion, newestVersions, type NamedVersion } from './policy.store.ts';

type Db = Kysely<Tables>;
type Named = { readonly name: string; readonly version: number };

export const BUILT_IN_POLICIES: readonly Policy[] = [
  // The PACS of care: the bytes as they are. Who only researches does not see identities, so does not send
  // them either.
  {
    name: 'identified',
    version: 1,
    deidentify: false,
    options: [],
    roles: ['technician', 'radiologist', 'admin'],
  },
  // PS3.15 Basic Profile without options.
  {
    name: 'deidentified',
    version: 1,
    deidentify: true,
    options: [],
    roles: ['technician', 'radiologist', 'researcher', 'admin'],
  },
];

/**
 * Under which the gateway sends its own result instances, and nobody else sends anything. They are what the
 * source is: of a de-identified study they hold its pseudonyms and nothing beside, so no second
 * de-identification is asked. No administrator's policy can have such a name.
 */
export const RESULTS_POLICY: Policy = {
  name: 'gateway.results',
  version: 1,
  deidentify: false,
  options: [],
  roles: [],
};

export function builtIn(name: string): Policy | undefined {
  return BUILT_IN_POLICIES.find((policy) => policy.name === name);
}

function toPolicy({ version, document }: NamedVersion): Policy | null {
  return document && { ...document, version };
}

/**
 * The policies in force that one of these roles may send under. One with rules that this gateway does not
 * know is not among them.
 */
export async function policiesFor(
  db: Db,
  siteId: string,
  roles: readonly Role[],
): Promise<readonly Policy[]> {
  const made = (await newestVersions(db, siteId))
    .filter(({ withdrawnAt }) => withdrawnAt === null)
    .map(toPolicy);
  return [...BUILT_IN_POLICIES, ...made.filter((policy) => policy !== null)].filter((policy) =>
    policy.roles.some((role) => roles.includes(role)),
  );
}

/**
 * The policy that a manifest names. Throws `policy-withdrawn` where it or its version, is no more,
 * `policy-not-allowed` where the roles do not suffice.
 */
export async function requirePolicy(
  db: Db,
  siteId: string,
  named: Named,
  roles: readonly Role[],
): Promise<Policy> {
  const policy = await inForce(db, siteId, named.name);
  if (policy === null) throw new Problem('policy-withdrawn');
  if (!policy.roles.some((role) => roles.includes(role))) throw new Problem('policy-not-allowed');
  if (policy.version !== named.version) throw new Problem('policy-withdrawn');
  return policy;
}

/**
 * Throws `invalid-request` where a device says that it did what the policy does not ask for: a receipt would
 * say it again.
 */
export function requireOptions(policy: Policy, said: Manifest['deidentification']): void {
  if (said === undefined) return;
  const rules = policy.deidentify ? createRules(policy.options, policy.rules) : null;
  const isAsked = rules?.kind === 'ready' && rules.rules.options.join() === said.options.join();
  if (!isAsked) throw new Problem('invalid-request', 'Invalid: deidentification.options.');
}

/** Whether more may come of what was promised under this version. */
export async function isInForce(db: Db, siteId: string, { name, version }: Named): Promise<boolean> {
  return (await inForce(db, siteId, name))?.version === version;
}

async function inForce(db: Db, siteId: string, name: string): Promise<Policy | null> {
  const own = builtIn(name);
  if (own !== undefined) return own;
  const newest = await newestVersion(db, siteId, name);
  return newest === undefined || newest.withdrawnAt !== null ? null : toPolicy(newest);
}

/**
 * The policy an instance was promised under, in force or not; undefined where nobody knows it. Throws where
 * this gateway does not know its rules.
 */
export async function findPolicy(
  db: Db,
  siteId: string,
  { name, version }: Named,
): Promise<Policy | undefined> {
  const own = name === RESULTS_POLICY.name ? RESULTS_POLICY : builtIn(name);
  if (own !== undefined) return own.version === version ? own : undefined;
  const found = await findVersion(db, siteId, name, version);
  if (found === undefined) return undefined;
  const policy = toPolicy(found);
  if (policy === null) throw new Error('a policy was written by a later version of this gateway');
  return policy;
}
