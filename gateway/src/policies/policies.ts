/**
 * The policies under which studies may be sent, with the rules that verify applies: the built-in ones and those that an
 * administrator made. All other modules get policies from here.
 *
 * The gateway accepts studies under the newest version of a policy, unless it is withdrawn; studies that were promised
 * under an earlier version and still wait on a device are held there (`policy-withdrawn`). Instances that have arrived
 * are judged by the version that they were promised under, even if it was withdrawn since.
 */
import { createRules, settingsOf } from '#shared/deid/rules.ts';
import type { Policy, Role } from '#shared/protocol/api.ts';
import type { Manifest } from '#shared/protocol/manifest.ts';
import { RESULTS_POLICY_NAME } from '#shared/protocol/policy.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { sendingReasonSchema, type SendingReason } from '#shared/protocol/sending-reason.ts';
import { keyNameOf } from '#shared/transfer/policy-key.ts';
import type { Db } from '../database/database.ts';
import { findVersion, newestVersion, newestVersions, type NamedVersion } from './policy.store.ts';

type Named = { readonly name: string; readonly version: number };

export const BUILT_IN_POLICIES: readonly Policy[] = [
  // For clinical care: the bytes stay as they are. Researchers may not see identities, so they may not send them
  // either.
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
 * The policy under which only the gateway itself sends its result instances. Results identify no more than their
 * source: for a de-identified study they hold only its pseudonyms, so they need no second de-identification. No
 * administrator's policy can have this name.
 */
export const RESULTS_POLICY: Policy = {
  name: RESULTS_POLICY_NAME,
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
 * The policies in force under which one of these roles may send. A policy with rules that this gateway does not know is
 * left out.
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
 * The policy that a manifest names. Throws `policy-withdrawn` where the policy or this version is no longer in force,
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
 * The policy in force with this name, for a client that knows no version. Throws `policy-not-allowed` where the roles
 * may not send under any such policy.
 */
export async function policyNamed(
  db: Db,
  siteId: string,
  name: string,
  roles: readonly Role[],
): Promise<Policy> {
  const policy = (await policiesFor(db, siteId, roles)).find((each) => each.name === name);
  if (policy === undefined) throw new Problem('policy-not-allowed');
  return policy;
}

/**
 * Throws `invalid-request` where the options that a device reports are not those of the policy: a receipt would repeat
 * them.
 */
export function requireOptions(policy: Policy, said: Manifest['deidentification']): void {
  if (said === undefined) return;
  const rules = policy.deidentify ? createRules(policy.options, settingsOf(policy)) : null;
  const isAsked = rules?.kind === 'ready' && rules.rules.options.join() === said.options.join();
  if (!isAsked) throw new Problem('invalid-request', 'Invalid: deidentification.options.');
}

/** Throws `reason-missing` where the policy asks for a reason for keeping names, and none is given. */
export function requireReason({ asksReason }: Policy, reason: SendingReason | null | undefined): void {
  if (asksReason === true && (reason ?? null) === null) throw new Problem('reason-missing');
}

/**
 * The reason for keeping names, from a client that sends no manifest. Throws as `requireReason` does, and
 * `invalid-request` where the reason is not in the list.
 */
export function reasonSaid(policy: Policy, said: string | undefined): SendingReason | null {
  const { success, data } = sendingReasonSchema.optional().safeParse(said);
  // The value is not repeated, as it may be a name.
  if (!success) throw new Problem('invalid-request', 'Invalid: reason.');
  requireReason(policy, data);
  return data ?? null;
}

/**
 * The name of the key with which devices name originals under this policy version; null where the policy de-identifies
 * nothing, or is unknown.
 */
export async function originalKeyOf(db: Db, siteId: string, named: Named): Promise<string | null> {
  const policy = await findPolicy(db, siteId, named);
  if (policy?.deidentify !== true) return null;
  const { name, key } = keyNameOf(policy);
  return `${name} ${key}`;
}

/** Whether instances that were promised under this version may still arrive. */
export async function isInForce(db: Db, siteId: string, { name, version }: Named): Promise<boolean> {
  return (await versionInForce(db, siteId, name)) === version;
}

/** Null: the policy was withdrawn, or none has this name. */
export async function versionInForce(db: Db, siteId: string, name: string): Promise<number | null> {
  return (await inForce(db, siteId, name))?.version ?? null;
}

async function inForce(db: Db, siteId: string, name: string): Promise<Policy | null> {
  const own = builtIn(name);
  if (own !== undefined) return own;
  const newest = await newestVersion(db, siteId, name);
  return newest === undefined || newest.withdrawnAt !== null ? null : toPolicy(newest);
}

/**
 * The policy under which an instance was promised, in force or not; undefined where it is unknown. Throws where this
 * gateway does not know its rules.
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
