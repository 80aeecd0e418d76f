/**
 * A policy tried on a chosen file in this browser, by the code that sends: what would happen to each element. The
 * values are kept only here and are discarded by `close()`. Pseudonyms are made with a key that nothing else has.
 */
import { computed, effect, signal, type ReadonlySignal } from '@preact/signals';
import { toBase64Url } from '#shared/transfer/base64url.ts';
import type { Comparison } from '../pipeline/compare/comparison.ts';
import { openChangeList, type ChangeListStore } from '../pipeline/deid/change-list.store.ts';
import type { PolicyForTask } from '../pipeline/ingest/workers/device-tasks.ts';
import type { WorkerPool } from '../pipeline/ingest/workers/worker-pool.ts';
import type { AnyPolicy } from './policy-facts.ts';

/** The parts of a policy that decide what happens to a file. */
export type TriedPolicy = Pick<AnyPolicy, 'deidentify' | 'options' | 'rules' | 'patientDomain' | 'strict'>;

type Shown = { readonly kind: 'no-file' | 'reading' | 'failed' } | Comparison;

export interface PolicyTrial extends ChangeListStore {
  readonly shown: ReadonlySignal<Shown>;
  choose(file: File | null): void;
  /** Tries the chosen file again under this policy. Null: no policy can be read from the form. */
  under(policy: TriedPolicy | null): void;
  close(): void;
}

async function makeKeys() {
  const [{ derivePolicyKey }, { importEvaluationKey }] = await Promise.all([
    import('#shared/transfer/policy-key.ts'),
    import('#shared/transfer/oblivious-prf.ts'),
  ]);
  const root = crypto.getRandomValues(new Uint8Array(32));
  const { pair, tagKey } = await derivePolicyKey(root, { name: 'tried', key: 1 });
  return {
    publicKey: toBase64Url(pair.publicKey),
    tagKey: toBase64Url(tagKey),
    secrets: { kind: 'held', key: await importEvaluationKey(pair) },
  } as const;
}

/** Makes a policy ready for a worker. All trials of one screen have the same key, so that pseudonyms do not change. */
function keepKeys() {
  let keys: ReturnType<typeof makeKeys> | null = null;
  return async (policy: TriedPolicy): Promise<PolicyForTask> => {
    const { deidentify, options, rules, patientDomain, strict } = policy;
    if (!deidentify) return { kind: 'identified', strict };
    keys ??= makeKeys();
    const settings = { ...rules, patientDomain };
    return { kind: 'deidentified', options, settings, vault: null, ...(await keys) };
  };
}

export function createPolicyTrial(pool: Pick<WorkerPool, 'run'>): PolicyTrial {
  const file = signal<File | null>(null);
  const policy = signal<TriedPolicy | null>(null);
  const shown = signal<Shown>({ kind: 'no-file' });
  const rows = computed(() => (shown.value.kind === 'compared' ? shown.value.rows : []));
  const changes = openChangeList(rows, 'changed');
  const ended = new AbortController();
  const forTask = keepKeys();
  let asked = 0;

  async function compare(chosen: File, under: TriedPolicy): Promise<void> {
    asked += 1;
    const turn = asked;
    // The last answer stays while the next one is made, so that nothing jumps under somebody who changes the form.
    if (shown.peek().kind !== 'compared') shown.value = { kind: 'reading' };
    const task = {
      kind: 'compare',
      ref: { kind: 'file', file: chosen },
      looked: [],
      boxes: [],
      companions: [],
    } as const;
    const said = await forTask(under)
      .then((known) => pool.run({ ...task, policy: known }, ended.signal))
      .catch(() => ({ kind: 'failed' }) as const);
    if (turn === asked && !ended.signal.aborted) shown.value = said;
  }

  const stop = effect(() => {
    if (file.value === null) shown.value = { kind: 'no-file' };
    else if (policy.value !== null) void compare(file.value, policy.value);
  });
  return {
    ...changes,
    shown,
    choose: (chosen) => (file.value = chosen),
    under(tried) {
      if (tried !== null && tried.deidentify !== policy.peek()?.deidentify)
        changes.setFilter(tried.deidentify ? 'changed' : 'all');
      policy.value = tried;
    },
    close() {
      stop();
      ended.abort();
      shown.value = { kind: 'no-file' };
    },
  };
}
