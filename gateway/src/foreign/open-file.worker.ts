/** The thread that opens files: message glue, the work is open-file.ts. */
import { createPseudonyms } from '#shared/deid/pseudonyms.ts';
import { createRules } from '#shared/deid/rules.ts';
import type { DevicePolicy } from '#shared/ingest/ingest-file.ts';
import { createIdentitySealer } from '#shared/ingest/seal-identities.ts';
import { secretsUnder, type PatientSecrets } from '#shared/transfer/patient-secrets.ts';
import { serveTasks, type Ask } from '../threads/serve-tasks.ts';
import { giving } from '../threads/thread.ts';
import { openFile } from './open-file.ts';
import type { OpeningPolicy, OpenTalk } from './open-talk.ts';
import { PartsError } from './read-parts.ts';

serveTasks<OpenTalk>(async ({ size, form, policy, fatal }, ask, signal) => {
  const file = {
    size,
    read: (offset: number, length: number) => ask(giving({ kind: 'read', offset, length })),
  };
  try {
    await openFile(file, {
      form,
      fatal: new Set(fatal),
      begin: async (entry) => void (await ask(giving({ kind: 'begin', entry }))),
      policy: await toDevicePolicy(policy, ask),
      take: async (opened) => void (await ask(giving({ kind: 'take', opened }, opened.bytes.buffer))),
      leave: async (entry) => void (await ask(giving({ kind: 'leave', entry }))),
      signal,
    });
    return giving('opened' as const);
  } catch (error) {
    if (error instanceof PartsError) return giving('malformed' as const);
    throw error;
  }
});

/** Made for each file: rules and secrets remember what they found in instances, and that is this account's. */
async function toDevicePolicy(policy: OpeningPolicy, ask: Ask<OpenTalk>): Promise<DevicePolicy> {
  if (policy.kind === 'identified') return policy;
  const { options, settings, pair, tagKey, vault } = policy;
  const made = createRules(options, settings);
  if (made.kind === 'refused') throw new Error(`a policy has rules that cannot be had: ${made.because}`);
  const secrets = counted(await secretsUnder({ pair, tagKey }), ask);
  return {
    kind: 'deidentified',
    rules: made.rules,
    pseudonyms: await createPseudonyms(secrets, tagKey),
    ...(vault !== null && { sealIdentity: createIdentitySealer(vault) }),
  };
}

/** Each patient is counted once, before anything is made of them. */
function counted(secrets: PatientSecrets, ask: Ask<OpenTalk>): PatientSecrets {
  const asked = new Map<string, Promise<unknown>>();
  return {
    async secretOf(patient) {
      const count = asked.get(patient) ?? ask(giving({ kind: 'patient' }));
      asked.set(patient, count);
      await count;
      return secrets.secretOf(patient);
    },
  };
}
